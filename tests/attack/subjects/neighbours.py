"""F16: a valid link or session, used for what belongs to another customer, location or brand."""

import asyncio
import gzip
import secrets
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
from testkit.customer import Customer
from testkit.shopmonkey import body_of, deliver, order_row, signed_headers

from attack import staff
from attack.subjects.gateway import raw
from attack.table import Fell, attack
from attack.target import Target
from sandbox import twilio

EVIL = "evil.example"
REFUSED = frozenset({401, 403, 404, 409, 422})
MOST_SECONDS = 3


@attack("F16")
async def ids_of_another_customer(target: Target) -> str:
    """My own chat and manage links with the ids of another customer: conversation, quote, hold, appointment, calendar file."""
    me, victim = await target.greeted(), await target.greeted()
    mine, theirs = await target.booked(me), await target.booked(victim)
    quote = (await victim.post("/api/booking/quotes", {"service": "front-two"})).json()
    found = (await victim.get("/api/booking/slots", quote_id=quote["id"], days=60)).json()["slots"]
    start = secrets.choice(found)["start"]
    held = (await victim.post("/api/booking/holds", {"quote_id": quote["id"], "start": start})).json()
    manage = target.customer()
    manage.token = mine["manage_url"].rpartition("/")[2]
    key = {"Idempotency-Key": str(uuid4())}
    of_theirs = f"/api/booking/appointments/{theirs['id']}"
    tried = {
        "the session": await me.get(f"/api/chat/session/{await victim.lead_id()}"),
        "times for the quote": await me.get("/api/booking/slots", quote_id=quote["id"]),
        "times for the appointment": await me.get("/api/booking/slots", appointment_id=theirs["id"]),
        "a hold of the quote": await me.post("/api/booking/holds", {"quote_id": quote["id"], "start": start}),
        "a booking of the quote": await me.post(
            "/api/booking/appointments", {"quote_id": quote["id"], "start": start}, **key
        ),
        "a booking of the hold": await me.post("/api/booking/appointments", {"hold_id": held["id"]}, **key),
    }
    for name, who in (("chat link", me), ("manage link", manage)):
        tried |= {
            f"the appointment by {name}": await who.get(of_theirs),
            f"the calendar file by {name}": await who.get(f"{of_theirs}/calendar.ics"),
            f"a move by {name}": await who.post(f"{of_theirs}/move", {"start": start}),
            f"a cancellation by {name}": await who.post(f"{of_theirs}/cancel", {}),
            f"the chat link by {name}": await who.post(f"{of_theirs}/chat-link", {}),
        }
    _all_refused(tried)
    return await _whole(victim, theirs, f"{len(tried)} tries refused")


def _all_refused(tried: dict[str, httpx2.Response]) -> None:
    if open_ones := {what: one.status_code for what, one in tried.items() if one.status_code not in REFUSED}:
        raise Fell(f"answered: {open_ones}")


async def _whole(victim: Customer, booked: dict[str, Any], came: str) -> str:
    now = (await victim.get(f"/api/booking/appointments/{booked['id']}")).json()
    if (now["status"], now["start"]) != ("booked", booked["start"]):
        raise Fell(f"the other's appointment is {now['status']}, {now['start']}")
    return f"{came}; the other's appointment stands"


@attack("F16")
async def keys_of_another_customer(target: Target) -> str:
    """The Idempotency-Key of another customer's booking and the client_id of their message, with my own link."""
    me, victim = await target.greeted(), await target.greeted()
    word = f"violet-{secrets.token_hex(4)}"
    sent = {"client_id": str(uuid4()), "text": f"My code word is {word}."}
    assert (await victim.post("/api/chat/message", sent)).status_code == 202
    again = await me.post("/api/chat/message", {**sent, "text": "Hello?"})
    if word in again.text:
        raise Fell("the message of the other is the answer")
    quotes = {
        who: (await who.post("/api/booking/quotes", {"service": "front-two"})).json() for who in (victim, me)
    }
    times = (await victim.get("/api/booking/slots", quote_id=quotes[victim]["id"], days=60)).json()["slots"]
    key = {"Idempotency-Key": str(uuid4())}
    ids = []
    for who, start in ((victim, times[-1]["start"]), (me, times[0]["start"])):
        body = {"quote_id": quotes[who]["id"], "start": start}
        ids.append((await who.post("/api/booking/appointments", body, **key)).json().get("id"))
    if ids[1] is not None and ids[0] == ids[1]:
        raise Fell("the other's appointment is the answer")
    return "each key and client_id is its customer's own"


