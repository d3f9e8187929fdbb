"""leadctl demo: one sample lead through the whole flow, with the time of each hop."""

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx2

from ops.hops import Hop, Watch, hops_of
from ops.screen import console, fail, refusal, show_table
from ops.settings import Settings

PATIENCE_SECONDS = 30
QUESTION = "Hi! How much is it to tint the whole car?"

Json = dict[str, Any]
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class Person:
    """An invented customer, new at every run, so that runs do not meet each other's leads."""

    email: str
    phone: str

    @classmethod
    def invented(cls) -> "Person":
        tag = secrets.randbelow(10_000)
        return cls(email=f"avery.sample.{secrets.token_hex(3)}@example.com", phone=f"+1619555{tag:04d}")


async def run(settings: Settings) -> None:
    """Prints each step as it happens, then the timeline and the addresses to go on with."""
    async with httpx2.AsyncClient(timeout=70, trust_env=False) as http, Watch(settings.rabbitmq_url) as watch:
        tour = Tour(settings, http)
        token = await tour.receive_link(await tour.send_lead())
        await tour.open_chat(token)
        await tour.ask_price(token)
        appointment = await tour.book(token)
        await tour.see_confirmation(appointment)
        lead_id = await tour.lead_id(token)
        await tour.see_everything_settled(lead_id, watch)
        _show(hops_of(watch.events, lead_id, tour.seen))
    _say_where(settings, token)


class Tour:
    """The customer's side, over the endpoints that a customer has, and the sandbox's view of what reached the outside."""

    def __init__(self, settings: Settings, http: httpx2.AsyncClient) -> None:
        self._gateway = settings.gateway_url
        self._admin = settings.admin_url or settings.gateway_url
        self._sandbox = settings.sandbox_url
        self._ops = {"Authorization": f"Bearer {settings.ops_token.get_secret_value()}"}
        self._http = http
        self._person = Person.invented()
        self.seen: list[Hop] = []

    async def send_lead(self) -> str:
        """The order's id in ShopMonkey."""
        lead = {"location": "Store094", "email": self._person.email, "phone": self._person.phone}
        self._mark("ShopMonkey", "new lead; signed webhook sent")
        answer = await self._call("POST", f"{self._sandbox}/control/leads", json=lead)
        delivery = answer["deliveries"][0]
        if delivery["status"] != 202:
            fail(f"the webhook was answered {delivery['status']}; see .run/logs")
        _step("A lead arrives in ShopMonkey", f"our webhook answered 202 in {delivery['ms']:.0f} ms")
        order_id: str = answer["order_id"]
        return order_id

    async def receive_link(self, order_id: str) -> str:
        """The token of the chat link, as the customer finds it in the e-mail."""
        mail = await self._message("email", "first")
        sms = await self._message("sms", "first")
        link = re.search(r"/c/([\w.=-]+)", mail["text"])
        if link is None:
            fail(f"the first e-mail for order {order_id} holds no chat link")
        _step("The customer has the chat link", f"e-mail: {mail['subject']!r}; SMS: {sms['text']!r}")
        return link[1]

    async def open_chat(self, token: str) -> None:
        """The e-mail may be faster than the conversation that it leads to."""
        await _until(lambda: self._session(token), "the chat behind the link")

    async def _session(self, token: str) -> bool:
        answer = await self._http.get(f"{self._gateway}/api/chat/session/me", headers=_bearer(token))
        return answer.is_success

    async def ask_price(self, token: str) -> None:
        replies = await self._say(token, {"text": QUESTION})
        _step(f"The customer asks: {QUESTION}", replies[-1]["text"])

    async def book(self, token: str) -> Json:
        """Takes the second of the times offered, and says yes to what is read back."""
        offer = _part(await self._say(token, {"action": "pick_time"}), "slots")
        labels = [slot["label"] for slot in offer["slots"]]
        _step("Three times are offered", "; ".join(labels))
        read_back = await self._say(token, {"action": offer["slots"][1]["action"]})
        _step(f"The customer takes {labels[1]}", read_back[-1]["text"])
        booked: Json = _part(await self._say(token, {"action": "confirm:yes"}), "appointment")["appointment"]
        _step("Booked", f"{booked['number']}: {booked['start']}, {booked['total_cents'] / 100:.2f} USD")
        return booked

    async def see_confirmation(self, appointment: Json) -> None:
        mail = await self._message("email", "confirmation", with_file="invite.ics")
        await self._message("sms", "confirmation", containing=appointment["number"])
        row = await _until(lambda: self._shop_appointment(appointment["id"]), "the appointment in ShopMonkey")
        _step("Confirmed", f"e-mail {mail['subject']!r} with invite.ics, SMS, ShopMonkey: {row['name']!r}")

    async def see_everything_settled(self, lead_id: str, watch: Watch) -> None:
        await _until(lambda: watch.status_is(lead_id, "appointment_scheduled"), "the lead's status")
        touches = await _until(lambda: self._stopped_touches(lead_id), "the end of the sequence")
        self._mark("notifier", f"sequence stopped: {touches} planned touches cancelled (seen)")
        _step("Settled", f"lead status appointment_scheduled; {touches} planned touches cancelled")

    async def lead_id(self, token: str) -> str:
        session = await self._call("GET", f"{self._gateway}/api/chat/session/me", headers=_bearer(token))
        return str(session["lead"]["id"])

    async def _say(self, token: str, message: Mapping[str, str]) -> list[Json]:
        what = message.get("text") or message["action"]
        self._mark("customer", f"says: {what}")
        answer = await self._call(
            "POST",
            f"{self._gateway}/api/chat/message",
            json={"client_id": secrets.token_hex(16), **message},
            headers={**_bearer(token), "Prefer": "wait=20"},
        )
        replies: list[Json] = answer.get("replies") or fail(f"no reply to {what!r} within 20 s")
        self._mark("customer", f"reads: {replies[-1]['text'][:60]}")
        return replies

    async def _message(self, channel: str, what: str, *, with_file: str = "", containing: str = "") -> Json:
        address = self._person.email if channel == "email" else self._person.phone

        async def arrived() -> Json | None:
            inbox = await self._call(
                "GET", f"{self._sandbox}/control/inbox", params={"to": address, "channel": channel}
            )
            return next((m for m in inbox if _matches(m, with_file, containing)), None)

        message = await _until(arrived, f"the {what} {channel}")
        self.seen.append(Hop(_time(message["received_at"]), "provider", f"{what} {channel} accepted"))
        return message

    async def _shop_appointment(self, our_id: str) -> Json | None:
        rows = await self._call("GET", f"{self._sandbox}/control/shopmonkey/appointment")
        return next((row for row in rows if our_id in str(row.get("metadata"))), None)

    async def _stopped_touches(self, lead_id: str) -> int:
        """0 while a touch is still planned."""
        url = f"{self._admin}/api/admin/notifier/sample-tint/leads/{lead_id}/touches"
        answer = await self._call("GET", url, headers=self._ops)
        states = [touch["state"] for touch in answer["touches"]]
        return 0 if "planned" in states else states.count("cancelled")

    async def _call(self, method: str, url: str, **request: Any) -> Any:
        try:
            answer = await self._http.request(method, url, **request)
        except httpx2.HTTPError as error:
            fail(f"{url} does not answer ({error}). Is the stack up? `make up` starts it.")
        if not answer.is_success:
            fail(f"{method} {url}: {refusal(answer)}")
        return answer.json()

    def _mark(self, where: str, what: str) -> None:
        self.seen.append(Hop(datetime.now(UTC), where, what))


