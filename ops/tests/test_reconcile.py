"""leadctl events reconcile: the log has every event that an outbox calls published."""

import json
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from shared.events import SERVICES, CatalogChanged
from shared.messaging.topology import LOG_EXCHANGE, queue_for

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]


@pytest.fixture
async def everywhere(site, migrated_database):
    """The site with the databases of all five services."""
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            url = await stack.enter_async_context(migrated_database(service))
            site.env[f"LEADCTL_{service.replace('-', '_').upper()}_DATABASE_URL"] = url
        site.database_url = site.env["LEADCTL_BOOKING_DATABASE_URL"]
        yield site


async def published(site, *, logged, published_at="clock_timestamp()", created="clock_timestamp()"):
    """A row of booking's outbox; `logged`: whether its event came into the log."""
    event_id = str(uuid4())
    body = json.dumps({"id": event_id, "type": CatalogChanged.type, "subject": "sample"}).encode()
    if logged:
        await site.publisher.publish(
            LOG_EXCHANGE, CatalogChanged.type, body, message_id=event_id, content_type="application/json"
        )
    statement = f"""
        INSERT INTO outbox (event_id, tenant_id, type, key, body, created_at, published_at, last_error)
        VALUES ($1, set_config('app.tenant_id', $4, false)::uuid, $2, 'sample', $3, {created}, {published_at}, 'sample error')
    """  # noqa: S608 - words of this test
    await site.execute(statement, event_id, CatalogChanged.type, body, site.tenant)
    return event_id


async def reconciled(site, *arguments):
    answer = await site.leadctl("events", "reconcile", "--since", "1h", "--json", *arguments)
    found = {one["service"]: one for one in map(json.loads, answer.stdout.splitlines())}
    return answer.exit_code, found.get("booking")


async def test_a_complete_log_is_left_alone(everywhere):
    await published(everywhere, logged=True)
    code, booking = await reconciled(everywhere)
    assert (code, booking["published"], booking["missing"]) == (0, 1, [])


async def test_a_removed_event_is_found_and_put_back_into_the_log_only(everywhere):
    await published(everywhere, logged=True)
    removed = await published(everywhere, logged=False)
    code, booking = await reconciled(everywhere, "--dry-run")
    assert (code, booking["missing"], booking["repaired"]) == (1, [removed], 0)
    code, booking = await reconciled(everywhere)
    assert (code, booking["missing"], booking["repaired"]) == (1, [removed], 1)
    code, booking = await reconciled(everywhere)
    assert (code, booking["missing"]) == (0, [])
    assert await everywhere.waiting(queue_for("chat", CatalogChanged)) == []
    assert {"action": "log repaired", "events": {"booking": 1}}.items() <= (await everywhere.audited())[
        -1
    ].items()


async def test_events_that_wait_for_their_relay_are_reported_and_not_published(everywhere):
    await published(
        everywhere, logged=False, published_at="NULL", created="clock_timestamp() - interval '6 minutes'"
    )
    code, booking = await reconciled(everywhere)
    assert (code, booking["missing"], booking["stuck"]) == (2, [], 1)
    assert booking["stuck_because"] == "sample error"


async def test_without_an_answer_of_the_broker_it_says_that_it_could_not(everywhere):
    everywhere.env["LEADCTL_RABBITMQ_URL"] = "amqp://guest:guest@127.0.0.1:1/"
    code, _ = await reconciled(everywhere)
    assert code == 2


async def test_the_log_is_not_asked_for_what_it_does_not_keep(everywhere):
    refused = await everywhere.leadctl("events", "reconcile", "--since", "30d")
    assert refused.exit_code == 1
    assert "more than 29 days ago" in refused.output
