"""The hops of one lead, from the event log and from what the outside saw."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from ops.log_stream import log_stream

_DETAIL = {
    "lead.status.changed.v1": "{old} → {new}",
    "message.sent.v1": "{author} #{seq}",
    "notification.sent.v1": "{channel} {template}",
    "crm.change.received.v1": "{operation} {table}",
    "crm.synced.v1": "{what}",
    "appointment.booked.v1": "{number}",
}
_QUIET = frozenset({"location.changed.v1", "catalog.changed.v1", "knowledge.changed.v1"})


@dataclass(frozen=True, order=True)
class Hop:
    at: datetime
    where: str
    what: str


class Watch:
    """Collects every event of the log while the block lasts."""

    def __init__(self, rabbitmq_url: str) -> None:
        self._rabbitmq_url = rabbitmq_url
        self._stack = AsyncExitStack()
        self.events: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        events = await self._stack.enter_async_context(log_stream(self._rabbitmq_url, "next"))
        self._reading = asyncio.create_task(self._read(events))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._stack.aclose()

    async def status_is(self, lead_id: str, status: str) -> bool:
        return any(
            event["type"] == "lead.status.changed.v1"
            and event["subject"] == lead_id
            and event["data"]["new"] == status
            for event in self.events
        )

    async def _read(self, events: AsyncIterator[dict[str, Any]]) -> None:
        async for event in events:
            self.events.append(event)


def hops_of(recorded: list[dict[str, Any]], lead_id: str, seen: list[Hop]) -> list[Hop]:
    """In order of time: the lead's events, those that led to it, and what customer, providers and shop saw."""
    correlation = {event["correlationid"] for event in recorded if event["subject"] == lead_id}
    ours = [
        Hop(datetime.fromisoformat(event["time"]), event["source"], _what(event))
        for event in recorded
        if event["type"] not in _QUIET
        and (event["subject"] == lead_id or event["correlationid"] in correlation)
    ]
    return sorted([*ours, *seen])


def _what(event: dict[str, Any]) -> str:
    detail = _DETAIL.get(event["type"], "").format_map(event["data"])
    return f"{event['type']}  {detail}".rstrip()
