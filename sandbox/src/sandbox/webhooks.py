"""ShopMonkey's webhook sender: its headers, its signature and its retry rules, which give up within a minute."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass

import httpx2

from sandbox.rows import Row, new_id
from sandbox.world import World

ATTEMPTS = 4
BUDGET_SECONDS = 55.0
RETRIED_STATUSES = {408, 429, 502, 503, 504}  # not 500: what a receiver answers that way is lost
FIRST_BACKOFF_SECONDS = 0.05
LONGEST_BACKOFF_SECONDS = 10.0
_OPERATIONS = {"INSERT": "Insert", "UPDATE": "Update", "DELETE": "Delete"}


@dataclass(frozen=True)
class Delivery:
    """What came back; `status` is null when nobody answered. `ms` is the whole delivery, retries included."""

    status: int | None
    ms: float
    attempts: int


@dataclass(frozen=True)
class Event:
    """One change of one row; delivered again under the same `id`, it is the same webhook."""

    id: str
    table: str
    operation: str
    body: bytes

    @property
    def triggers(self) -> set[str]:
        """The names under which a webhook may be registered for it."""
        entity = "".join(part.capitalize() for part in self.table.split("_"))
        return {entity, entity + _OPERATIONS[self.operation]}


def event_of(table: str, operation: str, row: Row, diff: list[str] | None = None) -> Event:
    payload: Row = {"apiVersion": "3", "operation": operation, "table": table, "data": row}
    if operation == "UPDATE":
        payload["diff"] = diff or []
    return Event(f"msg_{new_id()}", table, operation, json.dumps(payload, separators=(",", ":")).encode())


def announce(world: World, event: Event) -> None:
    """Sends the event in the background to everybody who listens."""
    for url, secret in listeners(world, event):
        for wait in world.faults.webhook_waits():
            world.in_background(_deliver_quietly(world, event, url, secret, wait))


async def _deliver_quietly(world: World, event: Event, url: str, secret: str, wait: float) -> None:
    await asyncio.sleep(wait)
    await deliver(world, event, url, secret)


def listeners(world: World, event: Event) -> list[tuple[str, str]]:
    """URL and secret: our gateway always, then the webhooks registered through the API for this trigger."""
    found = {world.settings.webhook_url("shopmonkey"): world.settings.webhook_secret}
    for hook in world.tables["webhook"].values():
        if hook["enabled"] and event.triggers & set(hook["triggers"]):
            found.setdefault(hook["url"], hook["secret"] or world.settings.webhook_secret)
    return list(found.items())


async def deliver(world: World, event: Event, url: str, secret: str) -> Delivery:
    started = time.perf_counter()
    attempt, status = 0, None
    while attempt < ATTEMPTS:
        attempt += 1
        status, wait = await _attempt(world, event, url, secret, attempt)
        left = BUDGET_SECONDS - (time.perf_counter() - started)
        if wait is None or left <= 0 or attempt == ATTEMPTS:
            break
        await asyncio.sleep(min(wait, left))
    return Delivery(status, round((time.perf_counter() - started) * 1000, 1), attempt)


async def _attempt(
    world: World, event: Event, url: str, secret: str, attempt: int
) -> tuple[int | None, float | None]:
    """The status, and the seconds until the next attempt; None when this one settles it."""
    backoff = min(FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1), LONGEST_BACKOFF_SECONDS)
    try:
        answer = await world.http.post(url, content=event.body, headers=_headers(event, secret, attempt))
    except httpx2.TimeoutException:
        return None, None
    except httpx2.TransportError:
        return None, backoff
    if answer.status_code not in RETRIED_STATUSES:
        return answer.status_code, None
    return answer.status_code, _retry_after(answer) or backoff


def _retry_after(answer: httpx2.Response) -> float | None:
    value = answer.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None


def _headers(event: Event, secret: str, attempt: int) -> dict[str, str]:
    timestamp = str(int(time.time()))
    return {
        "content-type": "application/json",
        "user-agent": "Shopmonkey (+https://shopmonkey.io)",
        "x-attempt": str(attempt),
        "x-request-id": new_id(),
        "webhook-id": event.id,
        "webhook-timestamp": timestamp,
        "webhook-version": "3",
        "webhook-signature": f"v1,{signature(secret, event.id, timestamp, event.body)}",
    }


def signature(secret: str, webhook_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()