@attack("F16")
async def staff_of_another_location(target: Target) -> str:
    """A member of one location with a conversation of another one: read, act, list, count and listen."""
    member = await staff.signed_in(target)
    customer = await target.greeted(location="Store201")
    session = await customer.session()
    conversation, lead = session["conversation"]["id"], session["lead"]["id"]
    word = f"violet-{secrets.token_hex(4)}"
    stream = target.http.build_request(
        "GET", f"{target.stack.gateway}/api/staff/stream", headers=member.cookie
    )
    listening = await target.http.send(stream, stream=True)
    try:
        await customer.says(f"My code word is {word}.")
        endpoint = f"/api/staff/conversations/{conversation}"
        opened = [
            path for path in (endpoint, f"/api/staff/leads/{lead}", f"/api/staff/leads/{lead}/timeline")
            if await staff.ask(target, path, member) != 404
        ]  # fmt: skip
        for path in ("take-over", "messages", "notes", "give-back"):
            answer = await staff.post(target, f"{endpoint}/{path}", member, **staff.same_origin(target))
            opened += [path] if answer.status_code != 404 else []
        listed = [
            (await target.http.get(f"{target.stack.gateway}{path}", headers=member.cookie)).text
            for path in (
                "/api/staff/conversations",
                "/api/staff/conversations?location=Store201",
                "/api/staff/metrics?from=2026-01-01T00:00:00Z&to=2100-01-01T00:00:00Z&location=Store201",
            )
        ]
        heard = await _heard(listening)
    finally:
        await listening.aclose()
    if opened:
        raise Fell(f"opens {opened}")
    if any(sign in text for sign in (word, conversation) for text in (*listed, heard)):
        raise Fell("the conversation is listed or told in the stream")
    if '"received":0' not in listed[2].replace(" ", ""):
        raise Fell(f"counts the other location's leads: {listed[2][:80]}")
    return "404 at every endpoint; not in lists, numbers or the stream"


async def _heard(listening: httpx2.Response) -> str:
    """What the stream tells within two seconds."""
    heard, until = "", time.monotonic() + 2
    try:
        async with asyncio.timeout(2):
            async for part in listening.aiter_text():
                heard += part
                if time.monotonic() > until:
                    break
    except TimeoutError:
        pass
    return heard


@attack("F16")
async def deliveries_of_another_brand(target: Target) -> str:
    """Genuine webhooks of the CRM and of Twilio, played at another brand, another endpoint and under another id."""
    other = await target.other_tenant()
    body = body_of(order_row("sample-sm-094"))
    genuine = signed_headers(target.stack.secrets["webhook_secret"], body)
    gateway = target.stack.gateway
    first = await deliver(target.http, gateway, body, genuine)
    assert first.status_code in {200, 202}, first.text
    row = body_of(order_row("sample-sm-094", name="another row"))
    url, params = _text(target)
    signature = {
        "X-Twilio-Signature": twilio.signature(target.stack.secrets["twilio_auth_token"], url, params)
    }
    tried = {
        "at another brand": await deliver(target.http, gateway, body, genuine, other),
        "under another id": await deliver(target.http, gateway, body, {**genuine, "webhook-id": "msg_other"}),
        "with another row": await deliver(target.http, gateway, row, genuine),
        "a text at another brand": await target.http.post(
            url.replace(target.stack.tenant, other), data=params, headers=signature
        ),
        "a text as a status": await target.http.post(
            url.replace("/sms/", "/status/"), data=params, headers=signature
        ),
        "a text with a query": await target.http.post(f"{url}?x=1", data=params, headers=signature),
    }
    if open_ones := {
        what: one.status_code for what, one in tried.items() if one.status_code not in {401, 403}
    }:
        raise Fell(f"answered: {open_ones}")
    again = await deliver(target.http, gateway, body, genuine)
    if not again.json().get("duplicate"):
        raise Fell("the same delivery counts twice")
    return f"{len(tried)} refused; the same one again is a duplicate"


