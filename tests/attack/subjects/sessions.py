"""F7, F9 and F11: a staff session ends when it should, is made of its own key, and obeys its own pages only."""

import asyncio
from datetime import timedelta
from uuid import UUID

import httpx2
from shared.db.time import database_now
from shared.http.links import Link, LinkPurpose, mint
from testkit.patience import eventually

from attack import staff
from attack.table import Fell, attack
from attack.target import Target

DOORS = ("/api/staff/me", "/api/staff/conversations")
EVIL = "https://evil.example"


@attack("F7")
async def cookie_after_log_out(target: Target) -> str:
    """A copy of the cookie after its owner has logged out, at ingest and at chat."""
    member = await staff.signed_in(target)
    endpoint = f"{target.stack.gateway}/api/staff/session"
    left = await target.http.delete(endpoint, headers={**member.cookie, **staff.same_origin(target)})
    assert left.is_success, left.text
    return await _ends(target, member)


@attack("F7")
async def cookie_and_stream_after_dismissal(target: Target) -> str:
    """The cookie, and a stream that is open, when its owner is made inactive."""
    member = await staff.signed_in(target)
    request = target.http.build_request(
        "GET", f"{target.stack.gateway}/api/staff/stream", headers=member.cookie
    )
    stream = await target.http.send(request, stream=True)
    assert stream.status_code == 200, stream.status_code
    try:
        await staff.hire(target, active=False, email=member.email)
        came = await _ends(target, member)
        try:
            async with asyncio.timeout(20):
                async for _ in stream.aiter_bytes():
                    pass
        except TimeoutError:
            raise Fell(f"{came}, but the open stream goes on") from None
        return f"{came}, and the open stream ended"
    finally:
        await stream.aclose()


async def _ends(target: Target, member: staff.Member) -> str:
    """At once where the session is kept, with the event elsewhere."""

    async def refused() -> bool:
        return {await staff.ask(target, endpoint, member) for endpoint in DOORS} == {401}

    try:
        await eventually(refused, within_seconds=6)
    except AssertionError:
        raise Fell(
            f"the cookie still opens {[d for d in DOORS if await staff.ask(target, d, member) == 200]}"
        ) from None
    return "the cookie is refused"


@attack("F9")
async def staff_session_minted_with_the_link_keys(target: Target) -> str:
    """Whoever got the keys of the links mints every kind of token with each of them, for a member of the staff, and signs in."""
    member = await staff.signed_in(target)
    [row] = await target.rows("ingest", "SELECT tenant_id, id FROM staff WHERE email = $1", member.email)
    tokens = _minted(target, Link(row["tenant_id"], row["id"]))
    for (name, purpose), token in tokens.items():
        for endpoint in DOORS:
            bearer = {"Authorization": f"Bearer {token}"}
            answer = await target.http.get(f"{target.stack.gateway}{endpoint}", headers=bearer)
            by_cookie = await staff.ask(
                target, endpoint, staff.Member("", dict.fromkeys(member.cookies, token))
            )
            if 200 in {answer.status_code, by_cookie}:
                raise Fell(f"a {purpose} token made with {name} opens {endpoint}")
    return f"{len(tokens)} tokens, all refused as bearer and as cookie"


@attack("F9")
async def links_minted_with_another_link_s_key(target: Target) -> str:
    """Whoever got one key of links mints the other kinds with it: chat, managing an appointment, unsubscribing."""
    victim = await target.greeted()
    booked = await target.booked(victim)
    [row] = await target.rows(
        "chat", "SELECT tenant_id FROM leads WHERE lead_id = $1", await victim.lead_id()
    )
    own_key = {LinkPurpose.CHAT: "link_keys", LinkPurpose.MANAGE: "link_keys_manage"}
    subjects = {LinkPurpose.CHAT: await victim.lead_id(), LinkPurpose.MANAGE: UUID(booked["id"])}
    endpoints = {LinkPurpose.CHAT: "/api/chat/session/me", LinkPurpose.MANAGE: "/api/booking/manage"}
    opened = {}
    for kind, endpoint in endpoints.items():
        for (name, purpose), token in _minted(target, Link(row["tenant_id"], subjects[kind])).items():
            if purpose is kind:
                headers = {"Authorization": f"Bearer {token}"}
                answer = await target.http.get(f"{target.stack.gateway}{endpoint}", headers=headers)
                opened[kind, name] = answer.status_code == 200
    wrong = [
        f"{kind} with {name}"
        for (kind, name), is_open in opened.items()
        if is_open != (name == own_key[kind])
    ]
    if wrong:
        raise Fell(f"opens, or does not: {wrong}")
    return f"{len(opened)} links, only those of their own key open"


