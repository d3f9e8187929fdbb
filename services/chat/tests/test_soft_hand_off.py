"""When a person is offered first, and when one is brought at once: the rules, and both assistants under them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from chat.actions.assistant import Judged, NothingToShow, Say, Step, Turn
from chat.actions.conversations import receive_inbound
from chat.actions.handing_off import escalate_next
from chat.actions.offline import OfflineAssistant
from chat.actions.tools import Tools
from chat.domain.conversation import State
from chat.domain.handoff import phone_in
from chat.domain.intents import AskPerson, Context
from chat.domain.soft import Signs, Soft, soft_trigger
from chat.domain.understanding import asks_unlisted_price, speaks_of, understand
from chat.schedule import AnsweringClock
from shared.events import Contact, InboundMessageReceived, Vehicle

from .conftest import CATALOG, ZONE, Chat, event_of

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo(ZONE))
CONTEXT = Context(State.NEED, CATALOG.services, CATALOG.vehicle_classes, (), ZONE, NOW)


@pytest.mark.parametrize(
    ("signs", "reason"),
    [
        (Signs(), None),
        (Signs(misses=1, refusals=1, dropped=1, away_for=timedelta(seconds=30)), None),
        (Signs(misses=2), Soft.MISSES),
        (Signs(price_beyond=True), Soft.PRICE),
        (Signs(special=True), Soft.SPECIAL),
        (Signs(refusals=2), Soft.REFUSALS),
        (Signs(dropped=2), Soft.DROPPED),
        (Signs(away_for=timedelta(seconds=31)), Soft.TOOL_AWAY),
        (Signs(special=True, price_beyond=True, misses=2), Soft.SPECIAL),
        (Signs(refusals=2, away_for=timedelta(minutes=5), misses=9), Soft.REFUSALS),
    ],
)
def test_the_soft_triggers(signs: Signs, reason: Soft | None) -> None:
    assert soft_trigger(signs) is reason


HARD = {
    "asked for a person": [
        "Can I talk to a person?",
        "get me a human",
        "I want to speak to the manager",
        "Quiero hablar con una persona",
        "páseme con el encargado",
        "necesito un agente",
    ],
    "complaint or claim": [
        # complaint
        "I have a complaint",
        "you did a bad job",
        "Tengo una queja",
        "hicieron un mal trabajo",
        # damage
        "you scratched my door",
        "your guy cracked my windshield",
        "my trim was damaged",
        "me rayaron la puerta",
        "rompieron el vidrio",
        # refund
        "I want a refund",
        "give me my money back",
        "quiero un reembolso",
        "devuélvanme mi dinero",
        # warranty claim
        "I need to make a warranty claim",
        "I want to use my warranty",
        "quiero reclamar la garantía",
        # legal threat
        "I'm calling my lawyer",
        "I'll take you to small claims court",
        "I will sue you",
        "voy a llamar a mi abogado",
        "los voy a demandar",
        "tomaré acciones legales",
        # payment dispute
        "you charged me twice",
        "I was overcharged",
        "I'm filing a chargeback",
        "there is an unauthorized charge on my card",
        "me cobraron dos veces",
        "hay un cargo no autorizado",
    ],
    "safety": [
        "this is not safe to drive",
        "it's dangerous, I can't see out of the back",
        "I had an accident because of the tint",
        "es peligroso manejar así",
        "no veo nada de noche con el polarizado",
        "tuve un accidente",
    ],
    "distress": [
        "I'm desperate, please help me",
        "I'm so scared and I'm crying",
        "this is an emergency",
        "I want to die",
        "estoy desesperada",
        "es una emergencia",
        "no aguanto más",
    ],
}


@pytest.mark.parametrize(("reason", "words"), [(r, w) for r, said in HARD.items() for w in said])
def test_the_hard_triggers_in_both_languages(reason: str, words: str) -> None:
    assert understand(words, CONTEXT) == (AskPerson(reason),)


@pytest.mark.parametrize(
    "words",
    [
        "How much is ceramic tint for my Civic?",
        "do you have a warranty",
        "is it safe to wash the car after?",
        "¿cuánto cuesta el polarizado?",
        "can I come in person on Friday",
        "is there a charge for cancelling?",
        "my Civic has a crash sensor, is that a problem?",
        "tomorrow at 10",
        "sí, por favor",
    ],
)
def test_what_brings_no_person_by_itself(words: str) -> None:
    assert not any(isinstance(intent, AskPerson) for intent in understand(words, CONTEXT))


@pytest.mark.parametrize(
    ("words", "special"),
    [
        ("we have a fleet of vans", True),
        ("I need 12 vans done", True),
        ("could you do several vehicles for my company", True),
        ("it's for my Lamborghini", True),
        ("tengo una flotilla", True),
        ("son cinco camionetas", True),
        ("es un auto exótico", True),
        ("how much for my van?", False),
        ("my two cars", False),
        ("una camioneta", False),
    ],
)
def test_a_fleet_or_an_exotic_car_is_heard(words: str, special: bool) -> None:
    assert speaks_of("special", words, CONTEXT) is special


@pytest.mark.parametrize(
    ("words", "unlisted"),
    [
        ("how much for an alignment?", True),
        ("what's the price of new brakes", True),
        ("¿cuánto cuesta un cambio de aceite?", True),
        ("how much is ceramic tint?", False),
        ("what do you charge for tint removal?", False),
        ("do you do brakes?", False),
    ],
)
def test_a_price_that_is_not_in_the_catalogue_is_heard(words: str, unlisted: bool) -> None:
    assert asks_unlisted_price(words, CONTEXT) is unlisted


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("(619) 555-0123", "+16195550123"),
        ("call 619.555.0123 please", "+16195550123"),
        ("+1 619 555 0123", "+16195550123"),
        ("al 1-619-555-0123", "+16195550123"),
        ("+52 55 1234 5678", "+525512345678"),
        ("not 619 555 0123 but 619 555 0199", "+16195550199"),
        ("555-0123", None),
        ("yes", None),
        ("order 123456789012345", None),
    ],
)
def test_a_telephone_number_is_read(words: str, number: str | None) -> None:
    assert phone_in(words) == number


def buttons(message) -> list[str]:
    found = [part["actions"] for part in message.parts or [] if part["kind"] == "actions"]
    return [action["id"] for actions in found for action in actions]


class Scripted:
    """A model that says what it is given, whatever is asked; `dropped` sentences of its answers left nothing to show."""

    name = "claude"

    def __init__(self, words: str = "", dropped: int = 0) -> None:
        self._words = words
        self._dropped = dropped

    async def answer(self, turn: Turn, tools: Tools) -> AsyncIterator[Step]:
        for _ in range(self._dropped):
            yield Judged("It is free.", "dropped", "gift", "sample")
        if not self._words:
            raise NothingToShow("sample")
        yield Say(self._words)


@pytest.fixture(params=["offline", "claude"])
def either(chat: Chat, request: pytest.FixtureRequest) -> Chat:
    if request.param == "offline":
        return chat
    model = Scripted("I only know about our services.")
    return replace(chat, clock=AnsweringClock(chat.deps, [model, OfflineAssistant()]))


pg = pytest.mark.postgres


@pg
@pytest.mark.parametrize(
    ("words", "soft", "question"),
    [
        ("Can you give me a discount?", Soft.PRICE, "Would you like to talk to a person?"),
        ("¿Me hace un descuento?", Soft.PRICE, "¿Quiere hablar con una persona?"),
        ("We have a fleet of vans", Soft.SPECIAL, "Would you like to talk to a person?"),
        ("Tenemos una flotilla", Soft.SPECIAL, "¿Quiere hablar con una persona?"),
    ],
)
async def test_a_person_is_offered_and_comes_on_yes(either, words, soft, question):
    offer = await either.answer_to(words)
    assert offer.text.endswith(question)
    assert buttons(offer)[-1] == "person"
    assert await either.published("handoff.requested.v1") == []
    await either.answer_to("sí" if "¿" in question else "yes please")
    (requested,) = await either.published("handoff.requested.v1")
    assert (requested["kind"], requested["reason"]) == ("soft", soft.value)
    assert (await either.row()).person_asked_at is not None


@pg
async def test_two_answers_that_did_not_help_bring_the_offer_and_counting_starts_anew(either):
    offers = [
        "talk to a person" in (await either.answer_to("tell me a joke about pizza")).text for _ in range(4)
    ]
    assert offers == [False, True, False, True]


@pg
async def test_the_button_takes_the_offer(either):
    await either.answer_to("any discount?")
    await either.answer_to_press("person")
    (requested,) = await either.published("handoff.requested.v1")
    assert (requested["kind"], requested["reason"]) == ("soft", Soft.PRICE.value)


@pg
async def test_a_no_leaves_the_assistant_in_charge_and_a_later_yes_is_about_something_else(either):
    await either.answer_to("any discount?")
    assert "Anything else" in (await either.answer_to("no thanks")).text
    await either.answer_to("yes")
    assert (await either.row()).owner == "assistant"


@pg
async def test_while_a_yes_would_book_the_offer_asks_for_none(chat):
    reply = await chat.answer_to_press("pick_time")
    slot = next(p for p in reply.parts if p["kind"] == "slots")["slots"][0]
    await chat.answer_to_press(slot["action"])
    offer = await chat.answer_to("can I get a discount?")
    assert "just ask for one" in offer.text
    assert buttons(offer)[-1] == "person"
    assert "confirm:yes" in buttons(offer)
    assert "You're booked" in (await chat.answer_to("yes")).text


@pg
async def test_two_bookings_that_fail_bring_the_offer(chat):
    chat.desk.taken = set(chat.desk.starts())
    start = next(iter(chat.desk.taken)).isoformat()
    first = await chat.answer_to_press(f"slot:{start}")
    assert "Would you like to talk to a person" not in first.text
    second = await chat.answer_to_press(f"slot:{start}")
    assert "Would you like to talk to a person" in second.text


@pg
async def test_booking_away_for_over_half_a_minute_brings_the_offer(chat):
    chat.desk.away = True
    assert "talk to a person" not in (await chat.answer_to("what times are open?")).text
    late = replace(chat.deps, now=lambda: datetime.now(UTC) + timedelta(seconds=40))
    await chat.write("what times are open?")
    await AnsweringClock(late, [OfflineAssistant()]).drain()
    assert "Would you like to talk to a person" in (await chat.messages())[-1].text
    chat.desk.away = False
    assert "talk to a person" not in (await chat.answer_to("what times are open?")).text


@pg
async def test_two_dropped_bring_the_offer(chat):
    clock = AnsweringClock(chat.deps, [Scripted(dropped=2), OfflineAssistant()])
    offer = await replace(chat, clock=clock).answer_to("How much is ceramic tint?")
    assert "$449.00" in offer.text
    assert "Would you like to talk to a person" in offer.text


@pg
async def test_the_price_of_an_exotic_car_brings_the_offer(open_chat, lead_received):
    exotic = Vehicle(year=2020, make="Ferrari", model="488", vehicle_class="coupe")
    chat = await open_chat(lead_received.model_copy(update={"vehicle": exotic}))
    assert "exotic" in (await chat.answer_to("How much is ceramic tint?")).text
    assert "exotic" not in (await chat.answer_to("thanks")).text


@pg
@pytest.mark.parametrize("words", ["You scratched my door!", "Quiero hablar con una persona"])
async def test_a_hard_trigger_asks_no_model(chat, words):
    class Never(Scripted):
        async def answer(self, turn: Turn, tools: Tools) -> AsyncIterator[Step]:
            raise AssertionError("the model was asked")
            yield Say("")

    clock = AnsweringClock(chat.deps, [Never(), OfflineAssistant()])
    await replace(chat, clock=clock).answer_to(words)
    (requested,) = await chat.published("handoff.requested.v1")
    assert requested["kind"] == "hard"


@pg
async def test_a_yes_to_another_question_is_none_to_this_one(chat):
    reply = await chat.answer_to_press("pick_time")
    slot = next(p for p in reply.parts if p["kind"] == "slots")["slots"][0]
    await chat.answer_to_press(slot["action"])
    await chat.answer_to_press("cancel:yes")
    assert chat.desk.appointments == {}


async def nobody_comes(chat: Chat) -> None:
    await chat.answer_to("I want to talk to a person")
    for minutes in (6, 12):
        now = datetime.now(UTC) + timedelta(minutes=minutes)
        assert await escalate_next(replace(chat.deps, now=lambda now=now: now))


@pytest.fixture
async def callable_chat(open_chat, lead_received) -> Chat:
    contact = Contact(name="Sample Person", email="sample@example.com", phone="+16195550123")
    return await open_chat(lead_received.model_copy(update={"contact": contact}))


@pg
async def test_not_answered_in_time_the_customer_is_called_back_at_the_number_given(callable_chat):
    chat = callable_chat
    await nobody_comes(chat)
    offer = (await chat.messages())[-1]
    assert buttons(offer)[:2] == ["call_back", "pick_time"]
    asked = await chat.answer_to_press("call_back")
    assert "ending in 0123" in asked.text
    assert "619" not in asked.text
    assert await chat.published("callback.requested.v1") == []
    kept = await chat.answer_to_press("call_back:yes")
    assert "will call you at the number ending in 0123" in kept.text
    (wish,) = await chat.published("callback.requested.v1")
    assert (wish["phone"], wish["open_question"]) == ("+16195550123", "I want to talk to a person")
    row = await chat.row()
    assert (row.owner, row.state) == ("assistant", "need")


@pg
@pytest.mark.parametrize(
    ("words", "number", "kept"),
    [
        (["yes", "yes"], "+16195550123", "will call you"),
        (["call me", "Yes, please"], "+16195550123", "will call you"),
        (["yes", "no, 619 555 0199"], "+16195550199", "ending in 0199"),
        (["sí", "sí"], "+16195550123", "le llamará"),
        (["llámenme", "al 619 555 0199"], "+16195550199", "termina en 0199"),
    ],
)
async def test_a_call_back_is_asked_for_in_words(callable_chat, words, number, kept):
    await nobody_comes(callable_chat)
    first, second = words
    await callable_chat.answer_to(first)
    assert kept in (await callable_chat.answer_to(second)).text
    (wish,) = await callable_chat.published("callback.requested.v1")
    assert wish["phone"] == number


@pg
async def test_who_asks_for_the_same_call_again_waits_for_the_one_that_staff_know_of(callable_chat):
    chat = callable_chat
    await nobody_comes(chat)
    for press in ("call_back", "call_back:yes") * 3:
        await chat.answer_to_press(press)
    assert len(await chat.published("callback.requested.v1")) == 1
    await chat.answer_to_press("call_back")
    assert "ending in 0199" in (await chat.answer_to("no, 619 555 0199")).text
    assert [wish["phone"] for wish in await chat.published("callback.requested.v1")] == [
        "+16195550123",
        "+16195550199",
    ]


@pg
async def test_without_a_number_it_is_asked_for(chat):
    await nobody_comes(chat)
    assert "which number" in (await chat.answer_to_press("call_back")).text
    assert "which number" not in (await chat.answer_to("How much is ceramic tint?")).text


@pg
async def test_a_no_to_the_call_back_leaves_it(callable_chat):
    await nobody_comes(callable_chat)
    await callable_chat.answer_to("yes")
    await callable_chat.answer_to("no")
    assert await callable_chat.published("callback.requested.v1") == []
    assert (await callable_chat.row()).state == "need"


@pg
async def test_by_text_the_offer_comes_by_text(callable_chat):
    chat = callable_chat
    inbound = InboundMessageReceived(
        channel="sms",
        sender="+16195550123",
        lead_id=chat.lead.subject_id,
        text="I want to talk to a person",
        provider_id="SM1",
    )
    await chat.consume(event_of(inbound), receive_inbound)
    await chat.answered()
    for minutes in (6, 12):
        now = datetime.now(UTC) + timedelta(minutes=minutes)
        assert await escalate_next(replace(chat.deps, now=lambda now=now: now))
    sent = (await chat.published("message.sent.v1"))[-1]
    assert sent["channel"] == "sms"
    assert "Shall I ask them to call you?" in sent["text"]
