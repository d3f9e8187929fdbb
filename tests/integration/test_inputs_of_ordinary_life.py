"""Inputs that users of other systems reported, through the real endpoints: what of each reaches whom."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from notifier.domain.signatures import mail_signature, twilio_signature
from ops.stack.stackfile import StackFile
from testkit.customer import Customer
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]

TENANT = "sample-tint"
SHOP_NUMBER = "+16195550194"
QUOTE = "On Mon, Nov 30, 2026 at 9:00 AM Sample Tint <shop@sample-tint.example> wrote:"
PICTURE = "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM0/Media/ME0"


@dataclass
class Life:
    """A customer who was greeted, and the endpoints."""

    stack: StackFile
    http: httpx2.AsyncClient
    customer: Customer

    async def mails(self, text: str = "", **mail: Any) -> None:
        """In answer to our first mail."""
        [first, *_] = await self.customer.received("email")
        to = first["headers"].get("Reply-To") or first["from"]
        body = {"from": self.customer.email, "to": to, "subject": "Re: Your quote", "text": text, **mail}
        answer = await self.http.post(f"{self.stack.sandbox}/control/email", json=body)
        assert answer.json()["status"] == 200, answer.text

    async def texts(self, body: str, **more: str) -> None:
        form = {
            "MessageSid": f"SM{uuid4().hex}",
            "From": self.customer.phone,
            "To": SHOP_NUMBER,
            "Body": body,
            "NumMedia": "0",
        } | more
        url = f"{self.stack.gateway}/webhooks/twilio/sms/{TENANT}"
        proof = twilio_signature(self.stack.secrets["twilio_auth_token"], url, form.items())
        answer = await self.http.post(url, data=form, headers={"X-Twilio-Signature": proof})
        assert answer.status_code == 200, answer.text

    async def said(self) -> list[str]:
        messages = (await self.customer.get("/api/chat/messages", after=0)).json()["messages"]
        return [one["text"] for one in messages if one["author"] == "customer"]

    async def kept(self) -> list[dict[str, Any]]:
        bearer = {"Authorization": f"Bearer {self.stack.secrets['ops_token']}"}
        path = f"{self.stack.services['notifier']}/api/admin/notifier/{TENANT}/kept-messages?limit=500"
        found: list[dict[str, Any]] = (await self.http.get(path, headers=bearer)).json()["messages"]
        return found

    async def hears(self, words: str) -> None:
        """The conversation has them."""

        async def arrived() -> bool:
            return any(words in text for text in await self.said())

        assert await eventually(arrived, within_seconds=30)

    async def keeps(self, words: str, **marks: object) -> None:
        """No conversation has them; whoever works there can see them."""

        async def listed() -> bool:
            return any(
                words in f"{one['text']} {one['subject']}"
                and all(one[name] == value for name, value in marks.items())
                for one in await self.kept()
            )

        assert await eventually(listed, within_seconds=30)
        assert not any(words in text for text in await self.said())

    async def fills_in_the_form(self, **contact: str) -> httpx2.Response:
        ops = {"Authorization": f"Bearer {self.stack.secrets['ops_token']}"}
        tenant = f"{self.stack.services['ingest']}/api/admin/tenants/{TENANT}"
        form = {
            "site_key": (await self.http.get(tenant, headers=ops)).json()["site_keys"][0],
            "location": "Store094",
            "contact": {"name": "Ana Sample", **contact},
            "consent": {
                "sms": True,
                "email": True,
                "text": "I agree",
                "version": "1",
                "url": "https://x.example",
            },
        }
        return await self.http.post(
            f"{self.stack.gateway}/api/leads", json=form, headers={"Idempotency-Key": str(uuid4())}
        )

    async def inbox(self, address: str) -> list[dict[str, Any]]:
        path = f"{self.stack.sandbox}/control/inbox"
        found: list[dict[str, Any]] = (await self.http.get(path, params={"to": address})).json()
        return found

    async def is_written_to(self, address: str) -> None:
        assert await eventually(lambda: self.inbox(address), within_seconds=30)


async def html_only(life: Life, words: str) -> None:
    await life.mails(html=f"<div>{words} <b>works</b>.</div>")
    await life.hears(f"{words} works")


async def below_the_quote(life: Life, words: str) -> None:
    await life.mails(f"{QUOTE}\n> Hi Ana,\n> your quote is ready.\n\n{words}")
    await life.hears(words)


async def between_quoted_lines(life: Life, words: str) -> None:
    await life.mails(f"{QUOTE}\n> Which day?\n\n{words}\n\n> Which car?\n\nA Civic.")
    await life.hears(words)


async def below_a_header_block(life: Life, words: str) -> None:
    await life.mails(f"From: Sample Tint\nSent: Monday\nTo: Ana\nSubject: Your quote\n\n{words}")
    await life.hears(words)


async def a_strangers_text(life: Life, words: str) -> None:
    stranger = f"+1619555{uuid4().int % 10_000:04d}"
    await life.texts(words, From=stranger)
    await life.keeps(words, sender=stranger, lead_id=None)


async def from_another_account(life: Life, words: str) -> None:
    [first, *_] = await life.customer.received("email")
    answered = {"In-Reply-To": first["headers"]["Message-ID"]}
    await life.mails(words, **{"from": "ana.at.work@example.com", "to": first["from"], "headers": answered})
    await life.keeps(words, proven=False, lead_id=str(await life.customer.lead_id()))


async def a_picture_alone(life: Life, _: str) -> None:
    await life.texts("", NumMedia="1", MediaUrl0=PICTURE, MediaContentType0="image/jpeg")

    async def answered() -> bool:
        messages = (await life.customer.get("/api/chat/messages", after=0)).json()["messages"]
        return any(one["author"] == "customer" for one in messages)

    assert await eventually(answered, within_seconds=30)


async def odd_characters_by_text(life: Life, words: str) -> None:
    await life.texts(f"{words}\0 and a half \N{BLACK HEART SUIT}\ufe0f")
    await life.hears(words)


def machine(header: str) -> Callable[[Life, str], Awaitable[None]]:
    async def answers(life: Life, words: str) -> None:
        name, value = header.split(": ")
        await life.mails(words, headers={name: value})
        await life.keeps(words, automatic=True)

    return answers


def a_calendars_answer(content_type: str) -> Callable[[Life, str], Awaitable[None]]:
    """As the provider hands in the button "Yes" below an invitation."""

    async def accepts(life: Life, words: str) -> None:
        calendar = (
            "BEGIN:VCALENDAR\r\nPRODID:-//Sample//EN\r\nVERSION:2.0\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n"
        )
        await _hand_in(
            life,
            {"subject": f"Accepted: {words}", "text": "Ana Sample has accepted this invitation."},
            attachment1=("invite.ics", calendar.encode(), content_type),
        )
        await life.keeps(words, automatic=True)

    return accepts


async def in_its_own_charset(life: Life, words: str) -> None:
    await _hand_in(
        life,
        {
            "subject": "Re",
            "text": f"{words} mañana".encode("iso-8859-1"),
            "charsets": json.dumps({"text": "iso-8859-1"}),
        },
    )
    await life.hears(f"{words} mañana")


async def _hand_in(life: Life, said: dict[str, str | bytes], **files: tuple[str, bytes, str]) -> None:
    """From the customer, in answer to our first mail."""
    [first, *_] = await life.customer.received("email")
    sender, to = life.customer.email, first["headers"].get("Reply-To") or first["from"]
    fields: dict[str, str | bytes] = {
        "headers": f"Message-ID: <{uuid4().hex}@example.com>\nFrom: {sender}\nTo: {to}",
        "from": sender,
        "to": to,
        "envelope": json.dumps({"to": [to], "from": sender}),
        **said,
    }
    url = f"{life.stack.gateway}/webhooks/email/{TENANT}"
    request = life.http.build_request(
        "POST", url, files={name: (None, value) for name, value in fields.items()} | files
    )
    body, at = await request.aread(), str(int(datetime.now(UTC).timestamp()))
    request.headers["X-Inbound-Timestamp"] = at
    request.headers["X-Inbound-Signature"] = mail_signature(
        life.stack.secrets["webhook_secret"], at, TENANT, body
    )
    answer = await life.http.send(request)
    assert answer.status_code == 200, answer.text


async def unseen_signs_around_an_address(life: Life, _: str) -> None:
    address = f"ana.{uuid4().hex[:8]}@example.com"
    answer = await life.fills_in_the_form(email=f"\ufeff\u200b{address}\u2069")
    assert answer.status_code == 201, answer.text
    await life.is_written_to(address)


async def a_mexican_mobile_with_and_without_its_1(life: Life, words: str) -> None:
    tail = f"55{uuid4().int % 100_000_000:08d}"
    answer = await life.fills_in_the_form(email=f"{tail}@example.com", phone=f"+52 1 {tail}\ufe0f")
    assert answer.status_code == 201, answer.text
    await life.is_written_to(f"{tail}@example.com")
    for written in (f"+521{tail}", f"+52{tail}"):
        await life.texts(words, From=written)
    assert not any(words in (one["text"] or "") for one in await life.kept())


async def an_address_beyond_ascii(life: Life, _: str) -> None:
    address = f"josé.{uuid4().hex[:8]}@example.com"
    assert (await life.fills_in_the_form(email=address)).status_code == 201
    await life.is_written_to(address)


async def a_preflight_of_the_shops_page(life: Life, _: str) -> None:
    asks = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = await life.http.request("OPTIONS", f"{life.stack.gateway}/api/leads", headers=asks)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


async def a_link_with_a_sign_behind_it(life: Life, _: str) -> None:
    [mail, *_] = await life.customer.received("email")
    link = re.search(r"/c/([\w.=-]+)", mail["text"])
    assert link is not None
    for sign in (".", ")", ".)"):
        bearer = {"Authorization": f"Bearer {link[1]}{sign}"}
        answer = await life.http.get(f"{life.stack.gateway}/api/chat/session/me", headers=bearer)
        assert answer.status_code == 200, sign


EDGES: dict[str, Callable[[Life, str], Awaitable[None]]] = {
    "1 a mail with an HTML part only": html_only,
    "2 below the quote": below_the_quote,
    "2 between quoted lines": between_quoted_lines,
    "2 below a header block": below_a_header_block,
    "3 a text from a number that nobody knows": a_strangers_text,
    "4 a reply from another account": from_another_account,
    "5 a picture without a text": a_picture_alone,
    "6 a NUL by text": odd_characters_by_text,
    "7 X-Autoreply": machine("X-Autoreply: yes"),
    "7 X-Autorespond": machine("X-Autorespond: away"),
    "7 Precedence": machine("Precedence: auto_reply"),
    "7 a calendar's Accepted": a_calendars_answer("text/calendar; charset=UTF-8; method=REPLY"),
    "7 a calendar's Accepted as a file": a_calendars_answer("application/ics"),
    "11 a mail in iso-8859-1": in_its_own_charset,
    "12 unseen signs around an address": unseen_signs_around_an_address,
    "13 +52 1 and +52": a_mexican_mobile_with_and_without_its_1,
    "14 an address that needs SMTPUTF8": an_address_beyond_ascii,
    "15 the preflight of the form": a_preflight_of_the_shops_page,
    "17 a link with a sign behind it": a_link_with_a_sign_behind_it,
}
"""Rows 8 and 9 are speech; 10 is `five_thousand_requests_with_idle_pauses` of the fault suite; 16 is in `tests/e2e`."""


REFUSALS = {
    "en": ("please take me off your list, I don't want any more messages", "unsubscribed"),
    "es": ("por favor ya no me manden más mensajes", "baja"),
}


async def _consents(life: Life, address: str) -> list[dict[str, Any]]:
    bearer = {"Authorization": f"Bearer {life.stack.secrets['ops_token']}"}
    path = f"{life.stack.services['notifier']}/api/admin/notifier/{TENANT}/consents/find"
    words: list[dict[str, Any]] = (
        await life.http.post(path, json={"address": address}, headers=bearer)
    ).json()["words"]
    return words


@pytest.mark.parametrize("language", REFUSALS)
@pytest.mark.parametrize("door", ["sms", "email", "web"])
async def test_an_opt_out_in_free_words_is_heard_at_every_door(
    door: str, language: str, stack: StackFile, http: httpx2.AsyncClient, customer: Customer
) -> None:
    words, confirmed = REFUSALS[language]
    await customer.asks_the_shop(service="window tint")
    await customer.opens_the_link()
    life = Life(stack, http, customer)
    match door:
        case "sms":
            await life.texts(words)
        case "email":
            await life.mails(words)
        case _:
            await customer.says(words)

    async def refused() -> bool:
        for address in (customer.phone, customer.email):
            newest = (await _consents(life, address))[-1:]
            if [(one["permission"], one["text"]) for one in newest] != [("opted_out", words)]:
                return False
        return True

    async def answers() -> list[str]:
        messages = (await customer.get("/api/chat/messages", after=1)).json()["messages"]
        return [one["text"] for one in messages if one["author"] == "assistant"]

    assert await eventually(refused, within_seconds=30)
    assert await eventually(answers, within_seconds=30)
    [answer] = await answers()
    assert confirmed in answer


@pytest.mark.parametrize("edge", EDGES)
async def test_what_ordinary_life_sends_is_heard_or_shown(
    edge: str, stack: StackFile, http: httpx2.AsyncClient, customer: Customer
) -> None:
    await customer.asks_the_shop(service="window tint")
    await customer.opens_the_link()
    await EDGES[edge](Life(stack, http, customer), f"Friday works {uuid4().hex[:8]}")
