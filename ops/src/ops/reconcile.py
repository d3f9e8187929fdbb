"""leadctl events reconcile: every event that an outbox says was published must be in the log."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import asyncpg
import typer
from aio_pika.exceptions import AMQPError
from shared.events import CONTENT_TYPE, SERVICES, ServiceName
from shared.messaging.publisher import NotConfirmed, Publisher, open_publisher
from shared.messaging.topology import LOG_EXCHANGE

from ops import audit
from ops.log_stream import log_until_now
from ops.screen import console, errors, fail, show_json, show_table
from ops.service_database import service_database
from ops.settings import Settings
from ops.times import moment

LOG_KEEPS = timedelta(days=29)
"""Of older events the log may have none: it keeps 30 days, a segment at a time."""
STUCK_AFTER = timedelta(minutes=5)
PUBLISHED_LATER = timedelta(hours=1)
"""A row is marked after its event came into the log; an outage between the two may last."""

_PUBLISHED = "SELECT event_id FROM outbox WHERE published_at >= $1"
_BODIES = "SELECT event_id, type, body FROM outbox WHERE event_id = ANY($1::uuid[]) ORDER BY id"
_STUCK = """
SELECT count(*) AS rows, min(created_at) AS oldest, min(last_error) AS error
FROM outbox WHERE published_at IS NULL AND created_at < $1
"""


@dataclass(frozen=True)
class Found:
    """`missing`: published by the service and not in the log. `stuck`: waiting for the relay for too long."""

    service: ServiceName
    published: int
    missing: list[str]
    repaired: int
    stuck: int
    stuck_since: str | None
    stuck_because: str | None


def reconcile(
    since: Annotated[str, typer.Option(help="2h, 2d, or an ISO time with offset; at most 29 days.")] = "2d",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare only; publish nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each service.")] = False,
) -> None:
    """Compare the outboxes of all services with the event log, and publish to the log what it lacks. For every night.

    Exit code 0: the log is complete; 1: it was not and is now (with --dry-run: it is not); 2: it could not be compared
    or repaired, or events wait for their relay for more than five minutes.
    """
    now = datetime.now(UTC)
    begin = moment(since, "--since", now)
    if now - begin > LOG_KEEPS:
        fail(f"--since is more than {LOG_KEEPS.days} days ago: the log does not keep events that long")
    try:
        found = asyncio.run(_reconcile(Settings().rabbitmq_url, begin, dry_run=dry_run))
    except (OSError, AMQPError, NotConfirmed, TimeoutError, asyncpg.PostgresError) as error:
        errors.print(f"[red]not finished: {error or type(error).__name__}[/red]", soft_wrap=True)
        raise typer.Exit(2) from None
    _show(found, begin, as_json=as_json, dry_run=dry_run)
    if any(one.stuck for one in found):
        raise typer.Exit(2)
    if any(one.missing for one in found):
        raise typer.Exit(1)


async def _reconcile(rabbitmq_url: str, since: datetime, *, dry_run: bool) -> list[Found]:
    # The outboxes first: what they call published then is in the log by the time it is read.
    published = {service: await _published(service, since) for service in SERVICES}
    logged = await _logged(rabbitmq_url, since - PUBLISHED_LATER)
    missing = {service: ids - logged for service, ids in published.items()}
    async with open_publisher(rabbitmq_url, "leadctl-reconcile") as publisher:
        found = [
            await _settle(publisher, service, len(published[service]), missing[service], dry_run=dry_run)
            for service in SERVICES
        ]
        if any(one.repaired for one in found):
            repaired = {one.service: one.repaired for one in found if one.repaired}
            await audit.note(publisher, "log repaired", "reconcile", events=repaired)
    return found


async def _published(service: ServiceName, since: datetime) -> set[UUID]:
    async with service_database(service) as connection:
        return {UUID(bytes=row["event_id"].bytes) for row in await connection.fetch(_PUBLISHED, since)}


async def _logged(rabbitmq_url: str, since: datetime) -> set[UUID]:
    async with log_until_now(rabbitmq_url, since) as log:
        return {UUID(logged.id) async for logged in log if logged.event}


async def _settle(
    publisher: Publisher, service: ServiceName, published: int, missing: set[UUID], *, dry_run: bool
) -> Found:
    async with service_database(service) as connection:
        repaired = 0 if dry_run else await _repair(publisher, connection, missing)
        stuck = await connection.fetchrow(_STUCK, datetime.now(UTC) - STUCK_AFTER)
    return Found(
        service=service,
        published=published,
        missing=sorted(str(one) for one in missing),
        repaired=repaired,
        stuck=stuck["rows"],
        stuck_since=stuck["oldest"].isoformat() if stuck["oldest"] else None,
        stuck_because=stuck["error"],
    )


async def _repair(publisher: Publisher, connection: asyncpg.Connection, missing: set[UUID]) -> int:
    """To the log only: the consumers have had it."""
    rows = await connection.fetch(_BODIES, list(missing)) if missing else []
    for row in rows:
        await publisher.publish(
            LOG_EXCHANGE, row["type"], row["body"], message_id=str(row["event_id"]), content_type=CONTENT_TYPE
        )
    return len(rows)


def _show(found: list[Found], since: datetime, *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        for one in found:
            show_json(asdict(one))
        return
    rows = [
        [one.service, str(one.published), str(len(one.missing)), str(one.repaired), str(one.stuck)]
        for one in found
    ]
    columns = ("service", "published", "not in the log", "repaired", "waiting > 5 min")
    show_table(f"Outboxes and log since {since.isoformat(timespec='minutes')}", columns, rows)
    for one in found:
        for event_id in one.missing[:5]:
            console.print(f"{one.service}: {event_id} was not in the log", highlight=False)
        if one.stuck:
            errors.print(
                f"{one.service}: {one.stuck} events wait since {one.stuck_since}: {one.stuck_because or 'no error'}. "
                "Does its relay run, does RabbitMQ take its events?",
                markup=False,
                soft_wrap=True,
            )
    if dry_run and any(one.missing for one in found):
        console.print("dry run: nothing was published")