def _text(target: Target) -> tuple[str, dict[str, str]]:
    params = {"MessageSid": f"SM{uuid4().hex}", "From": target.customer().phone, "To": "+1", "Body": "Hello"}
    return f"{target.stack.gateway}/webhooks/twilio/sms/{target.stack.tenant}", params


@attack("F10")
async def redirects_to_elsewhere(target: Target) -> str:
    """Paths with slashes too many or too few, and a Host of mine: does anything send a browser there."""
    host, port = target.stack.gateway.rpartition("/")[2].split(":")
    paths = (
        "/api/chat/session/me/", "/api/chat/messages/", "/api/staff/conversations/", "/api/booking/catalog/", "/u/x/",
        f"//{EVIL}/", f"//{EVIL}/..", f"/assets//{EVIL}", "/assets", "/assets/", f"/c/..//{EVIL}", f"/m/%2f%2f{EVIL}/", "/c", "/m",
        f"/assets/..%2f%2f{EVIL}", f"/%5c{EVIL}/",
    )  # fmt: skip
    for path in paths:
        for name in (host, EVIL):
            answer = await raw(
                host,
                port,
                f"GET {path} HTTP/1.1\r\nHost: {name}\r\nX-Forwarded-Host: {EVIL}\r\nConnection: close\r\n\r\n",
            )
            head = answer.partition("\r\n\r\n")[0].lower()
            if "\r\nlocation:" in head and (EVIL in head or "://" in head):
                raise Fell(f"{path} with Host {name}: {head[head.index('location:') :][:80]}")
    return f"{len(paths)} paths, none leads away"


@attack("F12")
async def bodies_that_grow(target: Target) -> str:
    """Compressed, endless and huge bodies, and a length that is none, at the endpoints that anybody reaches."""
    bomb = gzip.compress(b"0" * 50_000_000)
    endpoints = ("/api/leads", "/webhooks/shopmonkey/sample-tint", "/webhooks/twilio/sms/sample-tint",
             "/webhooks/email/sample-tint", "/api/staff/login", "/api/staff/session")  # fmt: skip

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b"0" * 65_536

    came: dict[int, int] = {}
    async with target.elsewhere() as client:
        for endpoint in endpoints:
            for content, headers in (
                (bomb, {"Content-Encoding": "gzip"}),
                (bomb, {"Content-Encoding": "br, gzip, deflate"}),
                (endless(), {}),
                (b"0" * 1_100_000, {}),
            ):
                began = time.monotonic()
                status = await _status(client, endpoint, content, headers)
                if not 400 <= status < 500:
                    raise Fell(f"{endpoint}: {status} for {headers or 'a huge body'}")
                if time.monotonic() - began > MOST_SECONDS:
                    raise Fell(f"{endpoint}: {time.monotonic() - began:.1f} s for {headers or 'a huge body'}")
                came[status] = came.get(status, 0) + 1
    return f"{came}, each within {MOST_SECONDS} s"


async def _status(
    client: httpx2.AsyncClient, endpoint: str, content: bytes | AsyncIterator[bytes], headers: dict[str, str]
) -> int:
    """A connection that is cut while we still send is a refusal, too: 413."""
    try:
        answer = await client.post(
            endpoint,
            content=content,
            headers={"Content-Type": "application/json", "Idempotency-Key": "x", **headers},
        )
    except (httpx2.WriteError, httpx2.ReadError, httpx2.RemoteProtocolError):
        return 413
    return answer.status_code


@attack("F6")
async def who_works_here_by_the_clock(target: Target) -> str:
    """A log-in mail for a member while the table of log-ins is locked: an answer that waits for it would tell who works here."""
    email = await staff.hire(target)
    async with (
        target.elsewhere() as browser,
        target.as_administrator() as connection,
        connection.transaction(),
    ):
        await connection.execute("LOCK TABLE ingest.staff_logins IN ACCESS EXCLUSIVE MODE")
        try:
            async with asyncio.timeout(MOST_SECONDS):
                answer = await browser.post("/api/staff/login", json={"email": email})
        except TimeoutError:
            raise Fell("a member's log-in is answered later than a stranger's") from None
    if answer.status_code != 202:
        raise Fell(f"answered {answer.status_code}")
    return "answered at once, as for a stranger"
