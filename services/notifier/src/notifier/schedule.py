"""What the clock starts: due touches and messages every second and whenever somebody wakes it, and the search for lost ones."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from uuid import UUID

import structlog
from shared.clock import Clock
from shared.db.engine import transaction
from shared.events.notification import OutboundChannel

from notifier.actions.sending import Channels, Claimed, channel_of_letter, claim_due, deliver
from notifier.actions.touches import fire_due_touches
from notifier.actions.unknowns import give_up_claims, look_up_texts, report_unknown
from notifier.deps import Deps
from notifier.store import deliveries, replicas

log = structlog.get_logger()

SECONDS = 1.0
IN_FLIGHT_PER_CHANNEL = 20
FINISH_SECONDS = 8
"""On a stop: so long may calls under way finish, so that none of them is left unknown."""


class Sender:
    """Claims what is due and has at most `IN_FLIGHT_PER_CHANNEL` calls under way for each channel.

    A tenant that was woken is served at once; all of them are at least once a second.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._clock = Clock("sender", self._work, SECONDS)
        self._woken: set[UUID] = set()
        self._starved: set[UUID] = set()
        self._in_flight: Counter[OutboundChannel] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_round = float("-inf")

    def wake(self, tenant_id: UUID) -> None:
        self._woken.add(tenant_id)
        self._clock.wake()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._clock.running():
            yield
        await self._finish()

    async def send_due(self, tenant_id: UUID, now: datetime | None = None) -> None:
        """Starts what is due for one tenant as far as there is room; `settled` waits for the results.

        Without `now` by the database's clock.
        """
        room = self._room()
        if not any(room.values()):
            self._starved.add(tenant_id)
            return
        # Shielded: a claim that commits while we are being stopped must still be sent, or nobody would know of it.
        await asyncio.shield(self._track(self._claim_and_start(tenant_id, room, now)))

    async def _claim_and_start(
        self, tenant_id: UUID, room: Mapping[OutboundChannel, int], now: datetime | None
    ) -> None:
        for claimed in await claim_due(self._deps, tenant_id, room, now):
            channel = channel_of_letter(claimed.letter)
            self._in_flight[channel] += 1
            self._track(self._deliver(claimed, channel))
        if any(count == 0 for count in self._room().values()):
            self._starved.add(tenant_id)

    def _track(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def settled(self) -> None:
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self) -> bool:
        more = False
        if time.monotonic() - self._last_round >= SECONDS:
            self._last_round = time.monotonic()
            more = await self._round()
        while self._woken:
            await self.send_due(self._woken.pop())
        return more

    async def _round(self) -> bool:
        """All tenants: touches whose day has come, then whatever is due; True: more touches are due already."""
        async with transaction(self._deps.sessions, tenant_id=None) as session:
            everybody, now = await replicas.tenants(session), await deliveries.clock(session)
        full = [await fire_due_touches(self._deps, tenant_id, now) for tenant_id in everybody]
        self._woken.update(everybody)
        if any(full):
            self._last_round = float("-inf")
        return any(full)

    def _room(self) -> Mapping[OutboundChannel, int]:
        return {channel: IN_FLIGHT_PER_CHANNEL - self._in_flight[channel] for channel in Channels}

    async def _deliver(self, claimed: Claimed, channel: OutboundChannel) -> None:
        try:
            await deliver(self._deps, claimed)
        except Exception:
            # The edge of one delivery: its claim runs out and it is looked for like any other lost one.
            log.exception("delivery.broke_off", delivery_id=str(claimed.delivery_id))
        finally:
            self._in_flight[channel] -= 1
            self._serve_starved()

    def _serve_starved(self) -> None:
        if self._starved:
            self._woken |= self._starved
            self._starved.clear()
            self._clock.wake()

    async def _finish(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FINISH_SECONDS):
                await self.settled()
        late = list(self._tasks)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


class Finder:
    """Looks after deliveries that nobody came back for."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._clock = Clock("finder", self._work, SECONDS)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._clock.running():
            yield

    async def _work(self) -> bool:
        async with transaction(self._deps.sessions, tenant_id=None) as session:
            everybody, now = await replicas.tenants(session), await deliveries.clock(session)
        for tenant_id in everybody:
            await find_lost(self._deps, tenant_id, now)
        await report_unknown(self._deps, everybody)
        return False


async def find_lost(deps: Deps, tenant_id: UUID, now: datetime) -> None:
    await give_up_claims(deps, tenant_id, now)
    await look_up_texts(deps, tenant_id, now)
