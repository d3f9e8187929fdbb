"""Who did what and why: kept on the broker, in two streams that nobody can change afterwards.

`ops.audit` holds what operators did, `ops.discarded` the dead letters that they gave up, whole, as long as the event log.
"""

import asyncio
import getpass
import json
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

import typer
from aio_pika.exceptions import AMQPError
from shared.messaging.publisher import Publisher
from shared.messaging.topology import AUDIT_STREAM

from ops.screen import fail, show_json, show_table
from ops.settings import Settings, environment
from ops.streams import read_until_now


def operator() -> str:
    """LEADCTL_OPERATOR where a server's account is shared, else the account."""
    return environment().get("LEADCTL_OPERATOR") or getpass.getuser()


async def note(publisher: Publisher, action: str, reason: str, **details: object) -> None:
    """Confirmed when it returns. Details name and count, they hold no personal data."""
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "operator": operator(),
        "action": action,
        "reason": reason,
        **details,
    }
    await publisher.publish(
        "",
        AUDIT_STREAM,
        json.dumps(entry).encode(),
        message_id=str(uuid4()),
        content_type="application/json",
    )


def show_audit(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Who repeated, repaired or discarded what, when and why; oldest first."""
    try:
        entries = asyncio.run(_read(Settings().rabbitmq_url))
    except (OSError, AMQPError, TimeoutError) as error:
        fail(f"RabbitMQ does not answer ({error or type(error).__name__})")
    if as_json:
        for entry in entries:
            show_json(entry)
        return
    show_table("Audit", ("at", "operator", "action", "reason", "details"), [_row(entry) for entry in entries])


def _row(entry: dict[str, Any]) -> list[str]:
    columns = ("at", "operator", "action", "reason")
    details = [f"{name} {value}" for name, value in entry.items() if name not in columns]
    return [*(str(entry[name]) for name in columns), ", ".join(details)]


async def _read(rabbitmq_url: str) -> list[dict[str, Any]]:
    async with read_until_now(rabbitmq_url, AUDIT_STREAM, None) as messages:
        return [json.loads(message.body) async for message in messages]
