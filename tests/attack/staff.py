"""A member of the staff who signs in with a mailed link, as a browser does."""

import re
import secrets
from dataclasses import dataclass

import httpx2
from testkit.patience import eventually

from attack.target import Target

_CODE = re.compile(r"[?#&]code=([\w.=-]+)")


@dataclass(frozen=True)
class Member:
    email: str
    cookies: dict[str, str]

    @property
    def cookie(self) -> dict[str, str]:
        """The header that the browser sends."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}


async def hire(target: Target, *, active: bool = True, email: str = "") -> str:
    """Their address; the same address again changes the member."""
    email = email or f"member.{secrets.token_hex(4)}@example.com"
    endpoint = f"{target.stack.services['ingest']}/api/admin/tenants/{target.stack.tenant}/staff/{email}"
    body = {"name": "Sam Sample", "role": "location", "locations": ["Store094"], "active": active}
    answer = await target.http.put(endpoint, json=body, headers=target.operator)
    assert answer.is_success, answer.text
    return email


async def signed_in(target: Target) -> Member:
    email = await hire(target)
    async with target.elsewhere() as browser:
        asked = await browser.post("/api/staff/login", json={"email": email})
        assert asked.status_code == 202, asked.text
        code = await eventually(lambda: _code(target, email))
        opened = await browser.post("/api/staff/session", json={"code": code}, headers=same_origin(target))
        assert opened.is_success, opened.text
        member = Member(email, dict(opened.cookies))
    await eventually(lambda: _knows(target, member))
    return member


async def _code(target: Target, email: str) -> str:
    found = [_CODE.search(mail["text"]) for mail in await target.inbox(email)]
    return found[0][1] if found and found[0] else ""


async def _knows(target: Target, member: Member) -> bool:
    """The other services hear of a member by an event."""
    return (await ask(target, "/api/staff/conversations", member)) == 200


async def ask(target: Target, path: str, member: Member) -> int:
    answer = await target.http.get(f"{target.stack.gateway}{path}", headers=member.cookie)
    return answer.status_code


def same_origin(target: Target) -> dict[str, str]:
    """What a browser sends with a request of our own page."""
    return {"Origin": target.stack.gateway, "Sec-Fetch-Site": "same-origin"}


async def post(target: Target, path: str, member: Member, **headers: str) -> httpx2.Response:
    url = f"{target.stack.gateway}{path}"
    return await target.http.post(
        url, json={"text": "Sample.", "client_id": secrets.token_hex(8)}, headers={**member.cookie, **headers}
    )
