"""The dead letters of a service: looked at, sent home, or given up. None is acked before it is safely elsewhere."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aio_pika
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from aiormq.exceptions import ChannelLockedResource
from shared.events import ServiceName
from shared.messaging.publisher import Publisher
from shared.messaging.topology import DISCARDED_STREAM, dead_letters_of

from ops import audit
from ops.screen import fail

_KEPT_ON_REDRIVE = ("replay-id", "replay-mode")
"""A replay that was to send nothing must not send after a redrive."""


@dataclass(frozen=True)
class DeadLetter:
    """Held for us by the broker until it is acked or given back."""

    service: ServiceName
    message: AbstractIncomingMessage

    @property
    def id(self) -> str:
        """The event's id; of a message without one, the beginning of its body's hash."""
        return self.message.message_id or hashlib.sha256(self.message.body).hexdigest()[:16]

    @property
    def queue(self) -> str:
        """Where it could not be worked off."""
        return str(self.message.headers.get("queue") or self._death.get("queue", ""))

    @property
    def type(self) -> str:
        return self.queue.removeprefix(f"{self.service}.")

    @property
    def reason(self) -> str:
        """The consumer's own words; else the broker's, which after too many deliveries are `delivery_limit`."""
        return str(self.message.headers.get("reason") or self._death.get("reason", "unknown"))

    @property
    def attempt(self) -> int:
        return int(str(self.message.headers.get("attempt", 1)))

    @property
    def stack(self) -> str:
        return str(self.message.headers.get("stack", ""))

    @property
    def died_at(self) -> datetime | None:
        died_at = self._death.get("time") or self.message.timestamp
        return died_at.astimezone(UTC) if isinstance(died_at, datetime) else None

    @property
    def subject(self) -> str:
        """The lead, mostly; of an unreadable body nothing."""
        try:
            return str(json.loads(self.message.body)["subject"])
        except (ValueError, KeyError, TypeError):
            return ""

    @property
    def _death(self) -> Mapping[str, Any]:
        """The newest of the broker's own notes; a delay's expiry leaves older ones."""
        deaths = self.message.headers.get("x-death")
        newest = deaths[0] if isinstance(deaths, Sequence) and deaths else {}
        return newest if isinstance(newest, Mapping) else {}


@asynccontextmanager
async def held(rabbitmq_url: str, service: ServiceName) -> AsyncIterator[list[DeadLetter]]:
    """All there are, each for us alone; what is not acked in the block is back in its queue, as it was, after it."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        try:
            # Ends with the connection. Two at a time would each see what the other does not hold.
            await channel.declare_queue(f"leadctl.dead.{service}", exclusive=True)
        except ChannelLockedResource:
            fail(f"another leadctl is at the dead letters of {service}: try again when it has ended")
        channel = await connection.channel()
        queue = await channel.get_queue(dead_letters_of(service))
        letters = [DeadLetter(service, message) async for message in _all_of(queue)]
        yield letters
        for letter in letters:
            if not letter.message.processed:
                await letter.message.nack(requeue=True)
        # Answered after all that was sent before it: the next one to look sees them.
        await channel.declare_queue(queue.name, passive=True)


async def _all_of(queue: AbstractQueue) -> AsyncIterator[AbstractIncomingMessage]:
    while message := await queue.get(fail=False):
        yield message


async def redrive(publisher: Publisher, letter: DeadLetter) -> None:
    """Back to the consumer's queue with a fresh budget of tries. Raises what the broker answers; then it stays dead."""
    redriven = int(str(letter.message.headers.get("redriven", 0))) + 1
    kept = {
        name: str(letter.message.headers[name]) for name in _KEPT_ON_REDRIVE if name in letter.message.headers
    }
    await _copy(publisher, letter, letter.queue, {**kept, "redriven": redriven})
    await letter.message.ack()


async def discard(publisher: Publisher, letter: DeadLetter, reason: str) -> None:
    """Kept whole in the stream of discarded ones, and noted in the audit, before it goes."""
    headers: dict[str, str | int] = {
        "service": letter.service,
        "queue": letter.queue,
        "reason": letter.reason,
        "attempt": letter.attempt,
        "stack": letter.stack,
        "discarded-by": audit.operator(),
        "discarded-because": reason,
    }
    await _copy(publisher, letter, DISCARDED_STREAM, headers)
    await audit.note(
        publisher, "dead letter discarded", reason,
        service=letter.service, id=letter.id, type=letter.type, died_of=letter.reason.split(":")[0],
    )  # fmt: skip
    await letter.message.ack()


async def _copy(
    publisher: Publisher, letter: DeadLetter, queue: str, headers: Mapping[str, str | int]
) -> None:
    await publisher.publish(
        "",
        queue,
        letter.message.body,
        message_id=letter.message.message_id or "",
        content_type=letter.message.content_type or "",
        headers=headers,
    )
