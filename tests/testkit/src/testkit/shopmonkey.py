"""ShopMonkey's sender, for the deliveries that the sandbox's own sender would never make."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any
from uuid import uuid4

import httpx2


def order_row(location_id: str, **fields: object) -> dict[str, Any]:
    """The row of an invented order."""
    return {
        "id": str(uuid4()),
        "locationId": location_id,
        "status": "Estimate",
        "name": "New Quote",
        **fields,
    }


def body_of(row: dict[str, Any], table: str = "order", operation: str = "INSERT") -> bytes:
    return json.dumps({"apiVersion": 3, "operation": operation, "table": table, "data": row}).encode()


def signed_headers(
    secret: str, body: bytes, *, webhook_id: str | None = None, at: float | None = None
) -> dict[str, str]:
    """`at` is a unix time; now when left out."""
    webhook_id = webhook_id or f"msg_{uuid4().hex}"
    timestamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), f"{webhook_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


async def deliver(
    http: httpx2.AsyncClient, gateway: str, body: bytes, headers: dict[str, str], tenant: str = "sample-tint"
) -> httpx2.Response:
    return await http.post(f"{gateway}/webhooks/shopmonkey/{tenant}", content=body, headers=headers)
