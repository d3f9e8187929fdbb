"""leadctl events replay against the running stack: what was done is not done again, unless an operator wants just that."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from ops.stack.stackfile import StackFile
from testkit.customer import Customer
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.timeout(240)]

SERVICES = ("ingest", "chat", "booking", "crm-sync", "notifier")


async def leadctl(stack: StackFile, *arguments: str) -> dict[str, Any]:
    databases = {
        f"LEADCTL_{service.replace('-', '_').upper()}_DATABASE_URL": stack.databases[service]
        for service in SERVICES
    }
    command = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("leadctl")),
        *arguments,
        env={**os.environ, **databases, "LEADCTL_RABBITMQ_URL": stack.rabbitmq_url},
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await command.communicate()
    assert command.returncode == 0
    summary: dict[str, Any] = json.loads(printed)
    return summary


async def replay(stack: StackFile, service: str, lead_id: UUID, *arguments: str) -> dict[str, Any]:
    return await leadctl(
        stack, "events", "replay", "--to", service, "--since", "1h", "--lead", str(lead_id), "--json",
        "--reason", "sample", *arguments,
    )  # fmt: skip


async def fetch(stack: StackFile, service: str, query: str, *values: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(stack.databases[service])
    try:
        async with connection.transaction():
            [tenant] = await connection.fetch("SELECT * FROM tenants WHERE slug = $1", stack.tenant)
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", str(tenant[0]))
            found: list[asyncpg.Record] = await connection.fetch(query, *values)
            return found
    finally:
        await connection.close()


async def repeated(stack: StackFile, service: str, summary: dict[str, Any], *, at_least: int) -> None:
    """The service has gone through what was sent to it."""

    async def seen() -> bool:
        rows = await fetch(
            stack,
            service,
            "SELECT DISTINCT event_id FROM inbox WHERE consumer LIKE $1",
            f"%@{summary['replay_id']}",
        )
        return len(rows) >= at_least

    await eventually(seen, within_seconds=60)


async def booked(customer: Customer) -> UUID:
    await customer.asks_the_shop()
    await customer.opens_the_link()
    quote = (await customer.post("/api/booking/quotes", {"service": "full-ceramic"})).json()
    slots = (await customer.get("/api/booking/slots", quote_id=quote["id"])).json()["slots"]
    body = {"quote_id": quote["id"], "start": slots[-1]["start"]}
    answer = await customer.post("/api/booking/appointments", body, **{"Idempotency-Key": customer.email})
    assert answer.status_code == 201, answer.text
    await customer.received("email", count=2)
    await customer.received("sms", count=2)
    return await customer.lead_id()


async def test_a_lead_repeated_at_every_service_gets_no_second_message_until_that_is_wanted(
    customer: Customer, stack: StackFile
) -> None:
    lead_id = await booked(customer)

    async def settled() -> bool:
        tasks = await fetch(stack, "crm-sync", "SELECT state FROM sync_tasks WHERE lead_id = $1", lead_id)
        timeline = await fetch(stack, "chat", "SELECT type FROM timeline WHERE lead_id = $1", lead_id)
        kinds = {row["type"] for row in timeline}
        return {row["state"] for row in tasks} <= {"done", "skipped"} and "crm.synced.v1" in kinds

    await eventually(settled, within_seconds=60)
    missing = await replay(stack, "notifier", lead_id, "--type", "lead.received")
    assert (missing["matched"], missing["done_before"], missing["sent"]) == (1, 1, 0)

    before = await fetch(stack, "chat", "SELECT * FROM timeline WHERE lead_id = $1", lead_id)
    await fetch(stack, "chat", "DELETE FROM timeline WHERE lead_id = $1", lead_id)
    handled = {"ingest": 1, "chat": len(before), "booking": 1, "crm-sync": 3, "notifier": 3}
    for service, at_least in handled.items():
        summary = await replay(stack, service, lead_id, "--again")
        assert summary["sent"] == summary["matched"] >= at_least
        await repeated(stack, service, summary, at_least=at_least)

    after = await fetch(stack, "chat", "SELECT * FROM timeline WHERE lead_id = $1", lead_id)
    assert {row["event_id"] for row in before} <= {row["event_id"] for row in after}
    planned = await fetch(
        stack,
        "notifier",
        "SELECT dedupe_key FROM deliveries WHERE lead_id = $1 AND dedupe_key LIKE '%@%'",
        lead_id,
    )
    assert planned == []
    assert [len(await customer.inbox(channel)) for channel in ("email", "sms")] == [2, 2]

    summary = await replay(
        stack, "notifier", lead_id, "--type", "appointment.booked",
        "--again", "--with-side-effects", "--yes",
    )  # fmt: skip
    assert summary["sent"] == 1
    await customer.received("email", count=3)
    await customer.received("sms", count=3)
