"""Staff change appointments of ours in ShopMonkey: it is told, and never written over unseen."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from crm_sync.actions import planning
from crm_sync.actions import polling as polls
from crm_sync.domain.appointment import iso
from shared.events import AppointmentCancelled, AppointmentRescheduled
from structlog.testing import capture_logs

OBSERVED = "crm.appointment.observed.v1"
LATER = "UPDATE observations SET missing_since = missing_since - interval '10 minutes' RETURNING crm_id"
"""The time between two rounds of the poll."""
HOUR = timedelta(hours=1)


class Ours:
    """One booked appointment that stands in ShopMonkey."""

    def __init__(self, shop: Any, fact: Any) -> None:
        self.shop, self.fact = shop, fact
        self.crm_id = shop.rows("appointment")[0]["id"]

    @property
    def row(self) -> dict[str, Any]:
        return self.shop.row("appointment", self.crm_id)

    async def staff(self, **change: Any) -> None:
        """By hand there; nobody is told of it before `webhook`."""
        path = f"/control/shopmonkey/appointments/{self.crm_id}"
        answer = await self.shop.control.patch(path, json=change)
        assert answer.status_code == 200, answer.text

    async def staff_move(self, by: timedelta) -> None:
        await self.staff(start=iso(self.fact.start + by), end=iso(self.fact.end + by))

    async def webhook(self) -> dict[str, Any]:
        """Answers the newest that was told."""
        await self.shop.webhook("appointment", self.crm_id, "UPDATE")
        return (await self.shop.published(OBSERVED))[-1]

    async def changes(self, kind: Any = AppointmentRescheduled, **change: Any) -> None:
        """A change of ours, written at once."""
        old = self.fact
        plan = {
            AppointmentRescheduled: planning.plan_move,
            AppointmentCancelled: planning.plan_cancellation,
        }[kind]
        values = {**old.model_dump(), "sequence": old.sequence + 1, **change}
        values |= {"old_start": old.start} if kind is AppointmentRescheduled else {}
        self.fact = kind.model_validate(values)
        await self.shop.apply(plan, self.fact)
        await self.shop.work()

    async def moves(self, by: timedelta, **change: Any) -> None:
        await self.changes(start=self.fact.start + by, end=self.fact.end + by, **change)


async def looked_for_twice(shop: Any) -> None:
    """In two rounds of the poll."""
    await polls.poll_appointments(shop.deps)
    await shop.select(LATER)
    await polls.poll_appointments(shop.deps)


@pytest.fixture
async def ours(shop: Any) -> Ours:
    lead_id, _ = await shop.new_lead()
    fact = shop.booking(lead_id)
    await shop.apply(planning.plan_booking, fact)
    await shop.work()
    return Ours(shop, fact)


async def test_a_move_by_staff_is_told_and_our_own_writes_are_not_theirs(ours: Ours) -> None:
    echo = await ours.webhook()
    await ours.staff_move(HOUR)
    told = await ours.webhook()
    again = await ours.webhook()

    assert (echo["our_sequence"], echo["changed_there"]) == (0, False)
    assert (told["our_id"], told["changed_there"]) == (str(ours.fact.appointment_id), True)
    assert told["observed_at"] > echo["observed_at"]
    assert again == told
    assert len(await ours.shop.published(OBSERVED)) == 2


async def test_what_staff_change_back_is_their_word_too(ours: Ours) -> None:
    await ours.staff_move(HOUR)
    await ours.webhook()
    await ours.staff_move(timedelta(0))
    told = await ours.webhook()
    assert (told["changed_there"], told["start"]) == (True, iso(ours.fact.start).replace(".000", ""))


@pytest.mark.parametrize("seen_before", [True, False])
async def test_a_move_of_ours_is_not_written_over_what_staff_did_unseen(
    ours: Ours, *, seen_before: bool
) -> None:
    await ours.webhook()
    await ours.staff_move(HOUR)
    if seen_before:
        await ours.webhook()

    await ours.moves(3 * HOUR)

    assert ours.row["startDate"] == iso(ours.fact.start - 2 * HOUR)
    [*_, told] = await ours.shop.published(OBSERVED)
    assert told["changed_there"] is True
    [reason] = await ours.shop.select("SELECT last_error FROM sync_tasks WHERE sequence = 1")
    assert reason == ("changed_there",)


async def test_once_booking_knows_what_staff_did_its_next_change_is_written(ours: Ours) -> None:
    await ours.staff_move(HOUR)
    told = await ours.webhook()
    seen = {"crm_seen_at": told["observed_at"]}

    await ours.moves(HOUR, changed_by="shop", **seen)
    assert (ours.row["startDate"], ours.row["metadata"]["sequence"]) == (iso(ours.fact.start), 1)
    assert (await ours.webhook())["changed_there"] is False

    await ours.moves(3 * HOUR, **seen)
    assert (ours.row["startDate"], ours.row["metadata"]["sequence"]) == (iso(ours.fact.start), 2)


async def test_a_move_that_knew_of_staff_s_is_written_though_their_mark_never_arrived(ours: Ours) -> None:
    await ours.staff_move(HOUR)
    told = await ours.webhook()
    await ours.moves(3 * HOUR, sequence=2, crm_seen_at=told["observed_at"])
    assert ours.row["startDate"] == iso(ours.fact.start)


async def test_staff_who_change_it_again_before_our_mark_keep_their_word(ours: Ours) -> None:
    await ours.staff_move(HOUR)
    told = await ours.webhook()
    await ours.staff_move(timedelta(0))

    await ours.moves(HOUR, changed_by="shop", crm_seen_at=told["observed_at"])

    assert ours.row["metadata"]["sequence"] == 0
    [*_, newest] = await ours.shop.published(OBSERVED)
    assert newest["start"] == iso(ours.fact.start - HOUR).replace(".000", "")


async def test_all_day_stays_so_when_our_mark_is_set(ours: Ours) -> None:
    await ours.staff(all_day=True, start=iso(ours.fact.start - HOUR))
    told = await ours.webhook()
    assert (told["all_day"], told["changed_there"]) == (True, True)
    await ours.moves(HOUR, changed_by="shop", crm_seen_at=told["observed_at"])
    assert (ours.row["allDay"], ours.row["metadata"]["sequence"]) == (True, 1)


async def test_name_and_note_of_staff_survive_our_changes(ours: Ours) -> None:
    await ours.staff(note="Bring the spare key")
    await ours.moves(HOUR)
    assert (ours.row["note"], ours.row["startDate"]) == ("Bring the spare key", iso(ours.fact.start))


async def test_the_customer_s_cancellation_is_written_whatever_staff_did(ours: Ours) -> None:
    await ours.staff_move(HOUR)
    await ours.changes(AppointmentCancelled, reason="no longer needed")
    assert (ours.row["confirmationStatus"], ours.row["metadata"]["off"]) == ("Declined", True)
    assert (await ours.webhook())["changed_there"] is False

    await ours.staff(cancelled=False)
    restored = await ours.webhook()
    assert (restored["deleted"], restored["changed_there"], restored["our_sequence"]) == (False, True, 1)


async def test_what_staff_cancelled_and_restored_is_not_cancelled_again_by_our_mark(ours: Ours) -> None:
    await ours.staff(cancelled=True)
    told = await ours.webhook()
    await ours.staff(cancelled=False)

    await ours.changes(AppointmentCancelled, changed_by="shop", crm_seen_at=told["observed_at"])

    assert ours.row["confirmationStatus"] == "NoResponse"
    [*_, newest] = await ours.shop.published(OBSERVED)
    assert (newest["deleted"], newest["changed_there"]) == (False, True)


async def test_what_staff_deleted_is_not_written_anew_but_told_when_it_is_sure(ours: Ours) -> None:
    await ours.webhook()
    ours.shop.sandbox.world.tables["appointment"].clear()
    await ours.moves(HOUR)
    assert not any(told["deleted"] for told in await ours.shop.published(OBSERVED))
    await looked_for_twice(ours.shop)
    await ours.shop.work(later_seconds=120)
    assert ours.shop.rows("appointment") == []
    assert await ours.shop.select(
        "SELECT state FROM sync_tasks WHERE kind = 'appointment' AND sequence = 1"
    ) == [("skipped",)]
    [*_, told] = await ours.shop.published(OBSERVED)
    assert (told["our_id"], told["deleted"], told["changed_there"]) == (
        str(ours.fact.appointment_id),
        True,
        True,
    )


async def test_given_to_another_shop_it_is_told_with_that_one(ours: Ours) -> None:
    there = uuid4()
    await ours.shop.open(location_id=there, code="Store201", crm_location_id="sample-sm-201")
    await ours.staff(location="Store201")
    told = await ours.webhook()
    assert (told["location_id"], told["changed_there"]) == (str(there), True)


async def test_ours_at_a_location_that_we_do_not_know_is_an_error_in_the_log(ours: Ours) -> None:
    ours.shop.sandbox.world.tables["appointment"][ours.crm_id]["locationId"] = "nobody-s"
    with capture_logs() as logs:
        await ours.shop.observe("appointment", {**ours.row, "locationId": "sample-sm-094"}, "UPDATE")
        await polls.poll_appointments(ours.shop.deps)
    told = [(log["event"], log["crm_id"]) for log in logs if log["log_level"] == "error"]
    assert told == [("appointment.unknown_location", ours.crm_id)] * 2
    assert await ours.shop.published(OBSERVED) == []


async def test_a_copy_that_staff_made_of_ours_is_theirs(ours: Ours) -> None:
    copy = {**ours.row, "id": "copy", "startDate": iso(ours.fact.start + HOUR)}
    ours.shop.sandbox.world.tables["appointment"]["copy"] = copy
    await ours.shop.webhook("appointment", "copy")
    [told] = await ours.shop.published(OBSERVED)
    assert told.get("our_id") is None


async def test_a_row_of_ours_without_our_marker_is_still_ours(ours: Ours) -> None:
    await ours.staff_move(HOUR)
    ours.shop.sandbox.world.tables["appointment"][ours.crm_id]["metadata"] = None
    told = await ours.webhook()
    assert (told["our_id"], told["changed_there"]) == (str(ours.fact.appointment_id), True)

    row = {**ours.row, "metadata": None}
    ours.shop.sandbox.world.tables["appointment"].clear()
    await ours.shop.observe("appointment", row, "DELETE")
    _, told = await ours.shop.published(OBSERVED)
    assert (told["our_id"], told["deleted"]) == (str(ours.fact.appointment_id), True)
    assert told["changed_there"] is True


async def test_a_move_of_ours_is_not_written_over_a_row_that_lost_our_marker_unseen(ours: Ours) -> None:
    await ours.staff_move(HOUR)
    ours.shop.sandbox.world.tables["appointment"][ours.crm_id]["metadata"] = None
    theirs = ours.row["startDate"]

    await ours.moves(3 * HOUR)

    assert ours.row["startDate"] == theirs
    [told] = await ours.shop.published(OBSERVED)
    assert (told["our_id"], told["changed_there"]) == (str(ours.fact.appointment_id), True)


async def test_a_move_that_knew_all_that_staff_did_is_written_though_they_touched_the_row_since(
    ours: Ours,
) -> None:
    """They wrote a note, of which nothing is told: booking has nothing to decide anew."""
    await ours.staff_move(HOUR)
    told = await ours.webhook()
    await ours.staff(note="Call before")

    await ours.moves(3 * HOUR, crm_seen_at=told["observed_at"])
    await ours.shop.work(later_seconds=60)

    assert ours.row["startDate"] == iso(ours.fact.start)
    assert ours.row["note"] == "Call before"


async def test_a_look_that_began_before_the_deletion_does_not_bring_it_back(ours: Ours) -> None:
    row = ours.row
    ours.shop.sandbox.world.tables["appointment"].clear()
    await ours.shop.observe("appointment", row, "DELETE")
    ours.shop.sandbox.world.tables["appointment"][row["id"]] = row
    await ours.webhook()
    [told] = await ours.shop.published(OBSERVED)
    assert told["deleted"] is True


async def test_what_staff_restore_is_told_although_their_clock_is_behind_ours(ours: Ours) -> None:
    row = ours.shop.sandbox.world.tables["appointment"][ours.crm_id]
    row |= {"deleted": True, "updatedDate": iso(ours.shop.now - 2 * HOUR)}
    assert (await ours.webhook())["deleted"] is True
    row |= {"deleted": False, "updatedDate": iso(ours.shop.now - HOUR)}
    assert (await ours.webhook())["deleted"] is False


# By poll


async def test_the_poll_tells_what_no_webhook_told(ours: Ours) -> None:
    await polls.poll_appointments(ours.shop.deps)
    await ours.staff_move(HOUR)
    await polls.poll_appointments(ours.shop.deps)
    _, told = await ours.shop.published(OBSERVED)
    assert told["changed_there"] is True


async def test_what_the_search_does_not_show_is_looked_for_and_not_taken_for_deleted(ours: Ours) -> None:
    await ours.staff_move(timedelta(days=800))
    await polls.poll_appointments(ours.shop.deps)
    [told] = await ours.shop.published(OBSERVED)
    assert (told["deleted"], told["changed_there"]) == (False, True)


async def test_a_change_of_one_that_nobody_finds_waits_for_a_person_in_the_end(ours: Ours) -> None:
    ours.shop.sandbox.world.tables["appointment"].clear()
    await ours.moves(HOUR)
    await ours.shop.work(later_seconds=3700)
    [failed] = await ours.shop.published("crm.sync.failed.v1")
    assert (failed["our_id"], failed["code"]) == (str(ours.fact.appointment_id), "not_found")
    assert await ours.shop.published(OBSERVED) == []


async def test_a_deletion_without_a_webhook_is_told_by_direct_reads(ours: Ours) -> None:
    """Also of one that no look had ever shown: we wrote it."""
    ours.shop.sandbox.world.tables["appointment"].clear()
    for _ in range(2):  # at the same moment
        await polls.poll_appointments(ours.shop.deps)
    assert await ours.shop.published(OBSERVED) == []
    await looked_for_twice(ours.shop)
    [told] = await ours.shop.published(OBSERVED)
    assert (told["our_id"], told["deleted"]) == (str(ours.fact.appointment_id), True)


async def test_one_that_was_found_again_in_between_is_not_gone(ours: Ours) -> None:
    table = ours.shop.sandbox.world.tables["appointment"]
    rows = dict(table)
    table.clear()
    await polls.poll_appointments(ours.shop.deps)
    await ours.shop.select(LATER)
    table.update(rows)
    await polls.poll_appointments(ours.shop.deps)
    table.clear()
    await polls.poll_appointments(ours.shop.deps)
    assert not any(told["deleted"] for told in await ours.shop.published(OBSERVED))


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 401}, {"status": 429, "retry_after": 0}])
async def test_while_the_crm_does_not_answer_nothing_is_taken_for_deleted(
    ours: Ours, fault: dict[str, int]
) -> None:
    await ours.shop.fault("status", **fault)
    await polls.poll_appointments(ours.shop.deps)
    assert await ours.shop.published(OBSERVED) == []


@pytest.mark.parametrize("lost", [8, 4])
async def test_many_that_are_lost_at_once_cancel_nobody(shop: Any, lost: int) -> None:
    """All of them: the key sees another company. Some: a backup was put back there."""
    for days in range(1, 9):
        start = shop.now + timedelta(days=days)
        entry = {"start": iso(start), "end": iso(start + HOUR)}
        assert (await shop.control.post("/control/shopmonkey/appointments", json=entry)).status_code == 201
    await polls.poll_appointments(shop.deps)
    for crm_id in list(shop.sandbox.world.tables["appointment"])[:lost]:
        del shop.sandbox.world.tables["appointment"][crm_id]
    with capture_logs() as logs:
        for _ in range(2):
            await polls.poll_appointments(shop.deps)
            await shop.select(LATER)
    assert not any(told["deleted"] for told in await shop.published(OBSERVED))
    assert [(log["event"], log["gone"]) for log in logs if log["log_level"] == "error"] == [
        ("poll.calendar_doubtful", lost)
    ] * 2


async def test_the_calendar_is_known_as_far_as_anybody_books(shop: Any) -> None:
    start = shop.now + timedelta(days=364)
    entry = {"start": iso(start), "end": iso(start + HOUR), "all_day": True}
    await shop.control.post("/control/shopmonkey/appointments", json=entry)
    await polls.poll_appointments(shop.deps)
    [told] = await shop.published(OBSERVED)
    assert told["all_day"] is True


async def test_a_repeating_one_that_began_long_ago_is_told_with_every_time_once(shop: Any) -> None:
    start = shop.now - timedelta(days=400)
    entry = {"start": iso(start), "end": iso(start + HOUR), "repeats": "weekly"}
    await shop.control.post("/control/shopmonkey/appointments", json=entry)
    await polls.poll_appointments(shop.deps)
    assert await shop.published(OBSERVED) == []

    await polls.poll_series(shop.deps)
    await polls.poll_series(shop.deps)
    await polls.poll_appointments(shop.deps)

    [told] = await shop.published(OBSERVED)
    assert 52 <= len(told["occurrences"]) <= 64
    shop.sandbox.world.tables["appointment"].clear()
    await looked_for_twice(shop)
    _, gone = await shop.published(OBSERVED)
    assert gone["deleted"] is True
