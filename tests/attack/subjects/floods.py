"""F6: whoever asks too often is told to wait, by every endpoint; whoever asks as people do is not."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import httpx2
from altcha import Challenge, Payload, solve_challenge

from attack import staff
from attack.table import Fell, attack
from attack.target import SHOP, Target

Send = Callable[[httpx2.AsyncClient, int], Awaitable[httpx2.Response]]
AT_ONCE = 8
MOST_STREAMS, MOST_FILES = 20, 6
"""Of one member of the staff: at once, and within a minute."""
OPERATORS_ENDPOINTS = {
    "ingest": "/api/admin/tenants/sample-tint",
    "booking": "/api/admin/booking/sample-tint/catalog",
    "chat": "/api/staff/leads/00000000-0000-4000-8000-000000000000/timeline?tenant=sample-tint",
    "crm-sync": "/api/admin/crm-sync/tasks?tenant=sample-tint",
    "notifier": "/api/admin/notifier/sample-tint/deliveries",
}


@attack("F6")
async def forms_from_one_address(target: Target) -> str:
    """The form again and again from one IP address, each for another person."""

    async def send(client: httpx2.AsyncClient, _: int) -> httpx2.Response:
        return await target.submit(client, website="a machine's, so that no lead is made")

    return await _flooded(target, send, 300, neighbour=201)


@attack("F6")
async def forms_without_work(target: Target) -> str:
    """The form again and again from one IP address without a proof of work, then with one, and with the same one again."""
    async with target.elsewhere() as client:
        for tries in range(0, 120, AT_ONCE):  # noqa: B007 - told afterwards
            answers = await asyncio.gather(*(target.submit(client, website="x") for _ in range(AT_ONCE)))
            if asked := [one for one in answers if one.status_code == 429]:
                break
        else:
            raise Fell("120 forms, none asked for a proof")
        path = asked[0].json().get("challenge", "")
        challenge = Challenge.from_dict((await client.get(path)).json())
        solution = await asyncio.to_thread(solve_challenge, challenge)
        assert solution is not None
        altcha = Payload(challenge, solution).to_base64()
        once, again = [await target.submit(client, website="x", altcha=altcha) for _ in range(2)]
    if (once.status_code, again.status_code) != (201, 422):
        raise Fell(f"with a proof {once.status_code}, with the same one again {again.status_code}")
    return (
        f"asked after about {tries} forms; with a proof 201, with the same one again {again.json()['code']}"
    )


@attack("F6")
async def log_in_mails_for_one_member(target: Target) -> str:
    """Log-in links for one member of the staff, each wish from another IP address; then their inbox."""
    email = await staff.hire(target)
    answers = set()
    for _ in range(15):
        async with target.elsewhere() as client:
            answers.add((await client.post("/api/staff/login", json={"email": email})).status_code)
    await target.calm()
    got = len(await target.inbox(email))
    if got > 3:
        raise Fell(f"{got} mails within seconds")
    return f"15 wishes answered {sorted(answers)}, {got} mails"


@attack("F6")
async def log_ins_from_one_address(target: Target) -> str:
    """Log-in links for invented addresses, from one IP address."""

    async def send(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
        return await client.post("/api/staff/login", json={"email": f"guess{number}@example.com"})

    return await _flooded(target, send, 200, neighbour=202)


@attack("F6")
async def guessed_log_in_codes(target: Target) -> str:
    """Codes of log-in links, guessed from one IP address."""

    async def send(client: httpx2.AsyncClient, _: int) -> httpx2.Response:
        return await client.post("/api/staff/session", json={"code": secrets.token_urlsafe(64)})

    return await _flooded(target, send, 200, neighbour=401)


@attack("F6")
async def guessed_sessions_to_be_ended(target: Target) -> str:
    """Sessions of staff, guessed from one IP address where they are ended."""

    async def send(client: httpx2.AsyncClient, _: int) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {secrets.token_urlsafe(87)}"}
        return await client.request("DELETE", "/api/staff/session", headers=headers)

    return await _flooded(target, send, 200, neighbour=204)


@attack("F6")
async def bodies_that_no_parser_takes(target: Target) -> str:
    """Nesting without end in bodies for the log-in, which FastAPI refuses without a word of validation, from one IP address."""

    async def send(client: httpx2.AsyncClient, _: int) -> httpx2.Response:
        body, headers = b"[" * 50_000, {"Content-Type": "application/json"}
        return await client.post("/api/staff/session", content=body, headers=headers)

    return await _flooded(target, send, 400, neighbour=400)


@attack("F6")
async def guessed_chat_tokens(target: Target) -> str:
    """Chat tokens, guessed from one IP address."""

    async def send(client: httpx2.AsyncClient, _: int) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {secrets.token_urlsafe(50)}.{secrets.token_urlsafe(32)}"}
        return await client.get("/api/chat/session/me", headers=headers)

    return await _flooded(target, send, 400, neighbour=401)


@attack("F6")
async def guessed_operator_tokens(target: Target) -> str:
    """Operators' tokens, guessed from one IP address at every service's own port."""
    came = []
    for service, endpoint in OPERATORS_ENDPOINTS.items():
        url = target.stack.services[service] + endpoint

        async def send(client: httpx2.AsyncClient, _: int, url: str = url) -> httpx2.Response:
            headers = {"Authorization": f"Bearer {secrets.token_hex(20)}"}
            return await client.get(url, headers=headers)

        came.append(f"{service}: {await _flooded(target, send, 150)}")
    return "; ".join(came)


@attack("F6")
async def bad_signatures(target: Target) -> str:
    """Webhooks of ShopMonkey, Twilio and the mail provider with bad signatures, from one IP address."""
    came = []
    for endpoint in ("shopmonkey", "twilio/sms", "email"):

        async def send(client: httpx2.AsyncClient, _: int, endpoint: str = endpoint) -> httpx2.Response:
            headers = {"x-twilio-signature": "x", "x-inbound-signature": "x", "webhook-id": uuid4().hex}
            return await client.post(
                f"/webhooks/{endpoint}/{target.stack.tenant}", content=b"{}", headers=headers
            )

        came.append(f"{endpoint}: {await _flooded(target, send, 400)}")
    return "; ".join(came)


@attack("F6")
async def guessed_tenants(target: Target) -> str:
    """Webhooks to invented tenants, another one each time, from one IP address."""

    async def send(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
        return await client.post(f"/webhooks/shopmonkey/guess-{number}", content=b"{}")

    return await _flooded(target, send, 400, neighbour=404)


@attack("F6")
async def a_conversation_read_without_end(target: Target) -> str:
    """A conversation read with one chat link, as fast as it is answered."""
    customer = await target.greeted()

    async def send(client: httpx2.AsyncClient, number: int) -> httpx2.Response:
        path = ("session/me", "messages", "engaged")[number % 3]
        headers = {"Authorization": f"Bearer {customer.token}"}
        return await client.get(f"/api/chat/{path}", headers=headers)

    return await _flooded(target, send, 1300)


@attack("F6")
async def quotes_without_end(target: Target) -> str:
    """Quotes with one chat link, as fast as they are answered."""
    customer = await target.greeted()

    async def send(client: httpx2.AsyncClient, _: int) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {customer.token}"}
        return await client.post("/api/booking/quotes", json={"service": "front-two"}, headers=headers)

    return await _flooded(target, send, 200)


@attack("F6")
async def streams_without_end(target: Target) -> str:
    """Streams with one chat link, all kept open."""
    customer = await target.greeted()
    headers = {"Authorization": f"Bearer {customer.token}"}
    opened: list[httpx2.Response] = []
    async with target.elsewhere() as client:
        try:
            for number in range(50):
                request = client.build_request("GET", "/api/chat/stream", headers=headers)
                answer = await client.send(request, stream=True)
                opened.append(answer)
                if answer.status_code == 429:
                    return _told_to_wait(answer, number)
        finally:
            await asyncio.gather(*(one.aclose() for one in opened))
    raise Fell("50 streams open at once with one link")


@attack("F6")
async def streams_and_files_of_staff_at_once(target: Target) -> str:
    """60 streams of one member of the staff and 10 files of leads, all asked for at the same moment."""
    member = await staff.signed_in(target)
    async with target.elsewhere() as browser, AsyncExitStack() as kept:

        async def stays_open() -> bool:
            asked = browser.build_request("GET", "/api/staff/stream", headers=member.cookie)
            answer = await browser.send(asked, stream=True)
            kept.push_async_callback(answer.aclose)
            chunks = answer.aiter_raw()
            reading.append(chunks)  # what nobody reads any more is closed
            return answer.status_code == 200 and not await _ends(chunks, within_seconds=1)

        reading: list[AsyncIterator[bytes]] = []
        streams = sum(await asyncio.gather(*(stays_open() for _ in range(60))))
        if streams > MOST_STREAMS:
            raise Fell(f"{streams} streams are open")
        asked = (browser.get("/api/staff/leads.csv", headers=member.cookie) for _ in range(10))
        files = [answer.status_code for answer in await asyncio.gather(*asked)]
        if files.count(200) > MOST_FILES:
            raise Fell(f"{files.count(200)} files are given")
    return f"{streams} streams and {files.count(200)} files, 429 for the others"


async def _ends(chunks: AsyncIterator[bytes], *, within_seconds: float) -> bool:
    try:
        async with asyncio.timeout(within_seconds):
            return await anext(chunks, None) is None
    except TimeoutError:
        return False


@attack("F6")
async def mails_without_end(target: Target) -> str:
    """60 mails of one known sender within seconds, to spend what the assistant costs."""
    customer = await target.greeted()
    before = len(await _answers(customer.email, target))
    words = [f"And how much is it for car number {number}?" for number in range(60)]
    for first in range(0, len(words), AT_ONCE):
        some = words[first : first + AT_ONCE]
        await asyncio.gather(*(target.mails(customer.email, one, to=SHOP) for one in some))
    await target.calm()
    kept = await target.rows(
        "chat",
        "SELECT count(*) FROM chat_messages m JOIN conversations c ON c.id = m.conversation_id "
        "WHERE c.lead_id = $1 AND m.author = 'assistant'",
        await customer.lead_id(),
    )
    answered, mailed = kept[0][0], len(await _answers(customer.email, target)) - before
    if max(answered, mailed) > 30:
        raise Fell(f"{answered} answers written, {mailed} mailed")
    return f"{answered} answers written, {mailed} mailed"


async def _answers(email: str, target: Target) -> list[object]:
    return list(await target.inbox(email))


async def _flooded(target: Target, send: Send, most: int, neighbour: int | None = None) -> str:
    """429 with `Retry-After` comes before `most` tries; somebody at another address is answered `neighbour` meanwhile."""
    async with target.elsewhere() as client:
        client.event_hooks = {"request": [_claim_another_address], "response": []}
        for first in range(0, most, AT_ONCE):
            answers = await asyncio.gather(*(send(client, first + number) for number in range(AT_ONCE)))
            if refused := [one for one in answers if one.status_code == 429]:
                came = _told_to_wait(refused[0], first)
                break
        else:
            raise Fell(f"{most} tries, none refused; the last one: {answers[-1].status_code}")
    if neighbour is not None:
        async with target.elsewhere() as other:
            answer = await send(other, 0)
        if answer.status_code != neighbour:
            raise Fell(f"a neighbour is answered {answer.status_code} instead of {neighbour}")
        came += f"; a neighbour got {neighbour}"
    return came


async def _claim_another_address(request: httpx2.Request) -> None:
    """Counted by what a caller claims, a limit would be none."""
    address = f"203.0.113.{secrets.randbelow(256)}"
    request.headers.update({"X-Forwarded-For": address, "X-Real-IP": address, "Forwarded": f"for={address}"})


def _told_to_wait(answer: httpx2.Response, tries: int) -> str:
    wait = answer.headers.get("retry-after", "")
    if not wait.isdigit():
        raise Fell(f"429 after {tries} tries, but Retry-After is {wait!r}")
    return f"429 after about {tries} tries, Retry-After {wait}"
