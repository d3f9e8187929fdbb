"""A broker with the topology, one service's database, and leadctl pointed at both."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import aio_pika
import asyncpg
import pytest
from ops.cli import app
from shared.db.engine import asyncpg_url
from shared.events import CONTENT_TYPE
from shared.messaging.publisher import open_publisher
from shared.messaging.topology import LOG_EXCHANGE
from typer.testing import CliRunner


def event_body(type_, *, tenant, subject=None, at=None, **data):
    subject = subject or str(uuid4())
    return {
        "specversion": "1.0", "id": str(uuid4()), "type": type_, "source": "ingest", "subject": subject,
        "time": (at or datetime.now(UTC)).isoformat(), "tenantid": tenant, "correlationid": "sample",
        "data": {"lead_id": subject, **data},
    }  # fmt: skip


class Site:
    """What an operator has in front of them. `tenant` is new, so that other tests' events in the log do not count."""

    def __init__(self, rabbitmq_url, database_url, channel, publisher):
        self.rabbitmq_url = rabbitmq_url
        self.database_url = database_url
        self.channel = channel
        self.publisher = publisher
        self.tenant = str(uuid4())
        self.env = {
            "LEADCTL_RABBITMQ_URL": rabbitmq_url,
            "LEADCTL_CHAT_DATABASE_URL": database_url,
            "LEADCTL_OPERATOR": "sample-operator",
            "COLUMNS": "200",
        }

    async def leadctl(self, *arguments, **more):
        """In a thread, for the command has an event loop of its own."""
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments), env=self.env, **more)

    async def replay(self, *arguments):
        """To chat, of this test's tenant; the summary."""
        answer = await self.leadctl(
            "events", "replay", "--to", "chat", "--tenant", self.tenant, "--json", *arguments
        )
        assert answer.exit_code == 0, answer.output
        return json.loads(answer.stdout)

    async def log(self, type_, **changes):
        """An event that was published, and that every consumer has had."""
        event = event_body(type_, tenant=self.tenant, **changes)
        await self.publisher.publish(
            LOG_EXCHANGE, type_, json.dumps(event).encode(), message_id=event["id"], content_type=CONTENT_TYPE
        )
        return event

    async def execute(self, statement, *values):
        connection = await asyncpg.connect(asyncpg_url(self.database_url))
        try:
            return await connection.fetch(statement, *values)
        finally:
            await connection.close()

    async def worked_off(self, event, at=None):
        statement = "INSERT INTO inbox (consumer, event_id, processed_at) VALUES ('keep_status', $1, $2)"
        await self.execute(statement, event["id"], at or datetime.now(UTC))

    async def waiting(self, queue):
        """Everything in the queue, taken out of it."""
        source = await self.channel.get_queue(queue)
        found = []
        while message := await source.get(fail=False):
            await message.ack()
            found.append(message)
        return found

    def headers(self, message):
        """Without those of the broker."""
        return {name: value for name, value in message.headers.items() if not name.startswith("x-")}

    async def put(self, queue, body, **properties):
        headers = properties.pop("headers", {})
        message = aio_pika.Message(body, headers=headers, delivery_mode=2, **properties)
        await self.channel.default_exchange.publish(message, queue)

    async def audited(self):
        answer = await self.leadctl("audit", "--json")
        assert answer.exit_code == 0, answer.output
        return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.fixture
async def site(migrated_database, rabbitmq_url) -> AsyncIterator[Site]:
    async with migrated_database("chat") as url, open_publisher(rabbitmq_url, "test") as publisher:
        connection = await aio_pika.connect(rabbitmq_url)
        async with connection:
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            yield Site(rabbitmq_url, url, channel, publisher)
