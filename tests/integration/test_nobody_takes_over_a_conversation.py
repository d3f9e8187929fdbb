"""Who only knows a customer's number or address gets nothing of their conversation."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from ops.stack.stackfile import StackFile
from testkit.customer import Customer, part
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.timeout(180)]


async def mail(http: httpx2.AsyncClient, stack: StackFile, **fields: Any) -> None:
    body = {"to": "store094@sample-tint.example", "subject": "Re: my car", **fields}
    (await http.post(f"{stack.sandbox}/control/email", json=body)).raise_for_status()


async def test_a_form_with_a_customer_s_number_is_answered_without_their_link(
    http: httpx2.AsyncClient, stack: StackFile, new_customer: Any
) -> None:
    victim, hostile = new_customer(), new_customer()
    await victim.asks_the_shop(first_name="Victim", email=None)
    [text] = await victim.received("sms")
    victim.token = text["text"].partition("/c/")[2].partition(" ")[0]
    theirs = await victim.lead_id()
    form = {
        "site_key": "sample-site-key",
        "location": "Store094",
        "contact": {"name": "Mallory", "email": hostile.email, "phone": victim.phone},
        "consent": {"sms": True, "email": True, "text": "t", "version": "1", "url": "https://sample.test"},
    }
    answer = await http.post(
        f"{stack.gateway}/api/leads", json=form, headers={"Idempotency-Key": str(uuid4())}
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["lead_id"] != str(theirs)
    await hostile.opens_the_link()
    assert await hostile.lead_id() != theirs
    await mail(http, stack, **{"from": hostile.email}, text="What did we talk about?")
    for letter in await hostile.received("email", count=2):
        assert victim.token not in letter["text"]
    assert len(await victim.inbox("sms")) == 1


async def test_a_mail_in_somebody_s_name_cancels_nothing_and_their_own_does_so_by_the_link_only(
    http: httpx2.AsyncClient, stack: StackFile, customer: Customer
) -> None:
    await customer.asks_the_shop(first_name="Kim")
    await customer.opens_the_link()
    await customer.says("How much is the full car ceramic tint?")
    slot = part(await customer.presses("pick_time"), "slots")["slots"][0]
    await customer.presses(slot["action"])
    booked = part(await customer.presses("confirm:yes"), "appointment")["appointment"]
    said = len((await customer.session())["messages"])

    for words in ("Please cancel my appointment", "yes"):
        await mail(http, stack, **{"from": customer.email}, text=words, authentic=False)
    await mail(http, stack, **{"from": customer.email}, text="Please cancel my appointment")

    async def asked() -> bool:
        return len((await customer.session())["messages"]) >= said + 2

    await eventually(asked, within_seconds=60)
    words = [message["text"] for message in (await customer.session())["messages"][said:]]
    assert words[0] == "Please cancel my appointment"
    assert len(words) == 2, "the mails that nothing proves are no part of the conversation"
    await mail(http, stack, **{"from": customer.email}, text="yes")

    async def answered() -> bool:
        return len((await customer.session())["messages"]) >= said + 4

    await eventually(answered, within_seconds=60)
    assert (await customer.get(f"/api/booking/appointments/{booked['id']}")).json()["status"] == "booked"
    await customer.presses("cancel:yes")
    assert (await customer.get(f"/api/booking/appointments/{booked['id']}")).json()["status"] == "cancelled"