def _minted(target: Target, link: Link) -> dict[tuple[str, LinkPurpose], str]:
    """By the name of the key and the kind."""
    expires_at = database_now() + timedelta(hours=1)
    return {
        (name, purpose): mint(purpose, link, keys=value.split(","), expires_at=expires_at)
        for name, value in target.stack.secrets.items()
        if name.startswith("link_keys")
        for purpose in LinkPurpose
    }


@attack("F9")
async def tokens_at_each_other_s_endpoints(target: Target) -> str:
    """A customer's chat token at the staff's and the operators' endpoints, the operators' token at the customers'."""
    customer = await target.greeted()
    operators = target.stack.secrets["ops_token"]
    tried = {
        (customer.token, "/api/staff/me"): {401},
        (customer.token, "/api/staff/conversations"): {401},
        (customer.token, "/api/admin/tenants/sample-tint"): {401, 404},
        (operators, "/api/staff/me"): {401},
        (operators, "/api/staff/conversations"): {401},
        (operators, "/api/chat/session/me"): {401},
        (operators, "/api/booking/catalog"): {401},
    }
    for (token, endpoint), expected in tried.items():
        headers = {"Authorization": f"Bearer {token}"}
        answer = await target.http.get(f"{target.stack.gateway}{endpoint}", headers=headers)
        if answer.status_code not in expected:
            raise Fell(f"{endpoint} answers {answer.status_code}")
    return f"{len(tried)} endpoints, all shut"


@attack("F11")
async def another_site_acts_with_the_cookie(target: Target) -> str:
    """POST and DELETE of another website with the member's cookie, at every endpoint that changes something."""
    member, customer = await staff.signed_in(target), await target.greeted()
    conversation = (await customer.session())["conversation"]["id"]
    endpoint = f"/api/staff/conversations/{conversation}"
    foreign: list[dict[str, str]] = [
        {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"},
        {"Origin": EVIL},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
        {"Origin": f"{target.stack.gateway}.evil.example"},
        {"Sec-Fetch-Site": "same-site", "Origin": "https://other.sample-tint.example"},
    ]
    for headers in foreign:
        for path in (
            f"{endpoint}/take-over",
            f"{endpoint}/messages",
            f"{endpoint}/notes",
            f"{endpoint}/give-back",
        ):
            answer = await staff.post(target, path, member, **headers)
            if answer.is_success:
                raise Fell(f"{path.rpartition('/')[2]} with {headers} is answered {answer.status_code}")
        await _stays_signed_in(target, member, headers)
    own = await staff.post(target, f"{endpoint}/take-over", member, **staff.same_origin(target))
    if not own.is_success:
        raise Fell(f"our own page is refused, too: {own.status_code}")
    return f"{len(foreign)} kinds of foreign request refused, our own page obeyed"


async def _stays_signed_in(target: Target, member: staff.Member, headers: dict[str, str]) -> None:
    url = f"{target.stack.gateway}/api/staff/session"
    answer: httpx2.Response = await target.http.delete(url, headers={**member.cookie, **headers})
    if answer.is_success:
        raise Fell(f"log-out with {headers} is answered {answer.status_code}")


@attack("F7")
async def cookie_that_any_page_could_read(target: Target) -> str:
    """The attributes of the cookie that a log-in sets."""
    email = await staff.hire(target)
    async with target.elsewhere() as browser:
        await browser.post("/api/staff/login", json={"email": email})
        code = await eventually(lambda: staff._code(target, email))
        opened = await browser.post(
            "/api/staff/session", json={"code": code}, headers=staff.same_origin(target)
        )
        again = await browser.post(
            "/api/staff/session", json={"code": code}, headers=staff.same_origin(target)
        )
    cookie = opened.headers["set-cookie"].lower()
    missing = [word for word in ("httponly", "samesite=strict", "path=/") if word not in cookie]
    if missing:
        raise Fell(f"the cookie lacks {missing}")
    if again.status_code != 401:
        raise Fell(f"the log-in's code is taken a second time: {again.status_code}")
    return "HttpOnly, SameSite=Strict; the code is taken once"
