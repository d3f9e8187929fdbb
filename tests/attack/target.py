"""The stack under attack: its endpoints from addresses of the attacker's choice, and what a checker may look at."""

import asyncio
import itertools
import re
import secrets
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx2
from ops.stack.infrastructure import recorded_servers
from ops.stack.provision import database_url
from ops.stack.stackfile import StackFile
from ops.stack.state import instance_id
from testkit.customer import Customer
from testkit.patience import eventually

Json = dict[str, Any]

SITE_KEY = "sample-site-key"
SHOP, SHOP_PHONE = "store094@sample-tint.example", "+16195550194"
CONSENT = {
    "sms": True,
    "email": True,
    "text": "I agree to get messages about my request (sample).",
    "version": "2026-11",
    "url": "https://sample-tint.example/quote",
}
CHAT_LINK = re.compile(r"/c/([\w.=-]+)")
_TLS = ssl.create_default_context()
"""Made once: it takes longer than an attack."""
TOKEN = re.compile(r"[\w-]{40,}={0,2}\.[\w-]{20,}={0,2}")


@dataclass
class Target:
    """`http` comes from 127.0.0.1, as every ordinary client of this machine does."""

    stack: StackFile
    state_dir: Path
    http: httpx2.AsyncClient
    _hosts: itertools.count = field(default_factory=lambda: itertools.count(secrets.randbelow(200_000)))

    # The attacker

    @asynccontextmanager
    async def elsewhere(self) -> AsyncIterator[httpx2.AsyncClient]:
        """A client of the gateway with an address that nobody had before: what is counted by address begins anew."""
        number = next(self._hosts)
        address = f"127.{70 + number // 62_500 % 100}.{1 + number // 250 % 250}.{1 + number % 250}"
        transport = httpx2.AsyncHTTPTransport(local_address=address, verify=_TLS)
        async with httpx2.AsyncClient(
            base_url=self.stack.gateway, transport=transport, timeout=30, trust_env=False
        ) as client:
            yield client

    def customer(self) -> Customer:
        return Customer(self.stack, self.http)

    async def greeted(self, **lead: object) -> Customer:
        """Somebody who asked the shop by its CRM and has opened the chat."""
        customer = self.customer()
        await customer.asks_the_shop(**lead)
        channel = "email" if lead.get("email", customer.email) else "sms"
        [first, *_] = await customer.received(channel)
        customer.token = token_in(first["text"])
        await customer.session()
        return customer

    async def booked(self, customer: Customer) -> Json:
        """An appointment of the customer's, as booking answered it."""
        quote = (await customer.post("/api/booking/quotes", {"service": "front-two"})).json()
        found = await customer.get("/api/booking/slots", quote_id=quote["id"], days=60)
        start = secrets.choice(found.json()["slots"])["start"]
        answer = await customer.post(
            "/api/booking/appointments",
            {"quote_id": quote["id"], "start": start},
            **{"Idempotency-Key": str(uuid4())},
        )
        assert answer.status_code == 201, answer.text
        appointment: Json = answer.json()
        return appointment

    async def other_tenant(self) -> str:
        """The slug of a second brand with one shop."""
        slug, admin = "other-tint", f"{self.stack.services['ingest']}/api/admin"
        brand = {"name": "Other Tint", "demo_mode": False}
        shop = {
            "name": "Other Tint Reno",
            "timezone": "America/Los_Angeles",
            "address": {"street": "1 Sample St", "city": "Reno", "region": "NV", "postal_code": "89501"},
            "phone": "+17755550101",
            "email": "reno@other-tint.example",
        }
        for path, body in ((f"tenants/{slug}", brand), (f"locations/{slug}/Reno", shop)):
            (await self.http.put(f"{admin}/{path}", json=body, headers=self.operator)).raise_for_status()
        known = "SELECT 1 FROM tenants WHERE slug = $1"
        await eventually(lambda: self.rows("notifier", known, slug))
        return slug

    async def inbox(self, to: str) -> list[Json]:
        answer = await self.http.get(f"{self.stack.sandbox}/control/inbox", params={"to": to})
        found: list[Json] = answer.json()
        return found

    async def submit(self, client: httpx2.AsyncClient, **changes: object) -> httpx2.Response:
        """The website's form, with another idempotency key each time."""
        return await client.post(
            f"{self.stack.gateway}/api/leads", json=form(**changes), headers={"Idempotency-Key": str(uuid4())}
        )

    async def mails(self, sender: str, text: str, **more: object) -> None:
        """A mail to the shop, as the sandbox hands it in."""
        mail = {"from": sender, "to": SHOP, "subject": "Sample", "text": text, **more}
        (await self.http.post(f"{self.stack.sandbox}/control/email", json=mail)).raise_for_status()

    async def texts(self, sender: str, text: str) -> None:
        body = {"from": sender, "to": SHOP_PHONE, "body": text}
        (await self.http.post(f"{self.stack.sandbox}/control/sms", json=body)).raise_for_status()

    async def opened_with(self, token: str) -> Json | None:
        """The conversation that this token opens."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self.http.get(f"{self.stack.gateway}/api/chat/session/me", headers=headers)
        return answer.json() if answer.status_code == 200 else None

    # The checker

    async def calm(self) -> None:
        """What was sent before has been worked off: a lead that came after it has been greeted."""
        await self.greeted()
        for service in self.stack.databases:
            await eventually(lambda service=service: self._all_told(service))

    async def _all_told(self, service: str) -> bool:
        return not await self.rows(service, "SELECT 1 FROM outbox WHERE published_at IS NULL LIMIT 1")

    @asynccontextmanager
    async def as_service(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        """With what a service's own account may do."""
        connection = await asyncpg.connect(self.stack.databases[service])
        try:
            yield connection
        finally:
            await connection.close()

    @asynccontextmanager
    async def as_administrator(self) -> AsyncIterator[asyncpg.Connection]:
        """The whole database, bound by nothing."""
        known = recorded_servers(self.state_dir)
        assert known, "this stack's servers are not on record"
        name = f"leads_{instance_id(self.state_dir)}"
        connection = await asyncpg.connect(database_url(known.postgres_admin_url, name))
        try:
            yield connection
        finally:
            await connection.close()

    async def rows(self, service: str, query: str, *values: object) -> list[asyncpg.Record]:
        """Of the service's schema, of every tenant."""
        async with self.as_administrator() as connection:
            schema = {"crm-sync": "crm", "notifier": "notify"}.get(service, service)
            await connection.execute(f"SET search_path TO {schema}, public")
            found: list[asyncpg.Record] = await connection.fetch(query, *values)
            return found

    async def leadctl(self, *arguments: str, seconds: float) -> int | None:
        """Its exit code; None when it took longer."""
        lines = (self.state_dir / "env").read_text().splitlines()
        settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("leadctl")),
            *arguments,
            env=settings,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(seconds):
                return await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            return None

    @property
    def operator(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.stack.secrets['ops_token']}"}


def form(**changes: object) -> Json:
    return {
        "site_key": SITE_KEY,
        "location": "Store094",
        "contact": {"name": "Pat Sample", "email": f"pat.{secrets.token_hex(5)}@example.com"},
        "vehicle": {"year": 2022, "make": "Honda", "model": "CR-V"},
        "interest": "window tint",
        "consent": CONSENT,
        **changes,
    }


def token_in(text: str) -> str:
    found = CHAT_LINK.search(text)
    assert found, f"no chat link in {text[:200]}"
    return found[1]
