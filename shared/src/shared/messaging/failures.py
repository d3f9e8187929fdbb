"""How a consumer fails: `RetryLater`, `DeadLetter`, the database being away, or a bug."""

import asyncio
import json
import traceback
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import structlog
from faststream import BaseMiddleware
from faststream.exceptions import RejectMessage
from faststream.message import StreamMessage
from pydantic import ValidationError

from shared.db.outage import is_outage
from shared.db.time import database_now
from shared.events import CONSUMES, ServiceName
from shared.messaging.publisher import Publisher
from shared.messaging.replay import delivered, replay_of
from shared.messaging.topology import RETRY_DELAYS_SECONDS, dead_letters_of, queue_for, retry_of
from shared.telemetry.logs import without_words
from shared.telemetry.metrics import EVENTS_CONSUMED, EVENTS_LAG_SECONDS
from shared.telemetry.traces import caused_by_event

log = structlog.get_logger()

LOST_DELIVERIES = 3
"""So often may deliveries of an event end without a word, with a killed process or a lost channel. Then it waits like one
that failed, so that an event which ends its process does not use up the tries of those that were in flight beside it."""

SOON_SECONDS, BY_AND_BY_SECONDS = RETRY_DELAYS_SECONDS[:2]
VENDOR_TRIES_SOON = 60
"""Ten minutes of them: most outages are over by then, and what waits is little."""
VENDOR_TRIES = 24 * 60
"""About a day: what is never answered may be about this event after all."""

HOLD_LIMIT_SECONDS = 120
"""How long an event is held un-acked while database or broker are away; far below the broker's consumer timeout."""


class RetryLater(Exception):
    """Something outside is not ready; the event comes back after the next delay of the retry ladder."""


class VendorAway(RetryLater):
    """Nobody can ask a vendor at the moment. The event comes back every ten seconds, later every minute; its tries are for what comes then."""


class DeadLetter(Exception):
    """The event can never be worked off; it is put aside at once with the reason."""


class DeliveriesLost(Exception):
    """Whoever worked on the event never came back, several times in a row; perhaps because of the event."""


async def decode(msg: StreamMessage[Any]) -> object:
    """The body of an event as JSON; what cannot be read is a dead letter, not a crash."""
    try:
        return json.loads(msg.body)
    except ValueError as error:
        raise DeadLetter(f"unreadable body: {error}") from error


def failure_middleware(
    service: ServiceName, publisher: Callable[[], Publisher]
) -> Callable[..., BaseMiddleware[Any, Any]]:
    """The middleware of a service's consumers. `publisher` is asked for at the time of a failure."""

    def build(msg: Any, /, *, context: Any) -> BaseMiddleware[Any, Any]:
        return _FailureMiddleware(msg, context=context, service=service, publisher=publisher)

    return build


