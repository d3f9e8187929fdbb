"""What staff do in the CRM to an appointment of ours counts here; what comes back of our own writes does not."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from booking.actions import crm_calendar
from booking.domain.staff_change import Seen, StaffChange, Standing, Times, staff_change
from shared.events import CrmAppointmentObserved

TEN = "2026-11-24T10:00:00-08:00"
TWO = "2026-11-24T14:00:00-08:00"
HERE, THERE = UUID(int=1), UUID(int=2)
AT = datetime(2026, 11, 24, 18, tzinfo=UTC)


def times(hours=0, where=HERE, length=2):
    start = AT + timedelta(hours=hours)
    return Times(where, start, start + timedelta(hours=length))


WHERE_WE_HAVE_IT = times()


@dataclass(frozen=True)
class Case:
    id: str
    expected: StaffChange | None
    seen: Times = WHERE_WE_HAVE_IT
    off: bool = False
    sequence: int | None = 1
    changed: bool = False
    cancelled: bool = False
    by: str = "customer"


CASES = (
    Case("our newest write comes back", None),
    Case("a late echo of an older write", None, times(-5), sequence=0),
    Case("an echo that names no version, of an older release", None, times(-5), sequence=None),
    Case("moved", StaffChange.MOVED, times(3), changed=True),
    Case("shortened", StaffChange.MOVED, times(length=1), changed=True),
    Case("given to another shop", StaffChange.MOVED, times(where=THERE), changed=True),
    Case("moved without knowing of our last change", StaffChange.MOVED, times(3), sequence=0, changed=True),
    Case("put where we have it, without knowing", None, sequence=0, changed=True),
    Case("moved under a marker that names no hours", StaffChange.MOVED, times(3)),
    Case("cancelled", StaffChange.CANCELLED, off=True, changed=True),
    Case("cancelled there and here", None, off=True, changed=True, cancelled=True),
    Case("our cancellation is on its way", None, times(3), sequence=0, changed=True, cancelled=True),
    Case("restored after our cancellation was written", StaffChange.RESTORED, changed=True, cancelled=True),
    Case(
        "restored after they cancelled",
        StaffChange.RESTORED,
        sequence=0,
        changed=True,
        cancelled=True,
        by="shop",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_staff_s_hand_is_told_apart_from_our_own(case):
    standing = Standing(WHERE_WE_HAVE_IT, case.cancelled, 1, case.by)
    assert staff_change(standing, Seen(case.seen, case.off, case.sequence, case.changed)) is case.expected


class Crm:
    """The one appointment as it stands in the CRM; each look is a second later than the one before."""

    def __init__(self, shop, booked):
        self.shop, self.booked = shop, booked
        self.now = datetime.now(UTC)

    async def shows(self, start, *, hours=2.0, at=None, **fields):
        self.now = at or self.now + timedelta(seconds=1)
        begins = datetime.fromisoformat(start)
        seen = {
            "crm_appointment_id": "crm-1",
            "location_id": self.shop.location_id,
            "our_id": self.booked["id"],
            "start": begins,
            "end": begins + timedelta(hours=hours),
            "our_sequence": 0,
            "changed_there": True,
            "observed_at": self.now,
        } | fields
        event = self.shop.event(CrmAppointmentObserved(**seen), self.shop.location_id)

        async def follow_staff(session, event):
            await crm_calendar.follow_staff(self.shop.deps, session, event)

        await self.shop.consume(event, follow_staff)


@pytest.fixture
async def lead(shop):
    return await shop.new_lead()


@pytest.fixture
async def crm(shop, lead):
    return Crm(shop, await lead.books(TEN))


async def taken(shop):
    rows = await shop.rows("SELECT kind, starts_at FROM occupancies ORDER BY starts_at, kind")
    return [(kind, starts_at.astimezone(UTC).hour) for kind, starts_at in rows]


async def card(shop, crm, lead):
    return (await lead.get(f"appointments/{crm.booked['id']}")).json()


@pytest.mark.postgres
async def test_a_move_by_staff_frees_the_old_hour_takes_the_new_one_and_is_told_once(shop, crm, lead):
    await crm.shows(TWO)
    await crm.shows(TWO, our_sequence=1, changed_there=False)
    await crm.shows(TWO)

    assert (await card(shop, crm, lead))["start"] == TWO
    assert await taken(shop) == [("appointment", 22)]
    [told] = await shop.published("appointment.rescheduled.v1")
    fact = told["data"]
    assert (fact["start"], fact["old_start"], fact["changed_by"], fact["sequence"]) == (TWO, TEN, "shop", 1)
    assert fact["alternatives"] == []
    other = await shop.new_lead()
    assert (await other.tries((await other.quote())["id"], TEN)).status_code == 201


@pytest.mark.postgres
async def test_the_hour_that_staff_took_is_offered_to_nobody(shop, crm):
    await (await shop.new_lead()).books(TWO)
    await crm.shows(TWO)
    other = await shop.new_lead()
    answer = await other.tries((await other.quote())["id"], TWO)
    assert answer.json()["code"] == "slot_taken"


@pytest.mark.postgres
async def test_a_shortened_one_gives_the_rest_of_its_time_back(shop, crm):
    await crm.shows(TEN, hours=0.5)
    [row] = await shop.rows("SELECT ends_at - starts_at FROM occupancies")
    assert row[0] == timedelta(minutes=30)
    [told] = await shop.published("appointment.rescheduled.v1")
    assert told["data"]["start"] == told["data"]["old_start"]


@pytest.mark.postgres
async def test_an_older_look_that_comes_late_changes_nothing(shop, crm, lead):
    older = crm.now + timedelta(milliseconds=1)
    await crm.shows(TWO)
    await crm.shows("2026-11-25T10:00:00-08:00", at=older)
    assert (await card(shop, crm, lead))["start"] == TWO


@pytest.mark.postgres
async def test_the_echo_of_our_booking_after_the_customer_moved_it_changes_nothing(shop, crm, lead):
    await lead.post(f"appointments/{crm.booked['id']}/move", {"start": TWO})
    await crm.shows(TEN, changed_there=False)
    assert (await card(shop, crm, lead))["start"] == TWO
    assert len(await shop.published("appointment.rescheduled.v1")) == 1


@pytest.mark.postgres
async def test_staff_win_over_a_move_that_they_did_not_see(shop, crm, lead):
    await lead.post(f"appointments/{crm.booked['id']}/move", {"start": TWO})
    await crm.shows("2026-11-25T10:00:00-08:00")
    assert (await card(shop, crm, lead))["start"] == "2026-11-25T10:00:00-08:00"
    assert await taken(shop) == [("appointment", 18)]


@pytest.mark.postgres
async def test_a_customer_s_cancellation_stands_whatever_staff_did_at_the_same_time(shop, crm, lead):
    await lead.post(f"appointments/{crm.booked['id']}/cancel", {})
    await crm.shows(TWO)
    assert (await card(shop, crm, lead))["status"] == "cancelled"
    assert await taken(shop) == []


@pytest.mark.postgres
async def test_cancelled_by_staff_is_cancelled_here_and_restored_stands_again(shop, crm, lead):
    await crm.shows(TEN, deleted=True)
    assert (await card(shop, crm, lead))["status"] == "cancelled"
    assert await taken(shop) == []

    await crm.shows(TEN)

    assert (await card(shop, crm, lead))["status"] == "booked"
    assert await taken(shop) == [("appointment", 18)]
    [cancelled] = await shop.published("appointment.cancelled.v1")
    _, restored = await shop.published("appointment.booked.v1")
    assert [fact["data"]["changed_by"] for fact in (cancelled, restored)] == ["shop", "shop"]
    assert restored["data"]["sequence"] == 2


@pytest.mark.postgres
async def test_put_at_an_hour_that_is_sold_it_stands_there_waits_as_a_block_and_offers_three_others(
    shop, crm, lead
):
    others = [await shop.new_lead() for _ in range(2)]
    sold = [await other.books(TWO) for other in others]

    await crm.shows(TWO)

    assert (await card(shop, crm, lead))["start"] == TWO
    assert await taken(shop) == [("appointment", 22), ("appointment", 22)]
    [told] = await shop.published("appointment.rescheduled.v1")
    offered = [slot["start"] for slot in told["data"]["alternatives"]]
    assert len(offered) == 3
    assert TWO not in offered

    await others[0].post(f"appointments/{sold[0]['id']}/cancel", {})
    assert await taken(shop) == [("appointment", 22), ("external", 22)], "the freed hour is its own"
    late = await shop.new_lead()
    assert (await late.tries((await late.quote())["id"], TWO)).json()["code"] == "slot_taken"

    moved = await lead.post(f"appointments/{crm.booked['id']}/move", {"start": offered[0]})
    assert moved.status_code == 200, moved.text
    assert sorted(kind for kind, _ in await taken(shop)) == ["appointment", "appointment"]
    assert (await late.tries((await late.quote())["id"], TWO)).status_code == 201


@pytest.mark.postgres
@pytest.mark.parametrize("how", ["customer", "shop"])
async def test_an_overbooked_one_that_is_cancelled_leaves_no_block(shop, crm, lead, how):
    sold = [await (await shop.new_lead()).books(TWO) for _ in range(2)]
    await crm.shows(TWO)
    if how == "customer":
        await lead.post(f"appointments/{crm.booked['id']}/cancel", {})
    else:
        await crm.shows(TWO, deleted=True)
    assert len(sold) == len(await taken(shop))
    assert await shop.rows("SELECT 1 FROM external_appointments") == []


@pytest.mark.postgres
async def test_staff_may_put_both_of_a_customer_s_appointments_at_one_hour(shop, crm, lead):
    await lead.books(TWO)
    await crm.shows(TWO)
    assert await taken(shop) == [("appointment", 22), ("appointment", 22)]
    [told] = await shop.published("appointment.rescheduled.v1")
    assert len(told["data"]["alternatives"]) == 3

    await crm.shows("2026-11-25T10:00:00-08:00", hours=1, our_sequence=1)
    await crm.shows(TWO, our_sequence=2)
    moved = await lead.post(f"appointments/{crm.booked['id']}/move", {"start": TEN})
    assert moved.status_code == 200, moved.text
    assert await shop.rows("SELECT 1 FROM appointments WHERE overbooked") == []


@pytest.mark.postgres
async def test_given_to_another_shop_it_takes_its_time_there(shop, crm, lead):
    here, there = shop.location_id, uuid4()
    await shop.location_changed(location_id=there, code="Store201", name="Sample Tint Phoenix")
    await shop.put_hours(shop.hours, code="Store201")

    await crm.shows(TEN, location_id=there)

    assert await shop.rows("SELECT location_id FROM occupancies") == [(there,)]
    [told] = await shop.published("appointment.rescheduled.v1")
    assert told["locationid"] == str(there) != str(here)


@pytest.mark.postgres
async def test_made_all_day_its_bay_is_taken_for_the_day_and_the_customer_hears_nothing(shop, crm):
    await crm.shows(TEN, all_day=True)
    [row] = await shop.rows("SELECT ends_at - starts_at FROM occupancies")
    assert row[0] == timedelta(days=1)
    assert await shop.published("appointment.rescheduled.v1") == []


@pytest.mark.postgres
async def test_all_day_taken_back_at_the_same_hour_frees_the_rest_of_the_day(shop, crm):
    before = await shop.rows("SELECT starts_at, ends_at FROM occupancies")
    await crm.shows(TEN, all_day=True)
    await crm.shows(TEN)
    assert await shop.rows("SELECT starts_at, ends_at FROM occupancies") == before
    assert await shop.published("appointment.rescheduled.v1") == []


@pytest.mark.postgres
async def test_an_erased_person_s_appointment_still_moves_and_nobody_is_told(shop, crm):
    await shop.rows("DELETE FROM leads")
    await crm.shows(TWO)
    assert await taken(shop) == [("appointment", 22)]
    assert await shop.published("appointment.rescheduled.v1") == []