async def _until(look: Callable[[], Awaitable[ResultT | None]], what: str) -> ResultT:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := await look()):
        if time.monotonic() > deadline:
            fail(f"waited {PATIENCE_SECONDS} s for {what}; see .run/logs and `leadctl health`")
        await asyncio.sleep(0.02)
    return found


def _matches(message: Json, with_file: str, containing: str) -> bool:
    files = [attachment["filename"] for attachment in message.get("attachments", [])]
    return (not with_file or with_file in files) and containing in (message.get("text") or "")


def _part(replies: list[Json], kind: str) -> Json:
    parts: list[Json] = [part for reply in reversed(replies) for part in reply.get("parts") or []]
    found = next((part for part in parts if part["kind"] == kind), None)
    return found or fail(f"the assistant answered without {kind}: {replies[-1]['text']!r}")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _step(what: str, how: str) -> None:
    console.print(f"[bold green]✓[/bold green] [bold]{what}[/bold]\n  {how}", highlight=False, soft_wrap=True)


def _show(hops: list[Hop]) -> None:
    start, rows, last = hops[0].at, [], hops[0].at
    for hop in hops:
        since, step = (hop.at - start).total_seconds() * 1000, (hop.at - last).total_seconds() * 1000
        rows.append((f"{since:,.0f}", f"+{step:,.0f}", hop.where, hop.what))
        last = hop.at
    show_table("Timeline (ms)", ("at", "hop", "where", "what"), rows)


def _say_where(settings: Settings, token: str) -> None:
    """Plain lines: an address that is cut or framed cannot be clicked or copied."""
    addresses = {
        "the customer's chat": f"{settings.gateway_url}/c/{token}",
        "phone, inbox, board": f"{settings.sandbox_url}/",
        "events as they happen": ".venv/bin/leadctl events tail",
        "stop everything": "make down",
    }
    console.print("\n[bold]The stack stays up[/bold]")
    for what, where in addresses.items():
        console.print(f"  {what:23}{where}", highlight=False, soft_wrap=True)
