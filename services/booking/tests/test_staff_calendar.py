"""Staff look at a location's calendar, and book, move, cancel and note no-shows there; on a real PostgreSQL."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from booking.actions import crm_calendar
from shared.events import CrmAppointmentObserved, StaffChanged
from shared.staff import keep_staff
from shared.staff_sessions import StaffSession, sign_session
from testkit.openapi import check_conformance
from testkit.secrets import KEY

from .conftest import World

pytestmark = pytest.mark.postgres

NINE = "2026-11-24T09:00:00-08:00"
TEN = "2026-11-24T10:00:00-08:00"
NOON = "2026-11-24T12:00:00-08:00"
TWO = "2026-11-24T14:00:00-08:00"
TUESDAY = {"location": "Store094", "from": "2026-11-24", "days": "1"}
SAM, OLGA, RITA, ERIC, STRANGER = (UUID(int=n) for n in range(1, 6))
ALEX = {
    "name": "Alex Sample",
    "skills": [],
    "time_off": [{"from": NINE[:16], "to": TEN[:16], "note": "dentist"}],
}


def code(answer):
    return answer.status_code, answer.json().get("code")


def bearer(tenant_id: UUID, staff_id: UUID, key: str = KEY) -> dict[str, str]:
    session = StaffSession(tenant_id, staff_id, uuid4(), datetime.now(UTC) + timedelta(days=400))
    return {"Authorization": f"Bearer {sign_session(session, key)}"}


class Desk:
    """A member of staff with the console open."""

    def __init__(self, shop: World, staff_id: UUID, http=None, **headers: str) -> None:
        self._shop, self._http = shop, http or shop.http
        self.headers = headers or bearer(shop.tenant_id, staff_id)

    async def get(self, path: str = "", **params: str):
        return await self._http.get(f"/api/staff/calendar{path}", params=params, headers=self.headers)

    async def post(self, path: str, body=None, **headers: str):
        return await self._http.post(
            f"/api/staff/calendar{path}", json=body, headers={**self.headers, **headers}
        )

    async def tuesday(self) -> dict:
        answer = await self.get(**TUESDAY)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def entries(self, kind: str) -> list[dict]:
        return [one for one in (await self.tuesday())["entries"] if one["kind"] == kind]

    async def quote(self, lead_id: UUID) -> str:
        answer = await self.post("/quotes", {"lead_id": str(lead_id), "service": "ceramic-full"})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    async def tries(self, lead_id: UUID, quote_id: str, start: str):
        body = {"lead_id": str(lead_id), "quote_id": quote_id, "start": start}
        return await self.post("/appointments", body, **{"Idempotency-Key": uuid4().hex})

    async def books(self, lead_id: UUID, start: str) -> dict:
        answer = await self.tries(lead_id, await self.quote(lead_id), start)
        assert answer.status_code == 201, answer.text
        return answer.json()


async def hire(shop: World, staff_id: UUID, role: str, *locations: UUID, **changes) -> None:
    member = {"version": 1, "name": "Sample", "email": "sample@example.com", "role": role} | changes
    fact = StaffChanged(staff_id=staff_id, locations=locations, **member)
    await shop.consume(shop.event(fact, staff_id), keep_staff)


@pytest.fixture
async def staff(shop: World) -> World:
    """Sam works here, Olga owns all, Eric has this region, Rita may look, and a stranger works elsewhere."""
    await hire(shop, SAM, "location", shop.location_id)
    await hire(shop, OLGA, "owner")
    await hire(shop, ERIC, "region", shop.location_id, uuid4())
    await hire(shop, RITA, "read_only", shop.location_id)
    await hire(shop, STRANGER, "location", uuid4())
    return shop


@pytest.fixture
def sam(staff: World) -> Desk:
    return Desk(staff, SAM)


async def test_a_day_holds_all_that_the_page_draws(staff, sam):
    await staff.put_hours(staff.hours | {"technicians": [ALEX], "breaks": {"tue": [["13:00", "13:30"]]}})
    lead = await staff.new_lead()
    booked = await lead.books(TEN)
    other = await staff.new_lead()
    await other.post("holds", {"quote_id": (await other.quote())["id"], "start": TWO})
    await observe(staff, NINE, TEN)

    day = await sam.tuesday()

    assert (day["timezone"], day["location"]["code"]) == ("America/Los_Angeles", "Store094")
    [tuesday] = day["days"]
    assert tuesday["date"] == "2026-11-24"
    assert (tuesday["spans"], tuesday["breaks"]) == (
        [{"opens": "09:00", "closes": "18:00"}],
        [{"opens": "13:00", "closes": "13:30"}],
    )
    bays = {bay["id"]: bay["name"] for bay in day["bays"]}
    alex = day["technicians"][0]["id"]
    assert set(bays.values()) == {"Bay 1", "Bay 2"}
    by_kind = {entry["kind"]: entry for entry in day["entries"]}
    assert set(by_kind) == {"appointment", "hold", "block", "time_off"}

    ours = by_kind["appointment"]
    assert (ours["id"], ours["number"], ours["status"]) == (booked["id"], booked["number"], "booked")
    assert ours["customer"] == {"lead_id": str(lead.lead_id), "name": "Jane Sample", "phone": "+16195550123"}
    assert (ours["service"], ours["price"]["amount_cents"]) == ("Full car ceramic tint", 39900)
    taken = {span["resource_id"]: (span["start"], span["end"]) for span in ours["taken"]}
    assert taken[alex][0] == TEN
    assert [bays[one] for one in taken if one in bays]
    assert by_kind["hold"]["customer"]["name"] == "Jane Sample"
    assert by_kind["hold"]["start"] == TWO
    assert by_kind["hold"]["expires_at"]
    assert (by_kind["block"]["start"], by_kind["block"]["all_day"]) == (NINE, False)
    assert "customer" not in by_kind["block"]
    off = by_kind["time_off"]
    assert (off["taken"], off["note"]) == ([{"resource_id": alex, "start": NINE, "end": TEN}], "dentist")


async def observe(shop: World, start: str, end: str) -> None:
    """What staff put into the CRM by hand."""
    seen = CrmAppointmentObserved(
        location_id=shop.location_id,
        crm_appointment_id=uuid4().hex,
        start=datetime.fromisoformat(start),
        end=datetime.fromisoformat(end),
    )
    await shop.consume(shop.event(seen, uuid4()), crm_calendar.keep_theirs)


async def test_curing_is_told_apart_in_the_bay(staff, sam, sample_row):
    await staff.put_catalog([sample_row | {"cure_minutes": 60}])
    await sam.books((await staff.new_lead()).lead_id, TEN)
    [entry] = await sam.entries("appointment")
    [bay] = entry["taken"]
    assert (bay["cures_from"], bay["end"]) == ("2026-11-24T12:30:00-08:00", "2026-11-24T13:30:00-08:00")


async def test_closed_days_say_why(sam):
    answer = await sam.get(location="Store094", **{"from": "2026-11-26", "days": "3"})
    days = answer.json()["days"]
    assert [(day["spans"], day.get("note")) for day in days] == [
        ([], "Thanksgiving"),
        ([{"opens": "09:00", "closes": "18:00"}], None),
        ([], None),
    ]


async def test_staff_book_for_a_customer_who_is_told_once(staff, sam):
    lead = await staff.new_lead()
    services = (await sam.get("/services", lead_id=str(lead.lead_id))).json()["services"]
    assert [one["code"] for one in services] == ["ceramic-full"]
    quote_id = await sam.quote(lead.lead_id)
    params = {"lead_id": str(lead.lead_id), "quote_id": quote_id, "from": "2026-11-24", "days": "1"}
    offered = (await sam.get("/slots", **params)).json()["slots"]
    assert TEN in [slot["start"] for slot in offered]
    answer = await sam.tries(lead.lead_id, quote_id, TEN)
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "booked"
    again = await sam.tries(lead.lead_id, quote_id, TEN)
    assert again.json() == answer.json()

    [event] = await staff.published("appointment.booked.v1")
    fact = event["data"]
    assert (fact["lead_id"], fact["staff_id"], fact["changed_by"]) == (
        str(lead.lead_id),
        str(SAM),
        "customer",
    )


async def test_a_time_that_is_taken_is_refused_with_others(staff, sam):
    for _ in range(2):
        await (await staff.new_lead()).books(TEN)
    lead = await staff.new_lead()
    answer = await sam.tries(lead.lead_id, await sam.quote(lead.lead_id), TEN)
    assert code(answer) == (409, "slot_taken")
    assert len(answer.json()["alternatives"]) == 3
    assert len(await sam.entries("appointment")) == 2

    booked = await sam.books(lead.lead_id, TWO)
    answer = await sam.post(f"/appointments/{booked['id']}/move", {"start": TEN})
    assert code(answer) == (409, "slot_taken")
    assert TWO in [entry["start"] for entry in await sam.entries("appointment")]


async def test_staff_move_and_cancel_and_the_event_says_who(staff, sam):
    lead = await staff.new_lead()
    booked = await lead.books(TEN)
    path = f"/appointments/{booked['id']}"
    slots = await sam.get("/slots", appointment_id=booked["id"], **{"from": "2026-11-24", "days": "1"})
    assert TWO in [slot["start"] for slot in slots.json()["slots"]]
    for _ in range(2):
        moved = await sam.post(f"{path}/move", {"start": TWO})
        assert (moved.status_code, moved.json()["start"]) == (200, TWO)
    [event] = await staff.published("appointment.rescheduled.v1")
    assert (event["data"]["staff_id"], event["data"]["changed_by"]) == (str(SAM), "customer")

    for _ in range(2):
        gone = await sam.post(f"{path}/cancel", {"reason": "asked by phone"})
        assert (gone.status_code, gone.json()["status"]) == (200, "cancelled")
    [event] = await staff.published("appointment.cancelled.v1")
    assert (event["data"]["staff_id"], event["data"]["reason"]) == (str(SAM), "asked by phone")
    assert await sam.entries("appointment") == []


async def test_a_change_by_the_customer_after_it_is_theirs(staff, sam):
    lead = await staff.new_lead()
    booked = await sam.books(lead.lead_id, TEN)
    await lead.post(f"appointments/{booked['id']}/move", {"start": TWO})
    [event] = await staff.published("appointment.rescheduled.v1")
    assert "staff_id" not in event["data"]


async def test_who_did_not_come_is_noted_once_and_the_time_is_free(staff, sam):
    lead = await staff.new_lead()
    booked = await lead.books(TEN)
    path = f"/appointments/{booked['id']}/no-show"
    assert code(await sam.post(path)) == (422, "not_begun")
    async with staff.at(datetime(2026, 11, 24, 18, 30, tzinfo=UTC)) as later:
        desk = Desk(later, SAM)
        for _ in range(2):
            noted = await desk.post(path)
            assert (noted.status_code, noted.json()["status"]) == (200, "no_show")
        [event] = await staff.published("appointment.no_show.v1")
        assert (event["data"]["appointment_id"], event["data"]["staff_id"]) == (booked["id"], str(SAM))
        assert event["data"]["sequence"] == 1
        assert await staff.rows("SELECT 1 FROM occupancies") == []
        [entry] = await desk.entries("appointment")
        assert (entry["status"], entry["taken"]) == ("no_show", [])
        # Nothing of it on the customer's page, and nothing to be done there.
        shown = await later.visitor(lead.lead_id).get(f"appointments/{booked['id']}")
        assert shown.json()["status"] == "booked"
        assert code(await desk.post(f"/appointments/{booked['id']}/cancel")) == (422, "in_past")
        assert code(await desk.post(f"/appointments/{booked['id']}/move", {"start": TWO})) == (422, "in_past")
        await desk.books(lead.lead_id, TWO)


async def test_who_cancelled_was_not_expected(staff, sam):
    lead = await staff.new_lead()
    booked = await lead.books(TEN)
    await lead.post(f"appointments/{booked['id']}/cancel")
    async with staff.at(datetime(2026, 11, 24, 18, 30, tzinfo=UTC)) as later:
        answer = await Desk(later, SAM).post(f"/appointments/{booked['id']}/no-show")
        assert code(answer) == (409, "appointment_cancelled")


def calls(lead_id: UUID, quote_id: str, appointment_id: str) -> list[tuple[str, str, dict, bool]]:
    """Every call: method, path, parameters or body, whether it changes something."""
    place = f"/appointments/{appointment_id}"
    lead = {"lead_id": str(lead_id)}
    return [
        ("GET", "", dict(TUESDAY), False),
        ("GET", "/services", lead, False),
        ("GET", "/slots", {**lead, "quote_id": quote_id}, False),
        ("GET", "/slots", {"appointment_id": appointment_id}, False),
        ("POST", "/quotes", {**lead, "service": "ceramic-full"}, True),
        ("POST", "/appointments", {**lead, "quote_id": quote_id, "start": TWO}, True),
        ("POST", f"{place}/move", {"start": TWO}, True),
        ("POST", f"{place}/no-show", {}, True),
        ("POST", f"{place}/cancel", {}, True),
    ]


async def answers(desk: Desk, wanted) -> list[tuple[int, bool]]:
    said = []
    for method, path, values, changes in wanted:
        if method == "GET":
            answer = await desk.get(path, **values)
        else:
            answer = await desk.post(path, values, **{"Idempotency-Key": uuid4().hex})
        said.append((answer.status_code, changes))
    return said


@pytest.mark.parametrize("staff_id", [SAM, ERIC, OLGA], ids=["location", "region", "owner"])
async def test_who_works_there_may_do_everything(staff, staff_id):
    lead, desk = await staff.new_lead(), Desk(staff, staff_id)
    booked = await (await staff.new_lead()).books(TEN)
    wanted = calls(lead.lead_id, await desk.quote(lead.lead_id), booked["id"])
    # Not begun: the one thing that is refused.
    assert [status for status, _ in await answers(desk, wanted)] == [200] * 4 + [201, 201, 200, 422, 200]


async def test_who_may_look_sees_and_changes_nothing(staff):
    lead = await staff.new_lead()
    booked = await (await staff.new_lead()).books(TEN)
    quote = await lead.quote()
    said = await answers(Desk(staff, RITA), calls(lead.lead_id, quote["id"], booked["id"]))
    assert said == [(403, True) if changes else (200, False) for _, changes in said]
    assert await staff.published("appointment.cancelled.v1") == []


async def test_another_location_is_as_if_there_were_none(staff):
    lead = await staff.new_lead()
    booked = await (await staff.new_lead()).books(TEN)
    quote = await lead.quote()
    wanted = calls(lead.lead_id, quote["id"], booked["id"])
    assert {status for status, _ in await answers(Desk(staff, STRANGER), wanted)} == {404}
    nowhere = await Desk(staff, SAM).get(**TUESDAY | {"location": "Store999"})
    theirs = await Desk(staff, STRANGER).get(**TUESDAY)
    assert nowhere.json() == theirs.json()


async def test_another_tenant_is_as_if_there_were_none(staff):
    lead = await staff.new_lead()
    booked = await (await staff.new_lead()).books(TEN)
    wanted = calls(lead.lead_id, (await lead.quote())["id"], booked["id"])
    neighbour = World(staff.deps, staff.http)
    await hire(neighbour, OLGA_OF_ANOTHER, "owner")
    assert {status for status, _ in await answers(Desk(neighbour, OLGA_OF_ANOTHER), wanted)} == {404}
    assert {status for status, _ in await answers(Desk(neighbour, OLGA), wanted)} == {401}


OLGA_OF_ANOTHER = UUID(int=9)


async def test_who_is_not_signed_in_or_has_left_is_refused(staff):
    lead = await staff.new_lead()
    booked = await (await staff.new_lead()).books(TEN)
    wanted = calls(lead.lead_id, (await lead.quote())["id"], booked["id"])
    for headers in (
        {"Authorization": "Bearer nothing"},
        {"Authorization": f"Bearer {lead.token}"},
        bearer(staff.tenant_id, SAM, "another-key-of-the-tests"),
    ):
        assert {status for status, _ in await answers(Desk(staff, SAM, **headers), wanted)} == {401}
    await hire(staff, SAM, "location", staff.location_id, version=2, active=False)
    assert {status for status, _ in await answers(Desk(staff, SAM), wanted)} == {401}


async def test_another_website_with_the_cookie_is_refused(staff, sam):
    cookie = f"__Host-staff_session={sam.headers['Authorization'].removeprefix('Bearer ')}"
    booked = await (await staff.new_lead()).books(TEN)
    path = f"/appointments/{booked['id']}/cancel"
    for foreign in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        assert code(await Desk(staff, SAM, Cookie=cookie, **foreign).post(path)) == (403, "other_site")
    own = Desk(staff, SAM, Cookie=cookie, **{"Sec-Fetch-Site": "same-origin"})
    assert (await own.post(path)).status_code == 200


async def test_a_quote_is_its_leads_alone(staff, sam):
    other = await (await staff.new_lead()).quote()
    lead = await staff.new_lead()
    assert code(await sam.tries(lead.lead_id, other["id"], TEN)) == (404, "not_found")


async def test_an_erased_person_is_not_named(staff, sam):
    lead = await staff.new_lead()
    await lead.books(TEN)
    await staff.rows("DELETE FROM leads WHERE lead_id = :id", id=lead.lead_id)
    [entry] = await sam.entries("appointment")
    assert entry["customer"] == {"lead_id": str(lead.lead_id), "name": ""}


async def test_every_call_answers_as_it_declares_whatever_is_sent(staff, sam):
    lead = await staff.new_lead()
    booked = await lead.books(TEN)
    known = {
        "appointment_id": [booked["id"], str(uuid4())],
        "lead_id": [str(lead.lead_id)],
        "quote_id": [await sam.quote(lead.lead_id)],
        "location": ["Store094"],
        "from": ["2026-11-24"],
        "start": [TEN, TWO],
        "service": ["ceramic-full"],
    }
    tried = await check_conformance(staff.app, "/api/staff/", sam.headers, known)
    assert "POST /api/staff/calendar/appointments" in tried
