"""Forged texts, mails and links are counted by address; over it 429 with when to come again, and signed ones never."""

import httpx2
import pytest
from notifier.limits import LIMITS
from shared.http.limits import Limits, windows_of

from .test_doors import text_us


@pytest.fixture
def limited(shop):
    def to(**limits: str) -> httpx2.AsyncClient:
        app = shop.http._transport.app
        app.state.limits = Limits(shop.deps.sessions, windows_of(LIMITS, limits))
        return shop.http

    return to


@pytest.mark.parametrize(
    ("path", "method", "limit", "status"),
    [
        ("/webhooks/twilio/sms/sample-tint", "POST", "signature_failures_per_ip", 403),
        ("/webhooks/twilio/status/sample-tint", "POST", "signature_failures_per_ip", 403),
        ("/webhooks/email/sample-tint", "POST", "signature_failures_per_ip", 403),
        ("/u/forged", "GET", "link_failures_per_ip", 401),
        ("/u/forged", "POST", "link_failures_per_ip", 401),
    ],
)
async def test_failures_from_one_address(limited, shop, path, method, limit, status):
    client = limited(**{limit: "1/day"})
    assert (await client.request(method, path)).status_code == status
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (429, "rate_limited", limit)
    assert int(answer.headers["Retry-After"]) >= 1
    assert (await text_us(shop, "+16195550111", "hello")).status_code == 200
