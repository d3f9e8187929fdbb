"""What the shop's CRM says of a person's consent: a no counts at once, silence is no yes, and their own word outranks it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from notifier.domain.consent import CRM, START, Word, crm_counts
from shared.db.engine import transaction
from shared.events import Consent, ConsentProof, Contact, CrmConsent, CrmConsentObserved
from sqlalchemy import text
from testkit.races import beside
from testkit.secrets import AS_OPERATOR

from .test_endpoints import text_us

ANA = Contact(name="Ana Sample", email="ana@example.com", phone="+16195550111")
ASKED = datetime(2026, 11, 30, 18, tzinfo=UTC)


def flags(minutes: float = 0, **granted: bool) -> CrmConsentObserved:
    addresses = {"sms": ANA.phone, "email": ANA.email}
    said = [
        CrmConsent.model_validate(
            {"channel": channel, "address": addresses[channel], "granted": yes, "words": f"flag {yes}"}
        )
        for channel, yes in granted.items()
    ]
    return CrmConsentObserved(
        customer_id="c1",
        consents=tuple(said),
        said_at=datetime.now(UTC) + timedelta(minutes=minutes),
        seen_by="webhook",
    )


async def ledger(shop, columns="channel, permission, source"):
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        rows = await session.execute(text(f"SELECT {columns} FROM consents ORDER BY at"))  # noqa: S608
        return [tuple(row) for row in rows]


async def went(shop):
    await shop.send_due()
    return {(d.channel, d.state, d.reason) for d in await shop.deliveries()}


async def test_flags_that_nobody_has_set_let_the_answer_go_by_mail_and_no_text(shop):
    await shop.greet(contact=ANA, consent=Consent(sms=False, email=False))
    assert await went(shop) == {("email", "sent", None), ("sms", "suppressed", "no_consent")}
    assert await ledger(shop) == []


async def test_nor_does_a_follow_up_go_without_a_consent(shop):
    fact = await shop.greet(contact=ANA, consent=Consent(sms=False, email=False))
    await shop.send_due()
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        await session.execute(
            text("UPDATE deliveries SET state = 'planned', touch = 1, touch_day = 1, lead_id = :lead"),
            {"lead": fact.lead_id},
        )
    assert {reason for _, _, reason in await went(shop)} == {"no_consent"}


async def test_a_form_that_says_no_to_mails_gets_none(shop):
    await shop.greet(contact=ANA, source="web_form", consent=Consent(sms=False, email=False))
    assert {reason for _, _, reason in await went(shop)} == {"no_consent"}


async def test_who_had_opted_out_there_before_is_not_greeted(shop):
    refused = Consent(sms=False, email=False, refused=("sms", "email"))
    await shop.greet(contact=ANA, consent=refused)
    assert await went(shop) == {("email", "suppressed", "opted_out"), ("sms", "suppressed", "opted_out")}
    assert {(fact["channel"], fact["how"]) for fact in await shop.told("contact.opted_out.v1")} == {
        ("sms", "staff"),
        ("email", "staff"),
    }


@pytest.mark.parametrize("first", ["lead", "flag"])
async def test_an_opt_out_there_counts_at_once_for_its_channel_whichever_is_heard_first(shop, first):
    if first == "flag":
        await shop.tell(flags(1, sms=False))
    fact = await shop.greet(contact=ANA)
    if first == "lead":
        await shop.tell(flags(1, sms=False))
    assert await went(shop) == {("email", "sent", None), ("sms", "suppressed", "opted_out")}
    [told] = await shop.told("contact.opted_out.v1")
    assert (told["lead_id"], told["address"]) == (str(fact.lead_id), ANA.phone)


async def test_the_same_word_again_adds_no_row(shop):
    await shop.greet(contact=ANA)
    said = flags(1, sms=False)
    for _ in range(2):
        await shop.tell(said)
    assert await ledger(shop) == [
        ("email", "granted", "crm"),
        ("sms", "granted", "crm"),
        ("sms", "opted_out", "crm"),
    ]
    assert len(await shop.told("contact.opted_out.v1")) == 1


@pytest.mark.parametrize("before", [None, Word(True, "lead:web_form", ASKED)], ids=["nothing", "a form"])
def test_the_last_word_of_the_crm_stands_in_whatever_order_its_words_come(before):
    words = [Word(at % 2 == 0, CRM, ASKED + timedelta(minutes=at)) for at in range(4)]
    for order in permutations(words):
        stands = before
        for word in order:
            stands = word if crm_counts(word.said_at, stands) else stands
        assert stands == words[-1], order


async def test_what_was_refused_before_the_number_was_known_counts_against_the_crms_flag(shop):
    fact = await shop.greet(contact=ANA.model_copy(update={"phone": None}))
    await shop.say(fact.lead_id, "stop texting me", opt_out=("sms",))
    await shop.tell(flags(1, sms=True))
    renewed = fact.model_copy(update={"contact": ANA})
    await shop.publish(shop.event(renewed, subject=fact.lead_id, version=2))
    assert [row for row in await ledger(shop) if row[0] == "sms"][-1][1] == "opted_out"


def lapsed(minutes: float, *channels: str) -> CrmConsentObserved:
    gone = flags(minutes, **dict.fromkeys(channels, False))
    return gone.model_copy(update={"consents": (), "lapsed": gone.consents})


@pytest.mark.parametrize("late", [False, True], ids=["in order", "heard before the consent"])
async def test_a_consent_ends_with_its_flag(shop, late):
    words = [flags(1, sms=True, email=True), lapsed(2, "sms", "email")]
    await shop.greet(contact=ANA, consent=Consent(sms=False, email=False))
    for word in reversed(words) if late else words:
        await shop.tell(word)
    assert await went(shop) == {("email", "sent", None), ("sms", "suppressed", "no_consent")}
    assert await shop.told("contact.opted_out.v1") == []
    await shop.tell(flags(3, sms=True))
    assert (await ledger(shop))[-1] == ("sms", "granted", "crm")


@pytest.mark.parametrize("form_first", [True, False])
async def test_a_consent_given_by_a_form_outlasts_the_flag(shop, form_first):
    form = {"contact": ANA, "source": "web_form", "consent": Consent(sms=True, email=True)}
    if form_first:
        await shop.greet(**form)
    await shop.tell(flags(1, sms=True, email=True))
    if not form_first:
        await shop.greet(**form)
    await shop.tell(lapsed(2, "sms", "email"))
    assert await went(shop) == {("email", "sent", None), ("sms", "sent", None)}
    assert (await ledger(shop))[-1][1:] == ("granted", "lead:web_form")


async def test_an_older_refusal_that_comes_behind_a_form_does_not_undo_the_crms_last_word(shop):
    await shop.greet(contact=ANA, consent=Consent(sms=False, email=False))
    await shop.tell(flags(2, sms=True))
    await shop.greet(contact=ANA, source="web_form", consent=Consent(sms=True, email=True))
    await shop.tell(flags(1, sms=False))
    assert [row for row in await ledger(shop) if row[1] == "opted_out"] == []


async def test_a_refusal_there_since_the_form_is_not_undone_by_a_flag_that_came_and_went(shop):
    await shop.greet(contact=ANA, source="web_form")
    for word in (flags(1, sms=False), flags(2, sms=True), lapsed(3, "sms")):
        await shop.tell(word)
    assert ("sms", "suppressed", "no_consent") in await went(shop)


async def test_a_start_outlasts_the_flag(shop):
    await shop.greet(contact=ANA)
    await text_us(shop, ANA.phone, "START")
    await shop.tell(lapsed(1, "sms"))
    assert ("sms", "sent", None) in await went(shop)


async def test_what_was_refused_there_can_be_taken_back_there(shop):
    await shop.greet(contact=ANA)
    await shop.tell(flags(1, sms=False))
    await shop.tell(flags(2, sms=True))
    assert ("sms", "sent", None) in await went(shop)


@pytest.mark.parametrize("crm_first", [True, False])
async def test_what_the_person_refused_no_flag_takes_back(shop, crm_first):
    fact = await shop.greet(contact=ANA)
    if crm_first:
        await shop.tell(flags(1, sms=False, email=False))
    await shop.say(fact.lead_id, "please stop texting and mailing me", opt_out=("sms", "email"))
    await shop.tell(flags(2, sms=False, email=False))
    await shop.tell(flags(3, sms=True, email=True))
    assert {state for _, state, _ in await went(shop)} == {"suppressed"}
    newest = {channel: permission for channel, permission, _ in await ledger(shop)}
    assert newest == {"sms": "opted_out", "email": "opted_out"}


@pytest.mark.parametrize("known", [True, False], ids=["a lead", "a stranger"])
async def test_a_text_of_the_same_instant_outranks_the_flag(shop, known):
    if known:
        await shop.greet(contact=ANA)
    at = "leads" if known else "outbox"
    await beside(shop.deps.sessions, at, text_us(shop, ANA.phone, "STOP"), shop.tell(flags(1, sms=True)))
    assert [row for row in await ledger(shop) if row[0] == "sms"][-1][1] == "opted_out"


async def test_the_ledger_has_the_forms_words_page_time_and_the_persons_own_address(shop):
    proof = ConsentProof(
        text="You may text me about my request.",
        version="v3",
        url="https://sample-tint.example/quote",
        ip="198.51.100.7",
        said_at=ASKED,
    )
    await shop.greet(
        contact=ANA, source="web_form", consent=Consent(sms=True, email=True), consent_proof=proof
    )
    said = "You may text me about my request."
    assert (
        await ledger(shop, "source, text, version, url, ip, said_at")
        == [("lead:web_form", said, "v3", "https://sample-tint.example/quote", "198.51.100.7", ASKED)] * 2
    )


async def test_an_opt_out_in_the_chat_has_its_address_and_time(shop):
    fact = await shop.greet(contact=ANA)
    await shop.say(fact.lead_id, "stop texting me", opt_out=("sms",), ip="198.51.100.9")
    assert (await ledger(shop, "permission, text, ip"))[-1] == (
        "opted_out",
        "stop texting me",
        "198.51.100.9",
    )


async def proofs(shop, address):
    answer = await shop.http.post(
        "/api/admin/notifier/sample-tint/consents/find", json={"address": address}, headers=AS_OPERATOR
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_each_message_shows_by_which_word_it_went_or_why_not(shop):
    await shop.greet(contact=ANA)
    await shop.tell(flags(1, sms=False))
    await shop.send_due()
    mailed, texted = await proofs(shop, ANA.email), await proofs(shop, ANA.phone)
    [word], [mail] = mailed["words"], mailed["messages"]
    assert mail["state"] == "sent"
    assert mail["consent_id"] == word["id"]
    assert [word["permission"] for word in texted["words"]] == ["granted", "opted_out"]
    assert [(m["state"], m["reason"], m["consent_id"]) for m in texted["messages"]] == [
        ("suppressed", "opted_out", None)
    ]


async def test_a_refusal_that_counts_for_one_lead_only_is_shown_as_such(shop):
    form = await shop.greet(contact=ANA, source="web_form")
    await shop.send_due()
    await shop.say(form.lead_id, "Please stop texting me", opt_out=("sms",))
    texted = await proofs(shop, ANA.phone)
    assert [(word["permission"], word["of_lead_only"]) for word in texted["words"]] == [
        ("granted", False),
        ("opted_out", True),
    ]
    assert [word["of_lead_only"] for word in (await proofs(shop, ANA.email))["words"]] == [False]


async def test_a_message_without_a_consent_shows_its_own_ground(shop):
    await shop.greet(contact=ANA, consent=Consent(sms=False, email=False))
    await shop.send_due()
    [mail] = (await proofs(shop, ANA.email))["messages"]
    assert mail["ground"] == "answers their request, of whose consent the CRM says nothing"
    assert (await proofs(shop, "nobody@example.com")) == {"words": [], "messages": []}


@dataclass
class Case:
    id: str
    newest: Word | None
    counts: bool


EARLIER, LATER = ASKED - timedelta(1), ASKED + timedelta(1)
CASES = [
    Case("the first word", None, counts=True),
    Case("the same again", Word(False, CRM, ASKED), counts=False),
    Case("older than its own last", Word(True, CRM, LATER), counts=False),
    Case("newer than its own last", Word(False, CRM, EARLIER), counts=True),
    Case("after a STOP", Word(False, START, EARLIER), counts=False),
    Case("after an unsubscribe", Word(False, "link", EARLIER), counts=False),
    Case("before a START", Word(True, START, LATER), counts=False),
    Case("after a START", Word(True, START, EARLIER), counts=True),
    Case("before a form", Word(True, "lead:web_form", LATER), counts=True),
    Case(
        "beside a refusal that came before the address", Word(False, "lead:shopmonkey", EARLIER), counts=False
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_whose_word_counts(case):
    assert crm_counts(ASKED, case.newest) is case.counts


async def test_a_stranger_the_crm_speaks_of_is_kept_for_the_lead_to_come_and_told_with_it_once(shop):
    await shop.tell(flags(1, email=False))
    assert await shop.told("contact.opted_out.v1") == []
    for _ in range(2):
        await shop.greet(contact=ANA.model_copy(update={"phone": None}), lead_id=uuid4())
    assert ("email", "suppressed", "opted_out") in await went(shop)
    assert len(await shop.told("contact.opted_out.v1")) == 1


async def test_what_the_crm_took_back_before_anybody_had_the_address_is_not_told(shop):
    await shop.tell(flags(1, email=False))
    await shop.tell(flags(2, email=True))
    await shop.greet(contact=ANA)
    assert await shop.told("contact.opted_out.v1") == []


async def test_an_address_that_a_lead_learns_later_has_its_refusal_told_then(shop):
    await shop.tell(flags(1, sms=False))
    fact = await shop.greet(contact=ANA.model_copy(update={"phone": None}))
    assert await shop.told("contact.opted_out.v1") == []
    renewed = fact.model_copy(update={"contact": ANA})
    await shop.publish(shop.event(renewed, subject=fact.lead_id, version=2))
    [told] = await shop.told("contact.opted_out.v1")
    assert (told["lead_id"], told["address"]) == (str(fact.lead_id), ANA.phone)
