"""What staff are sent: hand-off notices to the next in line, and the link that signs them in."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from notifier.actions.staff import send_login
from shared.events import (
    CallBackRequested,
    HandoffEscalated,
    HandoffRequested,
    StaffChanged,
    StaffLoginRequested,
)
from shared.http.links import LinkPurpose, read
from shared.messaging.failures import RetryLater
from shared.messaging.replay import delivered

from .conftest import Shop


@pytest.fixture
async def members(shop: Shop) -> None:
    await shop.open(allow_list=("*@sample.test", "+16195550171", "+16195550100"), demo_mode=True)
    for name, role, phone, at in (
        ("sam", "location", "+16195550171", (shop.location_id,)),
        ("elsewhere", "location", None, (uuid4(),)),
        ("rita", "read_only", None, (shop.location_id,)),
        ("reg", "region", None, (shop.location_id,)),
        ("olga", "owner", None, ()),
    ):
        await shop.tell(
            StaffChanged(
                staff_id=uuid4(),
                version=1,
                name=name,
                email=f"{name}@sample.test",
                phone=phone,
                role=role,
                locations=at,
            )
        )


def asked_for(lead_id: UUID) -> HandoffRequested:
    return HandoffRequested(
        conversation_id=uuid4(),
        lead_id=lead_id,
        kind="hard",
        reason="Asked for a person",
        summary="Wants to know about fleets.",
        open_question="Do you do fleets?",
        suggested_reply="Hi, this is Sample Tint. How can I help?",
    )


def escalated(lead_id: UUID, level: int = 1) -> HandoffEscalated:
    return HandoffEscalated(
        handoff_id=uuid4(),
        conversation_id=uuid4(),
        lead_id=lead_id,
        level=level,
        reason="Asked for a person",
        summary="Wants to know about fleets.",
        requested_at=datetime.now(UTC),
    )


def call_back(lead_id: UUID) -> CallBackRequested:
    return CallBackRequested(
        handoff_id=uuid4(),
        conversation_id=uuid4(),
        lead_id=lead_id,
        phone="+16195550188",
        reason="Asked for a person",
        summary="Wants to know about fleets.",
    )


async def notices(shop: Shop) -> set[tuple[str, str, str]]:
    await shop.send_due()
    return {
        (d.channel, d.address, d.state) for d in await shop.deliveries() if d.template == "handoff_notice"
    }


async def test_the_shop_and_who_works_there_are_told_first(shop: Shop, members):
    lead = await shop.greet()
    asked = asked_for(lead.lead_id)
    await shop.tell(asked)
    assert {(channel, address) for channel, address, _ in await notices(shop)} == {
        ("email", "store094@sample-tint.example"),
        ("email", "sam@sample.test"),
        ("sms", "+16195550171"),
    }
    (mail,) = shop.inbox("email", "sam@sample.test")
    assert "How can I help?" in mail["text"]
    assert f"/console/inbox/{asked.conversation_id}" in mail["text"]
    (sms,) = shop.inbox("sms", "+16195550171")
    assert "needs a person" in sms["text"]


async def test_who_asks_again_and_again_wakes_the_shop_a_few_times_an_hour(shop: Shop, members):
    lead, other = await shop.greet(), await shop.greet()
    for _ in range(9):
        await shop.tell(asked_for(lead.lead_id))
        await shop.tell(escalated(lead.lead_id))
        await shop.tell(call_back(lead.lead_id))
    await shop.tell(asked_for(other.lead_id))
    await shop.send_due()
    told = Counter(
        (d.lead_id, d.template, d.address) for d in await shop.deliveries() if d.purpose == "shop_notice"
    )
    assert told[lead.lead_id, "handoff_notice", "store094@sample-tint.example"] == 4
    assert told[lead.lead_id, "handoff_notice", "olga@sample.test"] == 4
    assert told[lead.lead_id, "call_back_notice", "store094@sample-tint.example"] == 4
    assert told[other.lead_id, "handoff_notice", "store094@sample-tint.example"] == 1
    assert (await shop.lead(lead.lead_id)).stopped_reason == "handoff"


async def test_region_and_owner_are_told_next_and_once(shop: Shop, members):
    lead = await shop.greet()
    event = await shop.tell(escalated(lead.lead_id))
    await shop.publish(event)
    assert await notices(shop) == {
        ("email", "reg@sample.test", "sent"),
        ("email", "olga@sample.test", "sent"),
    }


async def test_when_the_assistant_has_offered_another_way_nobody_else_is_told(shop: Shop, members):
    lead = await shop.greet()
    await shop.tell(escalated(lead.lead_id, level=2))
    assert await notices(shop) == set()


async def test_who_is_to_call_back_hears_the_number(shop: Shop, members):
    lead = await shop.greet()
    event = await shop.tell(call_back(lead.lead_id))
    await shop.publish(event)
    await shop.send_due()
    sent = [d for d in await shop.deliveries() if d.template == "call_back_notice"]
    assert sorted(d.address for d in sent) == [
        "+16195550171",
        "olga@sample.test",
        "reg@sample.test",
        "sam@sample.test",
        "store094@sample-tint.example",
    ]
    (sms,) = shop.inbox("sms", "+16195550171")
    assert "please call" in sms["text"]
    assert "(619) 555-0188" in sms["text"]


async def test_who_has_left_is_not_told(shop: Shop, members):
    lead = await shop.greet()
    staff = StaffChanged(
        staff_id=uuid4(), version=2, name="Gone", email="gone@sample.test", role="owner", active=False
    )
    await shop.tell(staff)
    await shop.tell(escalated(lead.lead_id))
    assert not [n for n in await notices(shop) if n[1] == "gone@sample.test"]


def login(staff_id: UUID, *, minutes: int = 10) -> StaffLoginRequested:
    return StaffLoginRequested(
        login_id=uuid4(),
        staff_id=staff_id,
        email="sam@sample.test",
        expires_at=datetime.now(UTC) + timedelta(minutes=minutes),
    )


@pytest.fixture
async def sam(shop: Shop) -> UUID:
    await shop.open(allow_list=("*@sample.test",), demo_mode=True)
    staff_id = uuid4()
    await shop.tell(
        StaffChanged(staff_id=staff_id, version=1, name="Sam", email="sam@sample.test", role="owner")
    )
    return staff_id


async def test_the_login_link_is_mailed_and_names_its_login(shop: Shop, sam: UUID):
    asked = login(sam)
    await shop.tell(asked)
    (mail,) = shop.inbox("email", "sam@sample.test")
    code = mail["text"].split("/console?code=")[1].split()[0]
    keys = shop.deps.settings.link_keys()[LinkPurpose.STAFF_LOGIN]
    link = read(LinkPurpose.STAFF_LOGIN, code, keys=keys, now=datetime.now(UTC))
    assert (link.tenant_id, link.subject_id) == (shop.tenant_id, asked.login_id)


@pytest.mark.parametrize("minutes", [7, 10])
async def test_the_login_mail_says_how_long_its_link_is_good_for(shop: Shop, sam: UUID, minutes: int):
    await shop.tell(login(sam, minutes=minutes))
    (mail,) = shop.inbox("email", "sam@sample.test")
    assert f"good once and for {minutes} minutes." in mail["text"]


async def test_in_demo_mode_a_login_link_goes_to_the_allow_list_only(shop: Shop, sam: UUID):
    await shop.open(version=9, allow_list=("*@elsewhere.test",), demo_mode=True)
    await shop.tell(login(sam))
    assert shop.inbox("email") == []


async def test_a_login_that_cannot_be_mailed_now_comes_back_later(shop: Shop, sam: UUID):
    shop.fault("smtp", mode="status", status=503)
    with pytest.raises(RetryLater):
        await send_login(shop.deps, shop.event(login(sam)))
    with pytest.raises(RetryLater):
        await send_login(shop.deps, shop.event(login(uuid4())))


async def test_a_link_that_would_be_too_old_or_is_replayed_is_not_mailed(shop: Shop, sam: UUID):
    await send_login(shop.deps, shop.event(login(sam, minutes=-1)))
    with delivered({"replay-id": "sample", "replay-mode": "again"}):
        await send_login(shop.deps, shop.event(login(sam)))
    assert shop.inbox("email") == []
