"""The clocks: one answers owed conversations side by side, one looks after those that a person was asked for."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import structlog
from shared.clock import Clock
from shared.retention import Remover

from chat import store
from chat.actions.answering import Owed, Seat, answer_owed, claim_owed
from chat.actions.assistant import Assistant
from chat.actions.handing_off import end_next_idle, escalate_next
from chat.actions.presence import forget_absent
from chat.deps import Deps
from chat.holdings import RETENTION
from chat.settings import Settings

log = structlog.get_logger()

FALLBACK_SECONDS = 1.0
"""How often to look for work that nobody rang for: another replica's, or that of one that died."""
HANDOFF_SECONDS = 5.0
AT_ONCE = 100
"""Answers in the making in one process; an answer mostly waits, for the model or for the customer to stop typing."""
_RING_MARGIN_SECONDS = 0.005


class AnsweringClock:
    def __init__(self, deps: Deps, assistants: Sequence[Assistant]) -> None:
        self._deps = deps
        self._assistants = assistants
        self._clock = Clock("chat-answers", self._claim, FALLBACK_SECONDS)
        self._answers: set[asyncio.Task[None]] = set()
        self._seats_kept = 0
        deps.bell.connect(self._ring)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            async with self._clock.running():
                yield
        finally:
            for answer in self._answers:
                answer.cancel()
            await asyncio.gather(*self._answers, return_exceptions=True)

    async def drain(self) -> int:
        """Answers all that is due now, one after another; the number of conversations taken up."""
        count = 0
        while owed := await claim_owed(self._deps):
            await answer_owed(self._deps, self._assistants, owed)
            count += 1
        return count

    def _ring(self, after_seconds: float) -> None:
        delay = after_seconds + _RING_MARGIN_SECONDS if after_seconds else 0
        asyncio.get_running_loop().call_later(delay, self._clock.wake)

    async def _claim(self) -> bool:
        with self.seat() as seat:
            if seat.free:
                seat.owed = await claim_owed(self._deps)
            return seat.owed is not None

    @contextmanager
    def seat(self) -> Iterator[Seat]:
        free = len(self._answers) + self._seats_kept < AT_ONCE
        seat = Seat(free)
        self._seats_kept += free
        try:
            yield seat
        finally:
            self._seats_kept -= free
        if seat.owed is not None:
            answer = asyncio.create_task(self._answer(seat.owed), name="chat-answer")
            self._answers.add(answer)
            answer.add_done_callback(self._done)

    def _done(self, answer: asyncio.Task[None]) -> None:
        if len(self._answers) >= AT_ONCE:
            self._clock.wake()  # somebody may have found no seat
        self._answers.discard(answer)

    async def _answer(self, owed: Owed) -> None:
        try:
            if not await answer_owed(self._deps, self._assistants, owed):
                self._clock.wake()  # dropped for something newer, which is owed now
        except Exception:
            # The edge of one answer: its lease runs out and it is tried again.
            log.exception("answer.failed", conversation_id=str(owed.scene.conversation.id))


def handoff_clock(deps: Deps, idle_after: timedelta) -> Clock:
    async def look() -> bool:
        await forget_absent(deps)
        return await escalate_next(deps) or await end_next_idle(deps, idle_after)

    return Clock("chat-handoffs", look, HANDOFF_SECONDS)


def build_remover(deps: Deps, settings: Settings) -> Remover:
    return Remover(deps.sessions, RETENTION, settings.retention_ages(), store.tenant_ids, now=deps.now)