class _FailureMiddleware(BaseMiddleware[Any, Any]):
    def __init__(
        self, msg: Any, /, *, context: Any, service: ServiceName, publisher: Callable[[], Publisher]
    ) -> None:
        super().__init__(msg, context=context)
        self._service = service
        self._publisher = publisher

    async def __aenter__(self) -> Self:
        return self

    async def consume_scope(
        self, call_next: Callable[[StreamMessage[Any]], Awaitable[Any]], msg: StreamMessage[Any]
    ) -> object:
        self._measure_lag()
        lost = int(msg.headers.get("x-delivery-count", 0))
        with caused_by_event(await msg.decode(), self._queue), delivered(msg.headers):
            if lost >= LOST_DELIVERIES:
                raise DeliveriesLost(f"{lost} deliveries ended without a word")
            return await _holding(lambda: call_next(msg), is_outage)

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> bool | None:
        """Puts a failed event where it belongs and lets FastStream ack it; cancellation leaves it to the broker."""
        if exc_val is None or not isinstance(exc_val, Exception):
            self._count("done" if exc_val is None else "cancelled")
            return False
        try:
            await _holding(lambda: self._put_aside(exc_val), lambda _: True)
        except Exception as failure:
            # The broker's delivery limit ends this: with the queue and the count in x-death, but no reason of ours.
            self._count("returned")
            log.warning("event.not_put_aside", queue=self._queue, exc_info=failure)
            raise RejectMessage(requeue=True) from exc_val
        return True

    async def _put_aside(self, error: Exception) -> None:
        """An outage that outlasts the holding goes the way of any error: what is not permanent has its tries."""
        attempt = int(self.msg.headers.get("attempt", 1))
        away = int(self.msg.headers.get("away", 0))
        permanent = isinstance(error, DeadLetter | ValidationError)
        if isinstance(error, VendorAway) and away < VENDOR_TRIES:
            delay_seconds = SOON_SECONDS if away < VENDOR_TRIES_SOON else BY_AND_BY_SECONDS
            await self._retry(error, attempt, delay_seconds, {"attempt": attempt, "away": away + 1})
        elif permanent or attempt > len(RETRY_DELAYS_SECONDS):
            await self._dead_letter(error, attempt)
        else:
            await self._retry(error, attempt, RETRY_DELAYS_SECONDS[attempt - 1], {"attempt": attempt + 1})

    async def _retry(
        self, error: Exception, attempt: int, delay_seconds: int, headers: dict[str, str | int]
    ) -> None:
        expected = isinstance(error, RetryLater)
        write = log.info if expected else log.error
        write(
            "event.retry",
            queue=self._queue,
            attempt=attempt,
            delay_seconds=delay_seconds,
            reason=_public(error),
        )
        await self._send(retry_of(self._service, delay_seconds), headers)
        self._count("retried")

    async def _dead_letter(self, error: Exception, attempt: int) -> None:
        log.error("event.dead_letter", queue=self._queue, attempt=attempt, reason=_public(error))
        stack = "".join(traceback.format_exception(error))[-8000:]
        await self._send(
            dead_letters_of(self._service),
            {"attempt": attempt, "reason": _reason(error), "stack": stack, "queue": self._queue},
        )
        self._count("dead_lettered")

    async def _send(self, exchange: str, headers: dict[str, str | int]) -> None:
        await self._publisher().publish(
            exchange,
            self._queue,
            self.msg.body,
            message_id=self.msg.message_id or "",
            content_type=self.msg.content_type or "",
            headers={**replay_of(self.msg.headers).headers, **headers},
        )

    @property
    def _queue(self) -> str:
        """The consumer's own queue: an event comes from the topic exchange by its type, or back from a delay by the queue's name."""
        routing_key = str(self.msg.routing_key)
        queues = {queue_for(self._service, event) for event in CONSUMES[self._service]}
        return routing_key if routing_key in queues else f"{self._service}.{routing_key}"

    def _measure_lag(self) -> None:
        """Of an event's first try: a later one has waited on purpose."""
        published_at = self.msg.timestamp
        if published_at is not None and "attempt" not in self.msg.headers:
            lag_seconds = (database_now() - published_at).total_seconds()
            EVENTS_LAG_SECONDS.labels(queue=self._queue).set(max(0.0, lag_seconds))

    def _count(self, outcome: str) -> None:
        EVENTS_CONSUMED.labels(queue=self._queue, outcome=outcome).inc()


async def _holding(call: Callable[[], Awaitable[Any]], passes: Callable[[Exception], bool]) -> object:
    """Tries again in place while the error is one that passes, so that an outage of seconds moves no event."""
    deadline = asyncio.get_running_loop().time() + HOLD_LIMIT_SECONDS
    pause_seconds = 0.2
    while True:
        try:
            return await call()
        except Exception as error:
            if not passes(error) or asyncio.get_running_loop().time() > deadline:
                raise
            log.warning("event.held", reason=_public(error))
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(5, pause_seconds * 2)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def _public(error: Exception) -> str:
    """For the log, which holds no personal data: a message may quote a row or a body, ours do not."""
    if isinstance(error, RetryLater | DeadLetter | DeliveriesLost):
        return _reason(error)
    return without_words(error)
