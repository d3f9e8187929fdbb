"""However the call to the provider ends, the customer gets the message once; a table of moment and what the vendor saw."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from notifier.actions.sending import claim_due, deliver, note_outcome
from notifier.clients import smtp
from notifier.domain.outcome import Accepted, TryLater, Uncertain
from notifier.domain.signatures import twilio_signature
from shared.events import AppointmentBooked, Service
from testkit.patience import eventually
from testkit.process import kill, service_process
from testkit.secrets import KEY

ORIGIN = "https://leads.sample-tint.example"
START = datetime(2027, 3, 16, 17, 0, tzinfo=UTC)


def later(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def recover(shop: Any) -> None:
    """Two minutes in which the vendors are well again."""
    for vendor in ("twilio", "smtp"):
        shop.fault(vendor, mode="none")
    for seconds in (15, 75, 120):
        await shop.find_lost(seconds)
        await shop.send_due(later(seconds))


async def call_back(shop: Any, delivery_id: Any, sid: str, status: str) -> int:
    path = f"/webhooks/twilio/status/sample-tint?delivery={delivery_id}"
    params = {"MessageSid": sid, "MessageStatus": status}
    token = shop.deps.settings.twilio_auth_token.get_secret_value()
    signed = {"X-Twilio-Signature": twilio_signature(token, ORIGIN + path, params.items())}
    return int((await shop.http.post(path, data=params, headers=signed)).status_code)


@pytest.mark.parametrize(
    ("fault", "before"),
    [
        ({"mode": "status", "status": 429, "retry_after": 5}, "planned"),
        ({"mode": "status", "status": 503}, "planned"),
        ({"mode": "html_403"}, "planned"),
        ({"mode": "status", "status": 500}, "unknown"),
        ({"mode": "status", "status": 500, "after_commit": True}, "unknown"),
        ({"mode": "disconnect"}, "unknown"),
        ({"mode": "timeout", "seconds": 0.1}, "unknown"),
        ({"mode": "timeout_after_commit", "seconds": 0}, "unknown"),
        ({"mode": "timeout_after_commit", "seconds": 0.1}, "unknown"),
        ({"mode": "malformed"}, "unknown"),
        ({"mode": "html_200"}, "unknown"),
    ],
    ids=lambda value: "-".join(str(part) for part in value.values()) if isinstance(value, dict) else value,
)
async def test_a_text_arrives_once(shop: Any, fault: dict[str, Any], before: str) -> None:
    await shop.greet()
    shop.fault("twilio", **fault)
    await shop.send_due()
    assert (await shop.delivery("sms")).state == before

    await recover(shop)

    sent = await shop.delivery("sms")
    assert (sent.state, len(shop.inbox("sms"))) == ("sent", 1)
    assert sent.provider_id == shop.inbox("sms")[0]["id"]
    assert len(await shop.told("notification.sent.v1")) == 2, "the mail's and the text's, once each"


def messages(shop: Any) -> set[str]:
    """What a mailbox shows, which knows a copy by its Message-ID (a process of a test has another host behind the @)."""
    return {mail["headers"]["Message-ID"].partition("@")[0] for mail in shop.inbox("email")}


@pytest.mark.parametrize(
    ("fault", "before", "mails", "after"),
    [
        ({"mode": "status", "status": 451}, "planned", 1, "sent"),
        ({"mode": "status", "status": 421}, "planned", 1, "sent"),
        ({"mode": "status", "status": 550}, "failed", 0, "failed"),
        ({"mode": "disconnect"}, "unknown", 1, "sent"),
        ({"mode": "timeout", "seconds": 0.1}, "unknown", 1, "sent"),
        ({"mode": "timeout_after_commit", "seconds": 0.1}, "unknown", 1, "sent"),
        ({"mode": "malformed"}, "unknown", 1, "sent"),
    ],
    ids=lambda value: "-".join(str(part) for part in value.values()) if isinstance(value, dict) else None,
)
async def test_a_mail_arrives_as_one_message_whatever_became_of_the_first_try(
    shop: Any, fault: dict[str, Any], before: str, mails: int, after: str
) -> None:
    await shop.greet()
    shop.fault("smtp", **fault)
    await shop.send_due()
    assert (await shop.delivery("email")).state == before

    await recover(shop)

    assert ((await shop.delivery("email")).state, len(messages(shop))) == (after, mails)
    assert len(shop.inbox("sms")) == 1, "the other channel goes its own way"


async def test_a_confirmation_whose_mail_is_in_doubt_goes_once_more_as_the_same_message(shop: Any) -> None:
    lead = await shop.greet()
    await shop.send_due()
    shop.fault("smtp", mode="timeout_after_commit", seconds=0.1)
    await shop.tell(
        AppointmentBooked(
            appointment_id=uuid4(),
            number="ST-1042",
            lead_id=lead.lead_id,
            contact=lead.contact,
            service=Service(code="ceramic", name="Ceramic tint"),
            start=START,
            end=START + timedelta(hours=3),
            timezone="America/Los_Angeles",
            total_cents=49900,
            sequence=0,
            manage_url=f"{ORIGIN}/m/sample",
        )
    )
    await shop.send_due()

    await recover(shop)

    assert (await shop.delivery("email", "confirmation")).state == "sent"
    assert (len(messages(shop)), len(shop.inbox("sms"))) == (2, 2), "greeting and confirmation"


async def test_a_callback_settles_a_text_whose_answer_was_lost(shop: Any) -> None:
    await shop.greet()
    shop.fault("twilio", mode="timeout_after_commit", seconds=0.1)
    await shop.send_due()
    unknown, sid = await shop.delivery("sms"), shop.inbox("sms")[0]["id"]

    for status in ("delivered", "sent", "delivered"):
        assert await call_back(shop, unknown.id, sid, status) == 200

    settled = await shop.delivery("sms")
    assert (settled.state, settled.provider_id, settled.provider_status) == ("sent", sid, "delivered")
    assert len([told for told in await shop.told("notification.sent.v1") if told["channel"] == "sms"]) == 1


async def test_a_callback_before_the_answer_counts_once(shop: Any) -> None:
    await shop.greet()
    [claimed] = await claim_due(shop.deps, shop.tenant_id, {"sms": 1})

    assert await call_back(shop, claimed.delivery_id, "SM1", "undelivered") == 200
    await note_outcome(shop.deps, claimed, Accepted("SM1"))

    failed = await shop.delivery("sms")
    assert (failed.state, failed.reason, failed.provider_id) == ("failed", "undelivered", "SM1")
    assert len(await shop.told("notification.sent.v1")) == 1
    assert len(await shop.told("notification.failed.v1")) == 1


async def test_what_twilio_does_not_show_yet_is_not_sent_again(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes its time: our patience ends before it has taken the text."""
    monkeypatch.setattr(shop.deps.twilio._http._transport, "_call_seconds", 0.1)
    await shop.greet()
    shop.fault("twilio", mode="slow", seconds=1)
    await shop.send_due()
    shop.fault("twilio", mode="none")

    await shop.find_lost(15)
    await shop.send_due(later(15))

    assert (await shop.delivery("sms")).state == "unknown"
    await eventually(lambda: asyncio.sleep(0, shop.inbox("sms")), within_seconds=20)
    await recover(shop)
    assert ((await shop.delivery("sms")).state, len(shop.inbox("sms"))) == ("sent", 1)


