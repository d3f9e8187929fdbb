"""A customer of the sample shop, who has nothing but a browser, a phone and an inbox."""

import re
import secrets
from typing import Any
from uuid import UUID, uuid4

import httpx2
from ops.stack.stackfile import StackFile

from testkit.patience import eventually

Json = dict[str, Any]


class Customer:
    """`email` and `phone` are invented and new, so that customers of different tests never meet."""

    def __init__(self, stack: StackFile, http: httpx2.AsyncClient, answer_seconds: float = 40) -> None:
        self._answer_seconds = answer_seconds
        self._stack = stack
        self._http = http
        self.email = f"sample.{secrets.token_hex(5)}@example.com"
        self.phone = f"+1619555{secrets.randbelow(10_000):04d}"
        self.token = ""

    async def asks_the_shop(self, **lead: object) -> Json:
        """Fills in the shop's own website, which makes an order in ShopMonkey; the sandbox's answer."""
        body = {"location": "Store094", "email": self.email, "phone": self.phone, **lead}
        answer = await self._http.post(f"{self._stack.sandbox}/control/leads", json=body)
        assert answer.status_code == 201, answer.text
        created: Json = answer.json()
        return created

    async def opens_the_link(self) -> Json:
        """From the first e-mail; the session."""
        [mail] = await self.received("email")
        link = re.search(r"/c/([\w.=-]+)", mail["text"])
        assert link, mail["text"]
        self.token = link[1]
        return await self.session()

    async def session(self) -> Json:
        async def loaded() -> Json | None:
            answer = await self.get("/api/chat/session/me")
            return answer.json() if answer.status_code == 200 else None

        found = await eventually(loaded)
        assert found is not None
        return found

    async def lead_id(self) -> UUID:
        return UUID((await self.session())["lead"]["id"])

    async def says(self, text: str) -> list[Json]:
        return await self._send({"text": text})

    async def presses(self, action: str) -> list[Json]:
        return await self._send({"action": action})

    async def received(self, channel: str, *, count: int = 1) -> list[Json]:
        """At least `count` messages on the channel, oldest first."""

        async def enough() -> list[Json]:
            messages = await self.inbox(channel)
            return messages if len(messages) >= count else []

        return await eventually(enough)

    async def inbox(self, channel: str) -> list[Json]:
        address = self.email if channel == "email" else self.phone
        answer = await self._http.get(
            f"{self._stack.sandbox}/control/inbox", params={"to": address, "channel": channel}
        )
        messages: list[Json] = answer.json()
        return messages

    async def get(self, path: str, **params: str | int) -> httpx2.Response:
        return await self._http.get(self._stack.gateway + path, params=params, headers=self._bearer())

    async def post(self, path: str, body: Json, **headers: str) -> httpx2.Response:
        return await self._http.post(
            self._stack.gateway + path, json=body, headers={**self._bearer(), **headers}
        )

    async def _send(self, message: Json) -> list[Json]:
        """Patient, as the page is: a message not stored is sent again, a late answer is waited for."""
        body = {"client_id": str(uuid4()), **message}

        async def stored() -> httpx2.Response | None:
            answer = await self.post("/api/chat/message", body, Prefer="wait=20")
            return None if answer.status_code == 503 else answer

        answer = await eventually(stored, within_seconds=60, every_seconds=0.5)
        assert answer is not None
        assert answer.status_code in {200, 202}, answer.text
        sent: Json = answer.json()
        if "replies" in sent:
            first: list[Json] = sent["replies"]
            return first

        async def replied() -> list[Json]:
            later = await self.get("/api/chat/messages", after=sent["message"]["seq"])
            found = later.json()["messages"] if later.status_code == 200 else []
            return [one for one in found if one["author"] != "customer"]

        return await eventually(replied, within_seconds=self._answer_seconds)

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


def part(replies: list[Json], kind: str) -> Json:
    """The last part of that kind in the replies."""
    parts: list[Json] = [one for reply in replies for one in reply.get("parts") or [] if one["kind"] == kind]
    assert parts, f"no {kind} in {[reply['text'] for reply in replies]}"
    return parts[-1]
