"""Forged texts, mails and links are counted by address; over it 429 with when to come again, and signed ones never."""

import httpx2
import pytest
from notifier.actions import inbound
from notifier.limits import LIMITS
from shared.http.limits import Limits, windows_of
from shared.understanding.opt_out import OptOut
from shared.understanding.whole import hear_whole

from .test_endpoints import SMS, from_twilio, mail_us, text_us
from .test_erasing import permissions


@pytest.fixture
def limited(shop):
    def to(**limits: str) -> httpx2.AsyncClient:
        app = shop.http._transport.app
        app.state.limits = Limits(shop.deps.sessions, windows_of(LIMITS, limits), secret="of-the-tests")
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
        ("/api/links/renew", "POST", "link_failures_per_ip", 202),
    ],
)
async def test_failures_from_one_address(limited, shop, path, method, limit, status):
    client = limited(**{limit: "1/day"})
    assert (await client.request(method, path)).status_code == status
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["code"], answer.json()["limit"]) == (429, "rate_limited", limit)
    assert int(answer.headers["Retry-After"]) >= 1
    assert (await text_us(shop, "+16195550111", "hello")).status_code == 200


async def read_at_most(shop, monkeypatch, amount: str, limit: str = "inbound_per_sender") -> list[str]:
    """What was read for its meaning."""
    read: list[str] = []

    async def hear(text: str, channel: str) -> OptOut | None:
        read.append(text)
        return await hear_whole(text, channel)

    monkeypatch.setattr(inbound, "hear_whole", hear)
    windows = windows_of(LIMITS, {limit: amount})
    object.__setattr__(shop.deps, "limits", Limits(shop.deps.sessions, windows, secret="of-the-tests"))
    return read


async def test_over_a_sender_s_limit_nothing_is_read_for_its_meaning_and_all_is_passed_on(shop, monkeypatch):
    read = await read_at_most(shop, monkeypatch, "2/day")
    lead = await shop.greet()
    for words in ("one", "two", "three", "four"):
        assert (await text_us(shop, lead.contact.phone, words)).status_code == 200
    assert read == ["one", "two"]
    assert [told["text"] for told in await shop.told("inbound.message.received.v1")] == [
        "one",
        "two",
        "three",
        "four",
    ]
    await text_us(shop, "+16195550111", "somebody else")
    assert read[-1] == "somebody else"


async def test_senders_that_are_made_up_share_a_limit_that_takes_nothing_from_others(shop, monkeypatch):
    read = await read_at_most(shop, monkeypatch, "2/day", "unproven_per_tenant")
    for number in range(4):
        await mail_us(shop, f"made-up{number}@example.net", f"mail {number}")
    assert {"mail 0", "mail 1"} <= set(read)
    assert not {"mail 2", "mail 3"} & set(read)
    lead = await shop.greet()
    await mail_us(shop, lead.contact.email, "Please call me on Friday")
    assert "Please call me on Friday" in read


async def test_over_the_limit_a_stop_still_counts(shop, monkeypatch):
    await read_at_most(shop, monkeypatch, "1/day")
    lead = await shop.greet()
    for words in ("one", "STOP"):
        await text_us(shop, lead.contact.phone, words)
    assert ("sms", lead.contact.phone, "opted_out") in await permissions(shop)


async def test_what_is_known_already_is_not_read_again(shop, monkeypatch):
    read = await read_at_most(shop, monkeypatch, "1/day")
    lead = await shop.greet()
    for _ in range(3):
        form = {"MessageSid": "SM1", "From": lead.contact.phone, "To": "+16195550194", "Body": "one"}
        assert (await from_twilio(shop, SMS, **form)).status_code == 200
    assert read == ["one"]
    assert len(await shop.told("inbound.message.received.v1")) == 1
