"""Why a message may not go: one case for each reason, and the order of reasons."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from notifier.domain.gate import Decision, Go, Letter, Purpose, Shop, Suppress, Wait, decide

OPEN_SHOP = Shop(
    timezone="America/Los_Angeles",
    enabled=True,
    sends=True,
    sms=True,
    sms_from="+16195550194",
    demo_mode=False,
    allow_list=(),
)
NOON = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
NEXT_NINE = datetime(2026, 11, 25, 17, 0, tzinfo=UTC)

TOUCH_MAIL = Letter(Purpose.TOUCH, "email", "ana@example.com", "granted", day=0)
TOUCH_TEXT = Letter(Purpose.TOUCH, "sms", "+16195550111", "granted", day=0)


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

CASES = [
    Case("all well", TOUCH_MAIL, Go()),
    Case("no address", replace(TOUCH_MAIL, address=""), Suppress("no_address")),
    Case("location disabled", TOUCH_MAIL, Suppress("location_disabled"), replace(OPEN_SHOP, enabled=False)),
    Case("sends off", TOUCH_MAIL, Suppress("sends_off"), replace(OPEN_SHOP, sends=False)),
    Case("texting off", TOUCH_TEXT, Suppress("sms_off"), replace(OPEN_SHOP, sms=False)),
    Case("texting off leaves mail", TOUCH_MAIL, Go(), replace(OPEN_SHOP, sms=False)),
    Case("no number to text from", TOUCH_TEXT, Suppress("no_sms_sender"), replace(OPEN_SHOP, sms_from=None)),
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
    Case("first touch at night", TOUCH_TEXT, Go(), now=NIGHT),
    Case("later touch at night", replace(TOUCH_TEXT, day=1), Wait(NEXT_NINE), now=NIGHT),
    Case("later touch by day", replace(TOUCH_TEXT, day=1), Go()),
    Case("confirmation at night", purpose(TOUCH_TEXT, BOOKING), Go(), now=NIGHT),
    Case("reply at night", purpose(TOUCH_TEXT, REPLY), Go(), now=NIGHT),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_gate_says(case: Case) -> None:
    assert decide(case.letter, case.shop, case.now) == case.expected
