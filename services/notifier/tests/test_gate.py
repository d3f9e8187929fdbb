"""Why a message may not go: one case for each reason, and the order of reasons."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from notifier.domain.gate import Decision, Go, Letter, Purpose, Shop, Suppress, Wait, decide
from shared.events import FirstTouch

OPEN_SHOP = Shop(
    timezone="America/Los_Angeles",
    enabled=True,
    sends=True,
    sms=True,
    sms_from="+16195550194",
    demo_mode=False,
    allow_list=(),
    text_countries=("US", "CA"),
    registered=True,
    first_touch=FirstTouch(),
)
NOON = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
NEXT_NINE = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)
JUST_NOW, EARLIER = NIGHT - timedelta(minutes=15), NIGHT - timedelta(minutes=16)

TOUCH_MAIL = Letter(Purpose.TOUCH, "email", "ana@example.com", "granted", day=0)
TOUCH_TEXT = Letter(Purpose.TOUCH, "sms", "+16195550111", "granted", day=0, phone="+16195550111")


def purpose(letter: Letter, purpose: Purpose, **changes: object) -> Letter:
    return replace(letter, purpose=purpose, day=None, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Case:
    id: str
    letter: Letter
    expected: Decision
    shop: Shop = OPEN_SHOP
    now: datetime = NOON


BOOKING, REPLY = Purpose.BOOKING, Purpose.REPLY
DEMO = replace(OPEN_SHOP, demo_mode=True)
UNREGISTERED = replace(OPEN_SHOP, registered=False)


def first_touch(**when: str) -> Shop:
    return replace(OPEN_SHOP, first_touch=FirstTouch.model_validate(when))


CASES = [
    Case("all well", TOUCH_MAIL, Go()),
    Case("no address", replace(TOUCH_MAIL, address=""), Suppress("no_address")),
    Case("location disabled", TOUCH_MAIL, Suppress("location_disabled"), replace(OPEN_SHOP, enabled=False)),
    Case("sends off", TOUCH_MAIL, Suppress("sends_off"), replace(OPEN_SHOP, sends=False)),
    Case("texting off", TOUCH_TEXT, Suppress("sms_off"), replace(OPEN_SHOP, sms=False)),
    Case("texting off leaves mail", TOUCH_MAIL, Go(), replace(OPEN_SHOP, sms=False)),
    Case("no number to text from", TOUCH_TEXT, Suppress("no_sms_sender"), replace(OPEN_SHOP, sms_from=None)),
    Case("no registration", TOUCH_TEXT, Suppress("a2p_unregistered"), UNREGISTERED),
    Case("no registration, a reply", purpose(TOUCH_TEXT, REPLY), Suppress("a2p_unregistered"), UNREGISTERED),
    Case(
        "no registration, the shop's notice",
        purpose(TOUCH_TEXT, Purpose.SHOP_NOTICE),
        Suppress("a2p_unregistered"),
        UNREGISTERED,
    ),
    Case("no registration leaves mail", TOUCH_MAIL, Go(), UNREGISTERED),
    Case(
        "no registration in demo mode, listed",
        TOUCH_TEXT,
        Go(),
        replace(UNREGISTERED, demo_mode=True, allow_list=("+16195550111",)),
    ),
    Case("demo mode", TOUCH_MAIL, Suppress("demo_mode"), DEMO),
    Case("demo, listed", TOUCH_MAIL, Go(), replace(DEMO, allow_list=("ANA@example.com",))),
    Case("demo, listed domain", TOUCH_MAIL, Go(), replace(DEMO, allow_list=("*@Example.com",))),
    Case("demo, other domain", TOUCH_MAIL, Suppress("demo_mode"), replace(DEMO, allow_list=("*@ample.com",))),
    Case("demo, listed number", TOUCH_TEXT, Go(), replace(DEMO, allow_list=("+16195550111",))),
    Case(
        "demo holds the shop's notice too",
        purpose(TOUCH_MAIL, Purpose.SHOP_NOTICE),
        Suppress("demo_mode"),
        DEMO,
    ),
    Case(
        "sends off spares the shop's notice",
        purpose(TOUCH_MAIL, Purpose.SHOP_NOTICE),
        Go(),
        replace(OPEN_SHOP, sends=False),
    ),
    Case("opted out of mail", replace(TOUCH_MAIL, permission="opted_out"), Suppress("opted_out")),
    Case("opted out of texts", replace(TOUCH_TEXT, permission="opted_out"), Suppress("opted_out")),
    Case("no consent to texts", replace(TOUCH_TEXT, permission="unknown"), Suppress("no_consent")),
    Case("no consent to mail", replace(TOUCH_MAIL, permission="unknown"), Suppress("no_consent")),
    Case("engaged", replace(TOUCH_MAIL, stopped="engaged"), Suppress("engaged")),
    Case("engaged gets replies", purpose(TOUCH_TEXT, REPLY, stopped="engaged"), Go()),
    Case("unsubscribed gets a confirmation", purpose(TOUCH_MAIL, BOOKING, permission="opted_out"), Go()),
    Case(
        "STOP holds the text confirmation",
        purpose(TOUCH_TEXT, BOOKING, permission="opted_out"),
        Suppress("opted_out"),
    ),
    Case("STOP holds replies", purpose(TOUCH_TEXT, REPLY, permission="opted_out"), Suppress("opted_out")),
    Case("STOP gets its receipt", purpose(TOUCH_TEXT, Purpose.OPT_OUT_RECEIPT, permission="opted_out"), Go()),
    Case(
        "no consent to a text confirmation",
        purpose(TOUCH_TEXT, BOOKING, permission="unknown"),
        Suppress("no_consent"),
    ),
    Case("who texts is answered", purpose(TOUCH_TEXT, REPLY, permission="unknown"), Go()),
    Case("superseded", purpose(TOUCH_MAIL, BOOKING, superseded=True), Suppress("superseded")),
    Case("too many first touches", replace(TOUCH_MAIL, too_many=True), Suppress("too_many_first_touches")),
    Case(
        "a crowded form waits",
        replace(TOUCH_MAIL, crowded_until=NEXT_NINE),
        Wait(NEXT_NINE, "too_many_forms"),
    ),
    Case("Canada", replace(TOUCH_TEXT, address="+14165550123"), Go()),
    Case("Jamaica", replace(TOUCH_TEXT, address="+18765550123"), Suppress("country_not_allowed")),
    Case("Somalia", replace(TOUCH_TEXT, address="+25261234567"), Suppress("country_not_allowed")),
    Case(
        "Mexico, allowed",
        replace(TOUCH_TEXT, address="+525512345678"),
        Go(),
        replace(OPEN_SHOP, text_countries=("MX",)),
    ),
    Case("premium rate", replace(TOUCH_TEXT, address="+19002345678"), Suppress("premium_number")),
    Case(
        "no replies abroad",
        purpose(TOUCH_TEXT, REPLY, address="+25261234567"),
        Suppress("country_not_allowed"),
    ),
    Case(
        "the shop's own number may be anywhere",
        purpose(TOUCH_TEXT, Purpose.SHOP_NOTICE, address="+447911123456"),
        Go(),
    ),
    Case("first mail at night", TOUCH_MAIL, Go(), now=NIGHT),
    Case(
        "first mail at night, in the hours",
        TOUCH_MAIL,
        Wait(NEXT_NINE),
        first_touch(email="allowed_hours"),
        NIGHT,
    ),
    Case("first text at night, of an order", TOUCH_TEXT, Wait(NEXT_NINE), now=NIGHT),
    Case("first text at night, asked now", replace(TOUCH_TEXT, asked_at=JUST_NOW), Go(), now=NIGHT),
    Case(
        "first text at night, asked before", replace(TOUCH_TEXT, asked_at=EARLIER), Wait(NEXT_NINE), now=NIGHT
    ),
    Case("first text at night, at once", TOUCH_TEXT, Go(), first_touch(sms="at_once"), NIGHT),
    Case(
        "first text at night, always in the hours",
        replace(TOUCH_TEXT, asked_at=JUST_NOW),
        Wait(NEXT_NINE),
        first_touch(sms="allowed_hours"),
        NIGHT,
    ),
    Case("first text by day, of an order", TOUCH_TEXT, Go()),
    Case(
        "later touch, asked just now",
        replace(TOUCH_TEXT, day=1, asked_at=JUST_NOW),
        Wait(NEXT_NINE),
        first_touch(sms="at_once"),
        NIGHT,
    ),
    Case(
        "later mail waits where the lead's number is",
        replace(TOUCH_MAIL, day=1, phone="+12125550111"),
        Wait(datetime(2026, 11, 25, 17, 0, tzinfo=UTC)),
        now=datetime(2026, 11, 25, 1, 30, tzinfo=UTC),
    ),
    Case(
        "as many texts as the state allows",
        replace(TOUCH_TEXT, day=1, enough_until=NEXT_NINE),
        Wait(NEXT_NINE, "texts_a_day"),
    ),
    Case("later touch at night", replace(TOUCH_TEXT, day=1), Wait(NEXT_NINE), now=NIGHT),
    Case("later touch by day", replace(TOUCH_TEXT, day=1), Go()),
    Case("confirmation at night", purpose(TOUCH_TEXT, BOOKING), Go(), now=NIGHT),
    Case("reply at night", purpose(TOUCH_TEXT, REPLY), Go(), now=NIGHT),
    Case("unasked mail", purpose(TOUCH_MAIL, REPLY, unasked=True), Go()),
    Case("unasked mail, unknown", purpose(TOUCH_MAIL, REPLY, unasked=True, permission="unknown"), Go()),
    Case(
        "unasked mail, unsubscribed",
        purpose(TOUCH_MAIL, REPLY, unasked=True, permission="opted_out"),
        Suppress("opted_out"),
    ),
    Case("unasked text", purpose(TOUCH_TEXT, REPLY, unasked=True), Go()),
    Case(
        "unasked text, no consent",
        purpose(TOUCH_TEXT, REPLY, unasked=True, permission="unknown"),
        Suppress("no_consent"),
    ),
    Case(
        "unasked text, stopped",
        purpose(TOUCH_TEXT, REPLY, unasked=True, permission="opted_out"),
        Suppress("opted_out"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_gate_says(case: Case) -> None:
    assert decide(case.letter, case.shop, case.now) == case.expected