async def test_a_mail_server_that_trickles_leaves_the_mail_in_doubt(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "MAIL_SECONDS", 0.1)
    await shop.greet()
    shop.fault("smtp", mode="slow", seconds=1)
    await shop.send_due()
    assert ((await shop.delivery("email")).state, (await shop.delivery("email")).reason) == (
        "unknown",
        "smtp_timeouterror",
    )


async def test_a_sender_that_slept_over_its_claim_does_not_call(shop: Any) -> None:
    await shop.greet()
    [claimed] = await claim_due(shop.deps, shop.tenant_id, {"sms": 1})

    await deliver(shop.deps, replace(claimed, begin_by=0))

    assert not shop.sandbox.world.calls["twilio"]
    assert (await shop.delivery("sms")).reason == "claim_ran_out"


async def test_the_answer_of_an_overtaken_attempt_does_not_send_again(shop: Any) -> None:
    await shop.greet()
    [first] = await claim_due(shop.deps, shop.tenant_id, {"sms": 1})
    await shop.find_lost(61)
    [second] = await claim_due(shop.deps, shop.tenant_id, {"sms": 1}, later(62))

    await note_outcome(shop.deps, first, TryLater("late"))
    await note_outcome(shop.deps, first, Uncertain("late"))
    assert (await shop.delivery("sms")).state == "sending"

    await note_outcome(shop.deps, second, Accepted("SM2"))
    assert (await shop.delivery("sms")).provider_id == "SM2"


async def test_a_late_acceptance_spares_the_second_text(shop: Any) -> None:
    await shop.greet()
    [first] = await claim_due(shop.deps, shop.tenant_id, {"sms": 1})
    await shop.find_lost(61)
    assert (await shop.delivery("sms")).state == "planned"

    await note_outcome(shop.deps, first, Accepted("SM1"))
    await shop.send_due(later(62))

    assert [c for c in shop.sandbox.world.calls["twilio"] if c["method"] == "POST"] == []
    assert (await shop.delivery("sms")).state == "sent"


@pytest.mark.rabbit
@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("moment", "taken"), [("timeout", 0), ("timeout_after_commit", 1)], ids=["before", "after"]
)
async def test_a_sender_killed_in_the_middle_of_its_calls(
    shop: Any, database_url: str, rabbitmq_url: str, unused_tcp_port: int, moment: str, taken: int
) -> None:
    """`sending` is committed; the vendor has the message (`after`) or not yet (`before`), and nobody notes an answer."""
    world = shop.sandbox.world
    await shop.greet()
    for vendor in ("twilio", "smtp"):
        shop.fault(vendor, mode=moment)
    settings = {
        "database_url": database_url,
        "rabbitmq_url": rabbitmq_url,
        "port": str(unused_tcp_port),
        "public_url": "http://127.0.0.1:9",
        "link_keys_chat": KEY,
        "link_keys_unsubscribe": KEY,
        "link_keys_reply": KEY,
        "link_keys_login": KEY,
        "person_key": KEY,
        "smtp_port": str(shop.sandbox.smtp_port),
        "twilio_base_url": f"{shop.sandbox.url}/twilio",
        "twilio_account_sid": world.settings.twilio_account_sid,
        "twilio_auth_token": world.settings.twilio_auth_token,
    }

    async def both_called() -> bool:
        called = bool(world.calls["twilio"] and world.calls["smtp"])
        return called and (len(shop.inbox("sms")), len(shop.inbox("email"))) == (taken, taken)

    async with service_process("notifier", **settings) as process:
        await eventually(both_called, within_seconds=60)
        await kill(process)
    assert {delivery.state for delivery in await shop.deliveries()} == {"sending"}

    await recover(shop)

    assert ((await shop.delivery("sms")).state, len(shop.inbox("sms"))) == ("sent", 1)
    assert ((await shop.delivery("email")).state, len(messages(shop))) == ("sent", 1)
    assert len(shop.inbox("email")) == taken + 1
