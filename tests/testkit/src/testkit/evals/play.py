"""One customer's conversation, from the lead to the last answer."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

import httpx2
from ops.stack.stackfile import StackFile

from testkit.customer import Customer, Json
from testkit.evals.cases import Burst, Case, Choose, Press, Step

CHOICES = 5
"""A time may be taken by another customer meanwhile; then one of the new offer is chosen, so many times at most."""


@dataclass
class Transcript:
    """`lines`: who said what. `last`: the newest replies, with their parts. `chosen`: the start of the time chosen last."""

    lead_id: str = ""
    token: str = ""
    lines: list[tuple[str, str]] = field(default_factory=list)
    last: list[Json] = field(default_factory=list)
    chosen: datetime | None = None
    broke: str | None = None

    @property
    def replies(self) -> list[str]:
        return [text for who, text in self.lines if who == "assistant"]


class ScriptError(Exception):
    """The script cannot go on: there is no time to choose."""


async def play(
    case: Case, run: int, stack: StackFile, http: httpx2.AsyncClient, answer_seconds: float = 40
) -> Transcript:
    """`run` picks the wordings. Whatever breaks is kept in the transcript."""
    heard = Transcript()
    customer = Customer(stack, http, answer_seconds)
    try:
        await customer.asks_the_shop(**case.lead)
        heard.lead_id = (await customer.opens_the_link())["lead"]["id"]
        heard.token = customer.token
        actor = _Actor(customer, heard)
        for step in case.says:
            await actor.take(step, run)
    except (ScriptError, AssertionError, httpx2.HTTPError) as error:
        heard.broke = repr(error)[:300]
    return heard


class _Actor:
    def __init__(self, customer: Customer, heard: Transcript) -> None:
        self._customer = customer
        self._heard = heard
        self._offer: list[Json] = []

    async def take(self, step: Step, run: int) -> None:
        match step:
            case Press(press=action):
                self._hear(f"[{action}]", await self._customer.presses(action))
            case Burst(burst=words):
                await self._write_at_once(words)
            case Choose():
                await self._choose(step)
            case _:
                wording = step[run % len(step)]
                self._hear(wording, await self._customer.says(wording))

    async def _write_at_once(self, words: tuple[str, ...]) -> None:
        answers = await asyncio.gather(*map(self._customer.says, words), return_exceptions=True)
        failed = [answer for answer in answers if isinstance(answer, BaseException)]
        if failed:
            raise failed[0]
        replies = [
            reply for answer in answers[-1:] if not isinstance(answer, BaseException) for reply in answer
        ]
        self._hear(" / ".join(words), replies)

    async def _choose(self, step: Choose) -> None:
        for _ in range(CHOICES):
            if not self._offer:
                raise ScriptError("no times on offer")
            slot = self._offer[min(step.choose, len(self._offer)) - 1]
            self._offer = []
            self._heard.chosen = datetime.fromisoformat(slot["start"])
            if step.by == "button":
                self._hear(f"[{slot['label']}]", await self._customer.presses(slot["action"]))
            else:
                words = _in_words(self._heard.chosen)
                self._hear(words, await self._customer.says(words))
            if not self._offer:
                return

    def _hear(self, said: str, replies: list[Json]) -> None:
        self._heard.lines.append(("customer", said))
        self._heard.last = replies
        for reply in replies:
            self._heard.lines.append((reply["author"], reply["text"]))
            for part in reply.get("parts") or []:
                if part["kind"] == "slots":
                    self._offer = part["slots"]


def _in_words(start: datetime) -> str:
    """`start` is local at the shop, as the page shows it."""
    return f"{start:%A}, {start:%B} {start.day} at {start.hour % 12 or 12}:{start:%M} {start:%p}"
