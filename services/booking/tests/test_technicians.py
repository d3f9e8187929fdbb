"""Bays and technicians on a real PostgreSQL: skills, curing, jobs over several days, time off, and the shop's calendar."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from booking.actions import crm_calendar
from booking.actions.booking import make_plan
from booking.actions.clearing import sweep_expired_holds
from booking.actions.placing import take
from booking.api_admin import HoursIn
from booking.deps import Deps
from booking.domain.errors import SlotTaken, TimeRefused
from booking.holdings import RETENTION
from booking.store import replicas
from pydantic import ValidationError
from shared.events import CrmAppointmentObserved
from shared.retention import Remover, ages_of
from sqlalchemy import text

from .conftest import OPS

pytestmark = pytest.mark.postgres

NINE = "2026-11-24T09:00:00-08:00"
TEN = "2026-11-24T10:00:00-08:00"
NOON = "2026-11-24T12:00:00-08:00"
HALF_PAST_TWELVE = "2026-11-24T12:30:00-08:00"
ALEX = {"name": "Alex Sample", "skills": ["ppf", "tint"]}
SAM = {"name": "Sam Sample", "skills": ["tint"]}


def code(answer):
    return answer.status_code, answer.json().get("code")


async def set_up(shop, *, service=None, **hours):
    answer = await shop.put_hours(shop.hours | {"bays": ["Bay 1", "Bay 2", "Bay 3"]} | hours)
    assert answer.status_code == 200, answer.text
    for column, value in (service or {}).items():
        await shop.rows(f"UPDATE service_catalog SET {column} = :value", value=value)  # noqa: S608


async def starts_on(lead, day="2026-11-24"):
    slots = await lead.slots((await lead.quote())["id"], **{"from": day, "days": 1})
    return [slot["start"][11:16] for slot in slots]


async def tries(shop, start):
    lead = await shop.new_lead()
    return await lead.tries((await lead.quote())["id"], start)


async def taken(shop):
    rows = await shop.rows(
        "SELECT b.name AS bay, t.name AS technician, o.starts_at, o.ends_at FROM occupancies o "
        "LEFT JOIN bays b ON b.id = bay_id LEFT JOIN technicians t ON t.id = technician_id ORDER BY 1, 3"
    )
    return [
        (row.bay or row.technician, f"{row.starts_at:%d %H:%M}", f"{row.ends_at:%d %H:%M}") for row in rows
    ]


async def test_a_job_takes_a_bay_and_a_technician_and_a_cancel_frees_both(shop):
    await set_up(shop, technicians=[ALEX])
    lead = await shop.new_lead()
    booked = await lead.books(TEN)
    assert await taken(shop) == [("Bay 1", "24 18:00", "24 20:30"), ("Alex Sample", "24 18:00", "24 20:30")]
    assert code(await tries(shop, NOON)) == (409, "slot_taken")
    assert "12:00" not in await starts_on(await shop.new_lead())
    await lead.post(f"appointments/{booked['id']}/cancel", {})
    assert await taken(shop) == []
    assert (await tries(shop, NOON)).status_code == 201


async def test_without_technicians_the_bays_are_the_capacity(shop):
    await set_up(shop, service={"skills": ["ppf"]}, technicians=[])
    assert [(await tries(shop, TEN)).status_code for _ in range(4)] == [201, 201, 201, 409]


async def test_only_those_with_the_skills_do_a_job_and_the_others_are_taken_first_for_the_rest(shop):
    await set_up(shop, technicians=[ALEX, SAM])
    await (await shop.new_lead()).books(TEN)
    assert [name for name, *_ in await taken(shop)] == ["Bay 1", "Sam Sample"]
    await shop.rows("UPDATE service_catalog SET skills = '{ppf}'")
    assert (await tries(shop, TEN)).status_code == 201
    assert code(await tries(shop, TEN)) == (409, "slot_taken")
    await shop.rows("UPDATE service_catalog SET skills = '{paint}'")
    assert await starts_on(await shop.new_lead()) == []


async def test_a_quote_keeps_the_skills_and_the_curing_of_its_day(shop):
    await set_up(shop, service={"skills": ["ppf"], "cure_minutes": 60}, technicians=[ALEX, SAM])
    lead = await shop.new_lead()
    quote = await lead.quote()
    await shop.rows("UPDATE service_catalog SET skills = '{}', cure_minutes = 0")
    assert (await lead.tries(quote["id"], TEN)).status_code == 201
    assert [name for name, *_ in await taken(shop)] == ["Bay 1", "Alex Sample"]


async def test_curing_takes_the_bay_and_not_the_technician_and_the_car_is_back_after_it(shop):
    await set_up(shop, service={"cure_minutes": 120}, technicians=[ALEX], bays=["Bay 1", "Bay 2"])
    booked = await (await shop.new_lead()).books(NINE)
    assert booked["end"] == "2026-11-24T13:30:00-08:00"
    assert await taken(shop) == [("Bay 1", "24 17:00", "24 21:30"), ("Alex Sample", "24 17:00", "24 19:30")]
    assert (await tries(shop, "2026-11-24T11:30:00-08:00")).status_code == 201
    assert code(await tries(shop, "2026-11-24T13:30:00-08:00")) == (409, "slot_taken")
    assert (await tries(shop, "2026-11-24T14:00:00-08:00")).status_code == 201


async def test_what_cures_over_night_is_collected_at_the_next_opening(shop):
    await set_up(shop, service={"cure_minutes": 600}, technicians=[ALEX])
    booked = await (await shop.new_lead()).books("2026-11-25T15:00:00-08:00")
    assert booked["end"] == "2026-11-27T09:00:00-08:00"


async def test_a_long_job_pauses_at_closing_and_goes_on_at_the_next_opening(shop):
    await set_up(shop, service={"duration_minutes": 12 * 60}, technicians=[ALEX])
    lead = await shop.new_lead()
    booked = await lead.books("2026-11-25T15:00:00-08:00")
    assert booked["end"] == "2026-11-27T18:00:00-08:00"
    assert await taken(shop) == [
        ("Bay 1", "25 23:00", "30 17:30"),
        ("Alex Sample", "25 23:00", "26 02:00"),
        ("Alex Sample", "27 17:00", "28 02:00"),
        ("Alex Sample", "30 17:00", "30 17:30"),
    ]
    [event] = await shop.published("appointment.booked.v1")
    assert event["data"]["end"] == booked["end"]
    await shop.rows("UPDATE service_catalog SET duration_minutes = 120")
    assert await starts_on(await shop.new_lead(), "2026-11-25") == [
        "09:00", "09:30", "10:00", "10:30", "11:00", "11:30", "12:00", "12:30",
    ]  # fmt: skip
    moved = await lead.post(f"appointments/{booked['id']}/move", {"start": "2026-11-25T16:00:00-08:00"})
    assert moved.json()["end"] == "2026-11-30T10:00:00-08:00"
    assert len(await taken(shop)) == 4


async def test_nobody_is_booked_in_the_time_off(shop):
    off = [
        {"from": "2026-11-24", "to": "2026-11-24"},
        {"from": "2026-11-25T09:00", "to": "2026-11-25T12:00"},
    ]
    await set_up(shop, technicians=[ALEX | {"time_off": off}])
    lead = await shop.new_lead()
    assert await starts_on(lead) == []
    assert (await starts_on(lead, "2026-11-25"))[0] == "12:00"
    assert code(await tries(shop, TEN)) == (409, "slot_taken")
    assert (await tries(shop, "2026-11-25T12:00:00-08:00")).status_code == 201


async def test_a_break_interrupts_a_job_and_none_starts_in_it(shop):
    await set_up(shop, breaks={"tue": [["12:00", "13:00"]]}, technicians=[ALEX])
    lead = await shop.new_lead()
    assert [start for start in await starts_on(lead) if "11:30" <= start <= "13:00"] == ["11:30", "13:00"]
    booked = await lead.books("2026-11-24T11:00:00-08:00")
    assert booked["end"] == "2026-11-24T14:00:00-08:00"
    assert await taken(shop) == [
        ("Bay 1", "24 19:00", "24 22:30"),
        ("Alex Sample", "24 19:00", "24 20:00"),
        ("Alex Sample", "24 21:00", "24 22:30"),
    ]


async def test_holidays_close_the_shop_where_it_keeps_them_and_special_hours_open_it(shop):
    special = {"date": "2026-11-27", "hours": [["12:00", "15:00"]], "note": "Day after"}
    await set_up(shop, closures=[], special_days=[special])
    lead = await shop.new_lead()
    assert await starts_on(lead, "2026-11-26")
    assert await starts_on(lead, "2026-11-27") == ["12:00", "12:30"]
    await set_up(shop, closures=[], holidays=True, special_days=[special])
    assert await starts_on(lead, "2026-11-26") == []
    assert code(await tries(shop, "2026-11-26T10:00:00-08:00")) == (422, "closed")
    await set_up(shop, holidays=True, special_days=[special | {"date": "2026-11-26"}])
    assert await starts_on(lead, "2026-11-26") == ["12:00", "12:30"]


async def test_an_appointment_of_the_crm_takes_a_technician_too(shop):
    await set_up(shop, technicians=[ALEX])
    seen = CrmAppointmentObserved(
        crm_appointment_id="sample-a1", location_id=shop.location_id, start=TEN, end=NOON
    )
    await shop.consume(shop.event(seen, shop.location_id), crm_calendar.keep_theirs)
    assert await taken(shop) == [("Bay 1", "24 18:00", "24 20:00"), ("Alex Sample", "24 18:00", "24 20:00")]
    assert code(await tries(shop, TEN)) == (409, "slot_taken")


async def test_a_technician_that_was_busy_is_given_to_the_crm_when_free(shop):
    await set_up(shop, technicians=[ALEX])
    lead = await shop.new_lead()
    booked = await lead.books(TEN)
    seen = CrmAppointmentObserved(
        crm_appointment_id="sample-a1", location_id=shop.location_id, start=TEN, end=NOON
    )
    await shop.consume(shop.event(seen, shop.location_id), crm_calendar.keep_theirs)
    assert [name for name, *_ in await taken(shop)] == ["Bay 1", "Bay 2", "Alex Sample"]
    await lead.post(f"appointments/{booked['id']}/cancel", {})
    assert [name for name, *_ in await taken(shop)] == ["Bay 2", "Alex Sample"]


async def test_the_document_of_a_location_comes_out_as_it_went_in(shop):
    path = "/api/admin/booking/sample-tint/locations/Store094/hours"
    document = shop.hours | {
        "breaks": {"mon": [["12:00", "12:30"]]},
        "special_days": [{"date": "2026-12-24", "hours": [["09:00", "12:00"]], "note": "Short day"}],
        "holidays": True,
        "technicians": [
            ALEX | {"time_off": [{"from": "2026-12-01T00:00", "to": "2026-12-04T13:00", "note": "Course"}]},
            SAM | {"time_off": []},
        ],
        "minimum_notice_minutes": 60,
        "horizon_days": 30,
        "grid_minutes": 15,
    }
    await set_up(shop, **document)
    shown = await shop.http.get(path, headers=OPS)
    assert shown.json() == document
    assert (await shop.put_hours(document)).json() == {"changes": []}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"technicians": [ALEX | {"time_off": [{"from": "2026-12-04", "to": "2026-12-01"}]}]}, "time_off"),
        ({"technicians": [ALEX | {"time_off": [{"from": "soon", "to": "later"}]}]}, "time_off"),
        ({"technicians": [ALEX | {"time_off": [{"from": "2026-12-01T10:00Z", "to": "2026-12-02"}]}]}, "time_off"),
        ({"technicians": [ALEX, ALEX]}, "technicians"),
        ({"breaks": {"tue": [["13:00", "12:00"]]}}, "tue"),
        ({"special_days": [{"date": "2026-12-24", "hours": [["12:00", "9:00"]]}]}, "2026-12-24"),
    ],
)  # fmt: skip
def test_an_impossible_document_is_refused_by_name(wrong, named):
    with pytest.raises(ValidationError, match=named):
        HoursIn.model_validate({"hours": {}, "bays": ["Bay 1"]} | wrong)


async def test_a_technician_who_left_keeps_the_appointments_and_gets_no_new_one(shop):
    await set_up(shop, technicians=[ALEX])
    lead = await shop.new_lead()
    booked = await lead.books(TEN)
    await set_up(shop, technicians=[SAM])
    assert (await lead.get(f"appointments/{booked['id']}")).json() == booked
    assert (await tries(shop, TEN)).status_code == 201
    assert code(await tries(shop, TEN)) == (409, "slot_taken")


async def test_a_move_keeps_the_technician_who_is_there_already(shop):
    await set_up(shop, technicians=[ALEX, SAM | {"skills": ["ppf", "tint"]}])
    first, second = await shop.new_lead(), await shop.new_lead()
    gone, booked = await first.books(TEN), await second.books(TEN)
    await first.post(f"appointments/{gone['id']}/cancel", {})
    moved = await second.post(f"appointments/{booked['id']}/move", {"start": "2026-11-24T10:30:00-08:00"})
    assert moved.status_code == 200
    assert await taken(shop) == [("Bay 2", "24 18:30", "24 21:00"), ("Sam Sample", "24 18:30", "24 21:00")]


async def would_get(shop, lead_id, quote_id, start):
    """Whether a claim of the time succeeds when nobody else is there; nothing of it stays."""
    async with shop.deps.sessions() as session:
        await session.execute(
            text("SELECT set_config('app.tenant_id', :id, true)"), {"id": str(shop.tenant_id)}
        )
        lead = await replicas.lead(session, shop.tenant_id, lead_id, lock=True)
        try:
            plan = await make_plan(session, lead, quote_id, start, shop.deps.now())
            await take(session, plan.claim("hold", uuid4()), plan.job)
        except (SlotTaken, TimeRefused):
            return False
        return True


@pytest.mark.parametrize(
    "service",
    [{"skills": ["ppf"]}, {"duration_minutes": 640}, {"cure_minutes": 300}],
    ids=["skilled", "long", "curing"],
)
async def test_what_is_offered_is_exactly_what_can_be_claimed(shop, service):
    off = [{"from": "2026-11-24T16:00", "to": "2026-11-25T10:00"}]
    await set_up(shop, technicians=[ALEX | {"time_off": off}, SAM], breaks={"tue": [["13:00", "13:30"]]})
    for start in (TEN, HALF_PAST_TWELVE, "2026-11-25T14:00:00-08:00"):
        await (await shop.new_lead()).books(start)
    holder = await shop.new_lead()
    await holder.post("holds", {"quote_id": (await holder.quote())["id"], "start": NOON})
    await set_up(shop, technicians=[ALEX | {"time_off": off}, SAM], service=service)
    lead = await shop.new_lead()
    quote = await lead.quote()
    offered = {slot["start"] for slot in await lead.slots(quote["id"], **{"from": "2026-11-24", "days": 2})}
    begin = datetime.fromisoformat("2026-11-24T08:30:00-08:00")
    times = [begin + timedelta(minutes=30 * n) for n in range(20)]
    times += [time + timedelta(days=1) for time in times]
    won = {t.isoformat() for t in times if await would_get(shop, lead.lead_id, quote["id"], t)}
    assert won == offered
    assert 0 < len(won) < len(times)


def remover(deps: Deps) -> Remover:
    ages = ages_of(RETENTION.kinds, {})
    return Remover(deps.sessions, RETENTION, ages, replicas.tenant_ids, now=deps.now)


async def test_old_quotes_holds_and_keys_go_when_their_time_is_over_and_booked_quotes_stay(shop):
    lead = await shop.new_lead()
    booked = await lead.books(TEN)
    await lead.quote()
    await lead.post("holds", {"quote_id": (await lead.quote())["id"], "start": NOON})
    await remover(shop.deps).run()
    counts = "SELECT (SELECT count(*) FROM quotes), (SELECT count(*) FROM holds), (SELECT count(*) FROM idempotency_keys)"
    assert [tuple(row) for row in await shop.rows(counts)] == [(3, 1, 1)]
    async with shop.at(shop.deps.now() + timedelta(days=91)) as later:
        await remover(later.deps).run()
    assert [tuple(row) for row in await shop.rows(counts)] == [(1, 0, 0)]
    assert (await lead.get(f"appointments/{booked['id']}")).status_code == 200


async def test_the_clock_frees_expired_holds_and_gives_the_time_to_what_waits_in_the_crm(shop):
    await set_up(shop, bays=["Bay 1"])
    lead = await shop.new_lead()
    await lead.post("holds", {"quote_id": (await lead.quote())["id"], "start": TEN})
    seen = CrmAppointmentObserved(
        crm_appointment_id="sample-a1", location_id=shop.location_id, start=TEN, end=NOON
    )
    await shop.consume(shop.event(seen, shop.location_id), crm_calendar.keep_theirs)
    await shop.rows("UPDATE occupancies SET expires_at = clock_timestamp() - interval '1 second'")
    await sweep_expired_holds(shop.deps)
    assert [row.kind for row in await shop.rows("SELECT kind FROM occupancies")] == ["external"]
