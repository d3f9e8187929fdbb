"""A seeded stream of customers: a lead comes in, some chat, some book; each of them insists as its real sender would."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx2
from testkit.shopmonkey import body_of, deliver, order_row, signed_headers

from faults.system import System

Json = dict[str, Any]

INSISTS_SECONDS = 300
"""Longer than the longest outages of a scenario together: 90 s without the broker, then 90 s without the database."""
PAUSE_SECONDS = 0.4
NOT_YET = "received, not yet confirmed"
MOST_STORIES = 20
LOCATIONS = {"Store094": "sample-sm-094", "Store201": "sample-sm-201"}
QUESTIONS = (
    "How much is the full car ceramic tint?",
    "What does front windows only cost?",
    "When can I come in?",
)
SERVICES = ("front-two", "full-ceramic")


@dataclass
class Story:
    """What one customer did and was told; the audit holds the system to it. `gave_up`: what it waited for in vain."""

    number: int
    location: str
    email: str
    phone: str
    webhook_id: str
    order_id: str = ""
    answers: list[int] = field(default_factory=list)
    token: str = ""
    said: list[tuple[str, str]] = field(default_factory=list)
    appointment: Json | None = None
    gave_up: str = ""

    @property
    def accepted(self) -> bool:
        return any(status in {200, 202} for status in self.answers)


Book = Callable[[Story, random.Random], Awaitable[None]]


class Load:
    """Customers arrive at random moments, `per_second` of them on average. `refused`: who found an endpoint shut, and how."""

    def __init__(self, system: System, *, name: str, seed: int, per_second: float = 1.5) -> None:
        self.system = system
        self.name = name
        self.seed = seed
        self.dice = random.Random(f"{seed}:{name}")
        self.stories: list[Story] = []
        self.refused: list[str] = []
        self.secrets = [system.stack.secrets["webhook_secret"]]
        self._per_second = per_second
        self._tasks: list[asyncio.Task[None]] = []
        self._over = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Customers arrive until the block ends; then all stories are told to their end. An error ends them at once."""
        arrivals = asyncio.create_task(self._arrive())
        try:
            yield
            self._over.set()
            await asyncio.gather(arrivals, *self._tasks)
        finally:
            for task in (arrivals, *self._tasks):
                task.cancel()
            await asyncio.gather(arrivals, *self._tasks, return_exceptions=True)

    async def _arrive(self) -> None:
        while not self._over.is_set() and len(self.stories) < MOST_STORIES:
            self.new_story()
            try:
                async with asyncio.timeout(self.dice.expovariate(self._per_second)):
                    await self._over.wait()
            except TimeoutError:
                continue

    def new_story(
        self,
        *,
        chats: bool | None = None,
        books: bool | None = None,
        in_chat: bool = False,
        duplicates: int = 0,
    ) -> tuple[Story, asyncio.Task[None]]:
        """Begins at once. The dice decide what is left open: half of them chat, a third of those book. `in_chat`: by its buttons."""
        number = len(self.stories)
        story = Story(
            number=number,
            location=self.dice.choice(tuple(LOCATIONS)),
            email=f"{self.name}.{number}@example.com",
            phone=self.system.new_phone(),
            webhook_id=f"msg_{self.name}_{number}",
        )
        wants_chat = self.dice.random() < 0.6 if chats is None else chats
        wants_booking = wants_chat and self.dice.random() < 0.5 if books is None else books
        self.stories.append(story)
        book = (self._books_in_chat if in_chat else self._books) if wants_booking else None
        task = asyncio.create_task(self._tell(story, wants_chat, book, duplicates))
        self._tasks.append(task)
        return story, task

    async def _tell(self, story: Story, chats: bool, book: Book | None, duplicates: int) -> None:
        dice = random.Random(f"{self.seed}:{self.name}:{story.number}")
        try:
            await self._makes_an_order(story)
            await asyncio.gather(*(self.sends_the_webhook(story) for _ in range(1 + duplicates)))
            if not (chats or book):
                return
            await self._finds_the_link(story)
            if chats:
                await self._chats(story, dice)
            if book:
                await book(story, dice)
        except TimeoutError as error:
            story.gave_up = str(error)

    async def _makes_an_order(self, story: Story) -> None:
        """In the shop's own system, which then tells us; without its own webhook, since we play that sender."""
        lead = {
            "location": story.location,
            "email": story.email,
            "phone": story.phone,
            "first_name": f"Sample{story.number}",
            "webhook": False,
        }
        story.order_id = (await self.system.control("POST", "/leads", lead))["order_id"]

    async def sends_the_webhook(self, story: Story) -> None:
        """The same delivery again until it is answered 2xx, freshly signed each time."""
        body = body_of(order_row(LOCATIONS[story.location], id=story.order_id))

        async def send() -> httpx2.Response:
            headers = signed_headers(self.dice.choice(self.secrets), body, webhook_id=story.webhook_id)
            return await deliver(self.system.http, self.system.stack.gateway, body, headers)

        answer = await self._insist(send, f"webhook of lead {story.number}")
        story.answers.append(answer.status_code)

    async def _finds_the_link(self, story: Story) -> None:
        """In whatever message comes first: a mail may be lost for good where a text is not."""
        deadline = asyncio.get_running_loop().time() + INSISTS_SECONDS
        while not story.token:
            for address in (story.email, story.phone):
                for message in await self.system.control("GET", f"/inbox?to={quote(address)}"):
                    link = re.search(r"/c/([\w.=-]+)", message["text"])
                    story.token = link[1] if link else story.token
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"no message with a link reached lead {story.number}")
            await asyncio.sleep(0.2)

    async def _chats(self, story: Story, dice: random.Random) -> None:
        await self._ask(story, "GET", "/api/chat/session/me")
        for _ in range(dice.randint(1, 2)):
            text, client_id = dice.choice(QUESTIONS), str(UUID(int=dice.getrandbits(128), version=4))
            await self._ask(story, "POST", "/api/chat/message", {"client_id": client_id, "text": text})
            story.said.append((client_id, text))
            await asyncio.sleep(dice.uniform(0.1, 1.5))

    async def _books(self, story: Story, dice: random.Random) -> None:
        """The slot shown may be gone by then; then another one is taken."""
        quote = await self._ask(story, "POST", "/api/booking/quotes", {"service": dice.choice(SERVICES)})
        first_day = datetime.now(UTC).date() + timedelta(days=dice.randint(2, 40))
        path = f"/api/booking/slots?quote_id={quote['id']}&from={first_day}&days=14"
        slots = (await self._ask(story, "GET", path))["slots"]
        while slots:
            start = slots.pop(dice.randrange(len(slots)))["start"]
            key = str(UUID(int=dice.getrandbits(128), version=4))
            body = {"quote_id": quote["id"], "start": start}
            answer = await self._call(story, "POST", "/api/booking/appointments", body, key=key)
            if answer.status_code == 201:
                story.appointment = answer.json()
                return
            assert answer.status_code == 409, answer.text

    async def _books_in_chat(self, story: Story, dice: random.Random) -> None:
        """By the buttons, from the start again whenever something stands in the way, until the chat says that it is booked."""
        deadline = asyncio.get_running_loop().time() + INSISTS_SECONDS
        await self._tells(story, dice, text="How much is the full car ceramic tint?")
        while story.appointment is None:
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError("the chat booked nothing")
            await asyncio.sleep(PAUSE_SECONDS)
            await self._tells(story, dice, action="pick_time")
            slots = _parts(await self._heard(story), "slots")[-1:]
            if not slots or not slots[0]["slots"]:
                continue
            await self._tells(story, dice, action=dice.choice(slots[0]["slots"])["action"])
            await self._tells(story, dice, action="confirm:yes")
            await self._waits_for_the_appointment(story)

    async def _waits_for_the_appointment(self, story: Story) -> None:
        """As long as the chat says that it is still looking."""
        while True:
            heard = await self._heard(story)
            told = _parts(heard, "appointment")
            if told:
                story.appointment = told[-1]["appointment"]
            if told or not heard or NOT_YET not in heard[-1]["text"]:
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _tells(self, story: Story, dice: random.Random, **said: str) -> None:
        """A text or the press of a button, and the answer to it is there."""
        client_id = str(UUID(int=dice.getrandbits(128), version=4))
        sent = await self._ask(story, "POST", "/api/chat/message", {"client_id": client_id, **said})
        deadline = asyncio.get_running_loop().time() + INSISTS_SECONDS
        while not any(one["seq"] > sent["message"]["seq"] for one in await self._heard(story)):
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"no answer to {said}")
            await asyncio.sleep(PAUSE_SECONDS)

    async def _heard(self, story: Story) -> list[Json]:
        """All that the shop's side has said."""
        messages: list[Json] = (await self._ask(story, "GET", "/api/chat/messages?after=0"))["messages"]
        return [one for one in messages if one["author"] != "customer"]

    async def _ask(self, story: Story, method: str, path: str, body: Json | None = None) -> Json:
        answer = await self._call(story, method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        found: Json = answer.json()
        return found

    async def _call(
        self, story: Story, method: str, path: str, body: Json | None = None, key: str = ""
    ) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {story.token}", **({"Idempotency-Key": key} if key else {})}

        async def send() -> httpx2.Response:
            url = self.system.stack.gateway + path
            return await self.system.http.request(method, url, json=body, headers=headers)

        return await self._insist(send, f"{method} {path} of lead {story.number}", also=(404, 429))

    async def _insist(
        self, send: Callable[[], Awaitable[httpx2.Response]], what: str, *, also: tuple[int, ...] = (429,)
    ) -> httpx2.Response:
        async def noted() -> httpx2.Response:
            try:
                answer = await send()
            except httpx2.TransportError as error:
                self.refused.append(f"{what}: {error!r}")
                raise
            if answer.status_code >= 500:
                self.refused.append(f"{what}: {answer.status_code} {answer.text[:200]}")
            return answer

        return await insist(noted, what, also=also)


def _parts(messages: list[Json], kind: str) -> list[Json]:
    return [part for one in messages for part in one.get("parts") or [] if part["kind"] == kind]


async def insist(
    send: Callable[[], Awaitable[httpx2.Response]], what: str, *, also: tuple[int, ...] = (429,)
) -> httpx2.Response:
    """The same request until it is answered with neither 5xx nor one of `also`; raises TimeoutError with the last answer."""
    deadline = asyncio.get_running_loop().time() + INSISTS_SECONDS
    last = "no answer"
    while asyncio.get_running_loop().time() < deadline:
        try:
            answer = await send()
            if answer.status_code < 500 and answer.status_code not in also:
                return answer
            last = f"{answer.status_code} {answer.text[:200]}"
        except httpx2.TransportError as error:
            last = repr(error)
        await asyncio.sleep(PAUSE_SECONDS)
    raise TimeoutError(f"{what}: {last}")
