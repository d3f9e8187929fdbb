"""What the clock starts: due touches and messages every second and whenever somebody wakes it, and the search for lost ones."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from uuid import UUID

import structlog
from shared.availability import Availability
from shared.clock import Clock
from shared.db.engine import transaction
from shared.events.notification import OutboundChannel
from shared.retention import Remover

from notifier.actions.sending import (
    Channels,
    Claimed,
    channel_of_letter,
    claim_due,
    deliver,
)
from notifier.actions.strangers import tell_shops
from notifier.actions.touches import fire_due_touches
from notifier.actions.unknowns import give_up_claims, look_up_texts, report_unknown, rescue_mails
from notifier.deps import Deps
from notifier.domain.outcome import WAITING, Outcome, is_away, of_provider
from notifier.holdings import RETENTION
from notifier.store import deliveries, replicas
from notifier.store.deliveries import Due

log = structlog.get_logger()

SECONDS = 1.0
LOOK_SECONDS = 5.0
"""What nobody waits for by the second: lost messages, and words of strangers, of which a person is told."""
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
        self._providers = {channel: Availability() for channel in Channels}
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
        due, now = await _due(self._deps)
        full = [await fire_due_touches(self._deps, one, now) for one, found in due.items() if found.touches]
        self._woken.update(one for one, found in due.items() if found.touches or found.messages)
        if any(full):
            self._last_round = float("-inf")
        return any(full)

    def _room(self) -> Mapping[OutboundChannel, int]:
        now = time.monotonic()
        return {
            channel: provider.room(IN_FLIGHT_PER_CHANNEL, self._in_flight[channel], now)
            for channel, provider in self._providers.items()
        }

    async def _deliver(self, claimed: Claimed, channel: OutboundChannel) -> None:
        try:
            self._heed(channel, await deliver(self._deps, claimed))
        except Exception:
            # The edge of one delivery: its claim runs out and it is looked for like any other lost one.
            log.exception("delivery.broke_off", delivery_id=str(claimed.delivery_id))
        finally:
            self._in_flight[channel] -= 1
            self._serve_starved()

    def _heed(self, channel: OutboundChannel, outcome: Outcome) -> None:
        if not of_provider(outcome):
            return
        if is_away(outcome):
            self._providers[channel].failed(time.monotonic())
        elif self._providers[channel].answered(time.monotonic()):
            self._track(self._wake_waiting(channel))

    async def _wake_waiting(self, channel: OutboundChannel) -> None:
        """The provider is back after a long while."""
        log.info("provider.back", channel=channel)
        due, now = await _due(self._deps)
        for tenant_id in due:
            async with transaction(self._deps.sessions, tenant_id) as session:
                await deliveries.wake_waiting(session, tenant_id, channel, WAITING, now)
            self.wake(tenant_id)

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


def build_rescue(deps: Deps) -> Clock:
    """Looks after deliveries that nobody came back for."""

    async def work() -> bool:
        due, now = await _due(deps)
        open_ = [tenant_id for tenant_id, found in due.items() if found.open]
        for tenant_id in open_:
            await find_lost(deps, tenant_id, now)
        await report_unknown(deps, open_)
        return False

    return Clock("rescue", work, LOOK_SECONDS)


def build_stranger_notices(deps: Deps) -> Clock:
    """Tells shops of strangers; apart from the others, which must not wait for a slow mail server."""

    async def work() -> bool:
        due, now = await _due(deps)
        for tenant_id in (one for one, found in due.items() if found.notices):
            await tell_shops(deps, tenant_id, now)
        return False

    return Clock("stranger-notices", work, LOOK_SECONDS)


async def _due(deps: Deps) -> tuple[Mapping[UUID, Due], datetime]:
    """By tenant, and the database's time; one transaction, whatever their number."""
    async with transaction(deps.sessions, tenant_id=None) as session:
        everybody, now = await replicas.tenants(session), await deliveries.clock(session)
        return await deliveries.due_for(session, everybody, now), now


async def find_lost(deps: Deps, tenant_id: UUID, now: datetime) -> None:
    await give_up_claims(deps, tenant_id, now)
    await look_up_texts(deps, tenant_id, now)
    await rescue_mails(deps, tenant_id, now)


def build_remover(deps: Deps) -> Remover:
    return Remover(deps.sessions, RETENTION, deps.settings.retention_ages(), replicas.tenants)
