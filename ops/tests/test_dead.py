"""leadctl dead: nothing is removed before it is safely elsewhere."""

import json

import pytest
from ops.streams import read_until_now
from shared.events import LeadReceived, LeadStatusChanged
from shared.messaging.topology import DELIVERY_LIMIT, DISCARDED_STREAM, dead_letters_of, queue_for
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]

HOME = queue_for("chat", LeadStatusChanged)
DEAD = dead_letters_of("chat")
HEADERS = {"attempt": 5, "reason": "KeyError: 'sample'", "stack": "Traceback: sample", "queue": HOME}


async def died(site, id_="sample-1", **changes):
    """As a consumer puts it aside."""
    body = json.dumps({"id": id_, "subject": "sample lead"}).encode()
    await site.put(
        DEAD, body, message_id=id_, content_type="application/cloudevents+json", headers=HEADERS | changes
    )
    return body


async def listed(site, *arguments):
    answer = await site.leadctl("dead", "list", "--json", *arguments)
    assert answer.exit_code == 0, answer.output
    return [json.loads(line) for line in answer.stdout.splitlines()]


async def test_looking_changes_nothing(site):
    body = await died(site)
    for _ in range(3):
        [letter] = await listed(site, "--service", "chat")
    assert (letter["id"], letter["service"], letter["type"]) == ("sample-1", "chat", LeadStatusChanged.type)
    assert (letter["reason"], letter["attempt"]) == (HEADERS["reason"], 5)
    [kept] = await site.waiting(DEAD)
    assert kept.body == body
    assert {name: kept.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        ((), {"a", "b", "c"}),
        (("--reason", "KeyError*"), {"a", "c"}),
        (("--type", "lead.received"), {"c"}),
        (("--service", "booking"), set()),
    ],
)
async def test_the_list_is_narrowed_by_service_type_and_reason(site, arguments, ids):
    await died(site, "a")
    await died(site, "b", reason="DeadLetter: a lead without location")
    await died(site, "c", queue=queue_for("chat", LeadReceived))
    assert {letter["id"] for letter in await listed(site, *arguments)} == ids


async def test_one_is_shown_with_its_stack_and_body(site):
    body = await died(site)
    answer = await site.leadctl("dead", "show", "sample-1", "--json")
    shown = json.loads(answer.stdout)
    assert (shown["stack"], shown["body"]) == (HEADERS["stack"], body.decode())
    assert (await site.leadctl("dead", "show", "unknown")).exit_code == 1


async def test_a_redriven_one_comes_home_with_a_fresh_budget_and_a_second_redrive_does_nothing(site):
    body = await died(site, **{"replay-id": "r1", "replay-mode": "again"})
    answer = await site.leadctl("dead", "redrive", "sample-1")
    assert (answer.exit_code, answer.stdout.strip()) == (0, "1 redriven")
    [home] = await site.waiting(HOME)
    assert (home.body, home.message_id) == (body, "sample-1")
    assert site.headers(home) == {"redriven": 1, "replay-id": "r1", "replay-mode": "again"}
    assert {"action": "dead letters redriven", "redriven": 1}.items() <= (await site.audited())[-1].items()
    again = await site.leadctl("dead", "redrive", "sample-1")
    assert (again.exit_code, again.stdout.strip()) == (0, "0 redriven")
    assert await site.waiting(HOME) == await site.waiting(DEAD) == []


async def test_those_of_one_reason_are_redriven_and_the_others_stay(site):
    await died(site, "a")
    await died(site, "b", reason="DeadLetter: sample")
    dry = await site.leadctl("dead", "redrive", "--reason", "KeyError*", "--dry-run")
    assert dry.stdout.strip() == "1 would be redriven (dry run)"
    await site.leadctl("dead", "redrive", "--reason", "KeyError*")
    assert [message.message_id for message in await site.waiting(HOME)] == ["a"]
    assert [message.message_id for message in await site.waiting(DEAD)] == ["b"]


async def test_one_whose_queue_is_gone_stays_dead_and_holds_up_no_other(site):
    await died(site, "a", queue="chat.event.of.yesterday.v1")
    await died(site, "b")
    answer = await site.leadctl("dead", "redrive", "--all")
    assert answer.exit_code == 1
    assert "still dead: a (chat.event.of.yesterday.v1)" in answer.output
    assert [message.message_id for message in await site.waiting(HOME)] == ["b"]
    assert [message.message_id for message in await site.waiting(DEAD)] == ["a"]


async def test_which_ones_must_be_said(site):
    answer = await site.leadctl("dead", "redrive")
    assert answer.exit_code == 1
    assert "say which" in answer.output


async def test_one_that_the_broker_gave_up_is_listed_as_such_and_comes_home(site):
    await site.put(HOME, b'{"subject": "sample"}', message_id="sample-killer")
    source = await site.channel.get_queue(HOME)
    for _ in range(DELIVERY_LIMIT + 1):
        await (await eventually(lambda: source.get(fail=False), within_seconds=30)).reject(requeue=True)

    async def is_dead():
        return await listed(site)

    [letter] = await eventually(is_dead, within_seconds=30)
    assert (letter["id"], letter["reason"], letter["type"]) == (
        "sample-killer",
        "delivery_limit",
        LeadStatusChanged.type,
    )
    await site.leadctl("dead", "redrive", "--reason", "delivery_limit")
    [home] = await site.waiting(HOME)
    assert site.headers(home) == {"redriven": 1}


async def test_a_discarded_one_is_kept_elsewhere_with_who_and_why(site):
    body = await died(site, "sample-given-up")
    answer = await site.leadctl("dead", "discard", "sample-given-up", "--reason", "a test lead")
    assert answer.exit_code == 0, answer.output
    assert await site.waiting(DEAD) == []
    async with read_until_now(site.rabbitmq_url, DISCARDED_STREAM, None) as messages:
        [kept] = [message async for message in messages if message.message_id == "sample-given-up"]
    assert kept.body == body
    assert (kept.headers["discarded-by"], kept.headers["discarded-because"]) == (
        "sample-operator",
        "a test lead",
    )
    assert (kept.headers["queue"], kept.headers["stack"]) == (HOME, HEADERS["stack"])
    noted = [entry for entry in await site.audited() if entry.get("id") == "sample-given-up"]
    assert [(entry["action"], entry["reason"]) for entry in noted] == [
        ("dead letter discarded", "a test lead")
    ]


async def test_two_operators_at_once_do_not_hide_letters_from_each_other(site):
    await died(site)
    await site.channel.declare_queue("leadctl.dead.chat", exclusive=True)
    answer = await site.leadctl("dead", "redrive", "--all")
    assert answer.exit_code == 1
    assert "another leadctl is at the dead letters of chat" in answer.output
    assert len(await site.waiting(DEAD)) == 1
