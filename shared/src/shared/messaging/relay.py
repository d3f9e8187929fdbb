"""Outbox to broker: one active relay for each service, woken by NOTIFY, in order for each subject."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import groupby
from operator import itemgetter

import asyncpg
import structlog
from aio_pika.exceptions import DeliveryError

from shared.db.engine import COMMAND_TIMEOUT_SECONDS, connect
from shared.events import CONTENT_TYPE, WORDS_OF_CUSTOMERS
from shared.messaging.publisher import Publisher, message_of
from shared.messaging.topology import EVENTS_EXCHANGE, LOG_EXCHANGE
from shared.telemetry.logs import without_words
from shared.telemetry.metrics import EVENTS_PUBLISHED, OUTBOX_OLDEST_SECONDS

log = structlog.get_logger()

BATCH_ROWS = 1000
"""One claim, one mark and one commit for so many; with 200 these took twice as long for each row."""
IN_FLIGHT = 200
"""Subjects at once. More would only wait for each other in front of the socket, while their time runs."""
POLL_SECONDS = 1.0
"""How often a relay looks that has left something, and a standby asks for the lock."""
IDLE_SECONDS = 4.0
"""How often one looks that left nothing: the fallback when a NOTIFY is missed, below the 5 s promised."""
PAUSE_AFTER_FAILURE_SECONDS = 0.5
REFUSED_PAUSE_SECONDS = 5.0
"""How long a subject waits whose event the broker returned (its queue is missing), so that a batch has room for others."""

_CLAIM = """
SELECT id, event_id, type, key, body FROM outbox WHERE published_at IS NULL AND key <> ALL($2::text[])
ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
_WORDS_FIRST = """
SELECT id, event_id, type, key, body FROM outbox WHERE published_at IS NULL AND key <> ALL($2::text[]) AND key IN (
    SELECT key FROM outbox JOIN unnest($3::text[], $4::bytea[]) AS words (type, mark) USING (type)
    WHERE published_at IS NULL AND position(mark IN body) > 0
) ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED
"""
"""Of leads whose customer's words wait, all that waits: their events keep their order."""
_DONE = "UPDATE outbox SET published_at = clock_timestamp() WHERE id = ANY($1::bigint[])"
_FAILED = """
UPDATE outbox SET attempts = attempts + 1, last_error = failed.reason
FROM unnest($1::bigint[], $2::text[]) AS failed (id, reason) WHERE outbox.id = failed.id
"""
_OLDEST = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 FROM outbox WHERE published_at IS NULL
"""
_LOCK = "SELECT pg_try_advisory_lock(hashtext('outbox relay'), hashtext(current_schema()))"


class Relay:
    """Publishes what the service's outbox holds, first to the log and then to the consumers.

    A row is marked only after both were confirmed: a crash in between repeats an event and never loses one.
    While more waits than one batch holds, leads whose customer has written come first.
    """

    def __init__(self, dsn: str, publisher: Callable[[], Publisher], service: str) -> None:
        self._dsn = dsn
        self._publisher = publisher
        self._service = service
        self._wake = asyncio.Event()
        self._logged: set[int] = set()
        self._refused_until: dict[str, float] = {}
        self._measure_at = 0.0
        self._words = [(event.type, mark) for event, mark in WORDS_OF_CUSTOMERS if event.publisher == service]
        self._behind = True
        self._failed = False

    async def run(self) -> None:
        """Until cancelled; survives the loss of either connection."""
        while True:
            try:
                async with self._connection() as connection:
                    await self._become_active(connection)
                    await connection.add_listener("outbox_" + await _schema(connection), self._notified)
                    await self._relay_forever(connection)
            except Exception as error:  # noqa: BLE001 - the relay's edge: rows stay, another round follows
                log.warning("relay.failed", service=self._service, reason=without_words(error))
                await asyncio.sleep(PAUSE_AFTER_FAILURE_SECONDS)

    async def drain(self) -> int:
        """Publishes all there is and answers the number of events; raises what the broker or database raises."""
        total = 0
        async with self._connection() as connection:
            while published := await self._round(connection):
                total += published
        return total

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await connect(
            self._dsn, application_name=f"{self._service}-relay", command_seconds=COMMAND_TIMEOUT_SECONDS
        )
        try:
            yield connection
        finally:
            await asyncio.shield(_close(connection))

    async def _become_active(self, connection: asyncpg.Connection) -> None:
        while not await connection.fetchval(_LOCK):  # noqa: ASYNC110 - only the database knows when the lock is free
            await asyncio.sleep(POLL_SECONDS)
        log.info("relay.active", service=self._service)

    def _notified(self, *_: object) -> None:
        self._wake.set()

    async def _relay_forever(self, connection: asyncpg.Connection) -> None:
        """A full batch is followed at once; after any other one a NOTIFY tells of more, and after a while is looked anyway."""
        while True:
            self._wake.clear()
            await self._round(connection)
            await self._measure(connection)
            if not self._behind:
                await self._woken()

    async def _measure(self, connection: asyncpg.Connection) -> None:
        """At most once a second, and no less under load: a growing backlog is what the figure is for."""
        if not self._left:
            OUTBOX_OLDEST_SECONDS.labels(service=self._service).set(0)
        elif time.monotonic() >= self._measure_at:
            OUTBOX_OLDEST_SECONDS.labels(service=self._service).set(await connection.fetchval(_OLDEST))
            self._measure_at = time.monotonic() + POLL_SECONDS

    @property
    def _left(self) -> bool:
        """Something waits that the last round saw."""
        return self._behind or self._failed or bool(self._refused_until)

    async def _woken(self) -> None:
        # Not wait_for: on Python 3.11 it loses a cancellation that comes together with the wake-up.
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS if self._left else IDLE_SECONDS):
                await self._wake.wait()

    async def _round(self, connection: asyncpg.Connection) -> int:
        words, self._failed = 0, False
        if self._behind and self._words:
            words, _ = await self._batch(connection, _WORDS_FIRST, *map(list, zip(*self._words, strict=True)))
        published, taken = await self._batch(connection, _CLAIM)
        self._behind = taken == BATCH_ROWS
        return words + published

    async def _batch(
        self, connection: asyncpg.Connection, claim: str, *marks: list[str | bytes]
    ) -> tuple[int, int]:
        """How many were published, and of how many taken.

        Subjects go out side by side, the events of one subject in order; a subject stops at its first failure.
        """
        async with connection.transaction():
            rows = await connection.fetch(claim, BATCH_ROWS, self._waiting(), *marks)
            by_subject = groupby(sorted(rows, key=itemgetter("key", "id")), key=itemgetter("key"))
            done, failures = await self._publish_side_by_side([list(group) for _, group in by_subject])
            if done:
                await connection.execute(_DONE, done)
            if failures:
                await connection.execute(_FAILED, *map(list, zip(*failures, strict=True)))
        if failures:
            self._failed = True
            log.warning(
                "relay.not_published", service=self._service, rows=len(failures), reason=failures[0][1]
            )
            await asyncio.sleep(PAUSE_AFTER_FAILURE_SECONDS)
        return len(done), len(rows)

    async def _publish_side_by_side(
        self, subjects: list[list[asyncpg.Record]]
    ) -> tuple[list[int], list[tuple[int, str]]]:
        """Ids of what was published, and failures. While the broker is away, what has not begun is left to the next batch."""
        done: list[int] = []
        failures: list[tuple[int, str]] = []
        waiting = iter(subjects)

        async def work() -> None:
            for rows in waiting:
                failed = await self._publish_in_order(rows, done)
                if failed is None:
                    continue
                row, error = failed
                failures.append((row["id"], _why(error)[:500]))
                if not isinstance(error, DeliveryError):
                    return
                self._refused_until[row["key"]] = time.monotonic() + REFUSED_PAUSE_SECONDS

        await asyncio.gather(*(work() for _ in range(min(IN_FLIGHT, len(subjects)))))
        return done, failures

    async def _publish_in_order(
        self, rows: list[asyncpg.Record], done: list[int]
    ) -> tuple[asyncpg.Record, Exception] | None:
        for row in rows:
            try:
                await self._publish(row)
            except Exception as error:  # noqa: BLE001 - kept in the row, tried again
                return row, error
            done.append(row["id"])
        return None

    async def _publish(self, row: asyncpg.Record) -> None:
        """Each try goes on where the last one ended: an event that waits for its queue is in the log once."""
        message = message_of(
            row["body"], type_=row["type"], message_id=str(row["event_id"]), content_type=CONTENT_TYPE
        )
        if row["id"] not in self._logged:
            await self._publisher().send(LOG_EXCHANGE, message)
            self._logged.add(row["id"])
        await self._publisher().send(EVENTS_EXCHANGE, message)
        self._logged.discard(row["id"])
        EVENTS_PUBLISHED.labels(type=row["type"]).inc()

    def _waiting(self) -> list[str]:
        now = time.monotonic()
        self._refused_until = {key: until for key, until in self._refused_until.items() if until > now}
        return list(self._refused_until)


async def _schema(connection: asyncpg.Connection) -> str:
    return str(await connection.fetchval("SELECT current_schema()"))


async def _close(connection: asyncpg.Connection) -> None:
    try:
        await connection.close(timeout=2)
    except (TimeoutError, OSError, asyncpg.PostgresError):
        connection.terminate()


def _why(error: Exception) -> str:
    """With what the broker calls it: `NO_ROUTE`."""
    code = getattr(getattr(error, "frame", None), "reply_text", None)
    return f"{code}: {without_words(error)}" if code else without_words(error)
