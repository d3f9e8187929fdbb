"""leadctl events replay: from a real log to a real queue."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from ops.log_stream import Logged
from ops.replay import types_for, waves
from ops.times import moment
from shared.events import CatalogChanged, LeadReceived, LeadStatusChanged, LocationChanged
from shared.messaging.topology import queue_for

STATUS = LeadStatusChanged.type
QUEUE = queue_for("chat", LeadStatusChanged)
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def logged(number, subject, type_=STATUS):
    return Logged(str(UUID(int=number)), b"", {"subject": subject, "type": type_})


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], []),
        ([(1, "a"), (2, "b"), (3, "a"), (4, "a"), (5, "b")], [[1, 2], [3, 5], [4]]),
        ([(1, "a"), (2, "s", LocationChanged.type), (3, "b"), (4, "a")], [[1], [2], [3, 4]]),
        (
            [(1, "s", LocationChanged.type), (2, "t", LocationChanged.type), (3, "s", CatalogChanged.type)],
            [[1, 2], [3]],
        ),
    ],
)
def test_a_subjects_events_keep_their_order_and_what_all_rest_on_comes_first(events, expected):
    found = waves([logged(*event) for event in events])
    assert [[UUID(one.id).int for one in wave] for wave in found] == expected


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2h", NOW - timedelta(hours=2)),
        ("1d", NOW - timedelta(days=1)),
        ("0s", NOW),
        ("2026-11-22T09:00:00-08:00", datetime(2026, 11, 22, 17, tzinfo=UTC)),
        ("2026-11-22T09:00:00Z", datetime(2026, 11, 22, 9, tzinfo=UTC)),
    ],
)
def test_a_time_is_written_as_so_long_ago_or_with_its_offset(text, expected):
    assert moment(text, "--since", NOW) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("lead.*", {LeadReceived.type, LeadStatusChanged.type}),
        ("lead.received", {LeadReceived.type}),
        ("lead.received.v1", {LeadReceived.type}),
    ],
)
def test_types_are_named_with_wildcards_and_without_the_version(pattern, expected):
    assert types_for("chat", pattern) == expected


@pytest.fixture
async def log_of_three(site):
    """Two were worked off, the middle one was not."""
    events = [await site.log(STATUS, new=new) for new in ("contacted", "engaged", "won")]
    await site.worked_off(events[0], LONG_AGO)
    await site.worked_off(events[2])
    return events


@pytest.mark.postgres
@pytest.mark.rabbit
class TestOnTheBroker:
    async def test_what_is_missing_is_delivered_to_that_service_only_and_the_rest_is_counted(
        self, site, log_of_three
    ):
        await site.log("message.sent.v1")
        summary = await site.replay("--since", "1h")
        assert (summary["matched"], summary["done_before"], summary["sent"]) == (3, 2, 1)
        [delivered] = await site.waiting(QUEUE)
        assert json.loads(delivered.body) == log_of_three[1]
        assert delivered.message_id == log_of_three[1]["id"]
        assert site.headers(delivered) == {"replay-id": summary["replay_id"], "replay-mode": "missing"}
        assert await site.waiting(queue_for("notifier", LeadStatusChanged)) == []

    async def test_a_dry_run_counts_the_same_and_sends_nothing(self, site, log_of_three):
        summary = await site.replay("--since", "1h", "--dry-run")
        assert (summary["matched"], summary["done_before"], summary["sent"]) == (3, 2, 0)
        assert await site.waiting(QUEUE) == []

    async def test_a_repeat_delivers_all_and_is_audited(self, site, log_of_three):
        summary = await site.replay("--since", "1h", "--again", "--reason", "a sample repair")
        assert (summary["matched"], summary["done_before"], summary["sent"]) == (3, 2, 3)
        headers = [site.headers(message) for message in await site.waiting(QUEUE)]
        assert headers == [{"replay-id": summary["replay_id"], "replay-mode": "again"}] * 3
        begun, ended = [e for e in await site.audited() if e.get("replay_id") == summary["replay_id"]]
        assert (begun["action"], ended["action"]) == ("replay begun", "replay ended")
        assert (ended["operator"], ended["reason"]) == ("sample-operator", "a sample repair")
        assert (ended["sent"], ended["to"], ended["mode"]) == (3, "chat", "again")

    @pytest.mark.parametrize(("typed", "sent"), [("send again", 3), ("yes", 0)])
    async def test_side_effects_are_repeated_only_after_the_words_are_typed(
        self, site, log_of_three, typed, sent
    ):
        arguments = (
            "--to",
            "chat",
            "--tenant",
            site.tenant,
            "--since",
            "1h",
            "--again",
            "--reason",
            "sample",
        )
        answer = await site.leadctl("events", "replay", *arguments, "--with-side-effects", input=f"{typed}\n")
        assert answer.exit_code == (0 if sent else 1), answer.output
        assert "Customers may get e-mails" in " ".join(answer.output.split())
        delivered = await site.waiting(QUEUE)
        assert [m.headers["replay-mode"] for m in delivered] == ["again-with-side-effects"] * sent

    async def test_only_the_lead_and_the_time_asked_for_are_taken(self, site):
        now = datetime.now(UTC)
        lead = str(uuid4())
        early = await site.log(STATUS, subject=lead, at=now - timedelta(hours=2))
        wanted = await site.log(STATUS, subject=lead, at=now - timedelta(minutes=30))
        other = await site.log(STATUS, at=now - timedelta(minutes=30))
        late = await site.log(STATUS, subject=lead, at=now)
        await site.worked_off({"id": str(uuid4())}, LONG_AGO)
        summary = await site.replay("--since", "1h", "--until", "10m", "--lead", lead)
        assert summary["sent"] == 1
        [delivered] = await site.waiting(QUEUE)
        assert delivered.message_id == wanted["id"] not in {early["id"], other["id"], late["id"]}

    async def test_an_inbox_that_is_too_young_to_know_sends_nothing_unless_told_to(self, site):
        event = await site.log(STATUS)
        arguments = ("--to", "chat", "--tenant", site.tenant, "--since", "1h")
        refused = await site.leadctl("events", "replay", *arguments)
        assert refused.exit_code == 1
        assert "the inbox of chat is empty" in refused.output
        assert await site.waiting(QUEUE) == []
        await site.replay("--since", "1h", "--beyond-inbox")
        assert [message.message_id for message in await site.waiting(QUEUE)] == [event["id"]]

    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (("--to", "chat", "--since", "36d"), "more than 35 days"),
            (("--to", "chat", "--since", "1h", "--type", "crm.change.*"), "chat does not consume"),
            (("--to", "nobody", "--since", "1h"), "there is no such service"),
            (("--to", "chat"), "--since is needed"),
            (("--to", "chat", "--since", "yesterday"), "is neither like 2h"),
            (("--to", "chat", "--since", "2026-11-22T09:00:00"), "has no offset"),
            (("--to", "chat", "--since", "1h", "--again"), "--reason is needed"),
            (("--to", "chat", "--since", "1h", "--with-side-effects"), "belongs to --again"),
            (("--to", "ingest", "--rebuild", "--reason", "sample"), "from a backup only"),
        ],
    )
    async def test_what_cannot_be_meant_is_refused_in_words(self, site, arguments, why):
        refused = await site.leadctl("events", "replay", *arguments)
        assert refused.exit_code == 1
        assert why in refused.output
