"""Whether a message may go: the one place that says no, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from shared.events import FirstTouch
from shared.events.notification import OutboundChannel

from notifier.domain.numbers import why_no_text
from notifier.domain.quiet_hours import Rule, next_allowed, zones_of


class Purpose(StrEnum):
    """Why a message exists. Only `TOUCH` is marketing; everything else answers an act of the customer or serves the shop."""

    TOUCH = "touch"
    BOOKING = "booking"
    REPLY = "reply"
    OPT_OUT_RECEIPT = "opt_out_receipt"
    SHOP_NOTICE = "shop_notice"


def lane_of(purpose: Purpose, touch: int | None) -> int:
    """0 for what somebody waits for at this moment: a first touch, an answer. 1 for the rest."""
    return int(touch != 0 and purpose not in {Purpose.REPLY, Purpose.OPT_OUT_RECEIPT})


TOO_MANY = "too_many_first_touches"
CROWDED = "too_many_forms"
ENOUGH_TODAY = "texts_a_day"
TOO_OFTEN = "too_many_unasked"

A_MOMENT = timedelta(minutes=15)
"""As long as who asked us is taken to wait for the answer."""

LEAST_WARNING = timedelta(minutes=30)
"""A reminder that quiet hours push closer to the appointment than this helps nobody."""

Permission = Literal["granted", "opted_out", "unknown"]


@dataclass(frozen=True)
class Shop:
    """`sms_from`: the number its texts come from; `None`: it cannot text. `text_countries`: whose numbers it texts to.

    `registered`: texts under an A2P registration.
    """

    timezone: str
    enabled: bool
    sends: bool
    sms: bool
    sms_from: str | None
    demo_mode: bool
    allow_list: Sequence[str]
    text_countries: Sequence[str]
    registered: bool
    first_touch: FirstTouch


@dataclass(frozen=True)
class Letter:
    """A message about to go. `day`: of the sequence, `None` outside of it; `stopped`: why the sequence ended, if it did.

    `unasked`: an answer on a channel that the person did not ask on.
    `answers`: the first mail to somebody who asked, of whose consent their request's CRM says nothing. `too_many`: its address had all the first touches it gets for now; `crowded_until`: the shop's form had them.
    `phone` says in which zones the person may be, `rules` are those of their states; `enough_until`: as many texts as
    those allow went there within a day. `asked_at`: when the person asked us, `None`: we heard of them from the shop.
    `reminds_of`: when the appointment begins that a reminder is of.
    """

    purpose: Purpose
    channel: OutboundChannel
    address: str
    permission: Permission
    day: int | None = None
    stopped: str | None = None
    superseded: bool = False
    unasked: bool = False
    answers: bool = False
    too_many: bool = False
    crowded_until: datetime | None = None
    phone: str | None = None
    rules: Sequence[Rule] = ()
    enough_until: datetime | None = None
    asked_at: datetime | None = None
    reminds_of: datetime | None = None


@dataclass(frozen=True)
class Go:
    pass


@dataclass(frozen=True)
class Wait:
    """Not now: at `until`, and then it is asked again."""

    until: datetime
    reason: str = "quiet_hours"


@dataclass(frozen=True)
class Suppress:
    reason: str


Decision = Go | Wait | Suppress


def decide(letter: Letter, shop: Shop, now: datetime) -> Decision:
    """The first reason against it, the operator's switches before the person's wishes."""
    reason = _switched_off(letter, shop) or _not_wanted(letter)
    if reason:
        return Suppress(reason)
    if letter.reminds_of:
        return _remind(letter, letter.reminds_of, shop, now)
    if letter.purpose is not Purpose.TOUCH:
        return Go()
    until = goes_from(letter, shop, now)
    if until > now:
        return Wait(until)
    if letter.enough_until:
        return Wait(letter.enough_until, ENOUGH_TODAY)
    return Wait(letter.crowded_until, CROWDED) if letter.crowded_until else Go()


def _remind(letter: Letter, start: datetime, shop: Shop, now: datetime) -> Decision:
    """However late it is: nobody is woken by a reminder that an outage has delayed."""
    until = next_allowed(now, zones_of(shop.timezone, letter.phone))
    if until == now:
        return Go()
    return Wait(until) if until <= start - LEAST_WARNING else Suppress("too_late")


def goes_from(touch: Letter, shop: Shop, now: datetime) -> datetime:
    """`now`, or when the quiet hours are over where the shop and the person are."""
    if _at_once(touch, shop, now):
        return now
    return next_allowed(now, zones_of(shop.timezone, touch.phone), touch.rules)


def _at_once(touch: Letter, shop: Shop, now: datetime) -> bool:
    if touch.day:
        return False
    match shop.first_touch.email if touch.channel == "email" else shop.first_touch.sms:
        case "at_once":
            return True
        case "asked_now":
            return touch.asked_at is not None and now - touch.asked_at <= A_MOMENT
        case "allowed_hours":
            return False


def _switched_off(letter: Letter, shop: Shop) -> str | None:
    if not letter.address:
        return "no_address"
    if shop.demo_mode and not allowed(letter.address, shop.allow_list):
        return "demo_mode"
    if letter.purpose is Purpose.SHOP_NOTICE:
        return _texting_off(shop) if letter.channel == "sms" else None
    if not shop.enabled:
        return "location_disabled"
    if not shop.sends:
        return "sends_off"
    return _not_texted(letter, shop) if letter.channel == "sms" else None


def _not_texted(letter: Letter, shop: Shop) -> str | None:
    return _texting_off(shop) or why_no_text(letter.address, shop.text_countries)


def _texting_off(shop: Shop) -> str | None:
    """Demo mode needs no registration: it reaches nobody but the allow-list."""
    if not shop.sms:
        return "sms_off"
    if not shop.sms_from:
        return "no_sms_sender"
    return None if shop.registered or shop.demo_mode else "a2p_unregistered"


def _not_wanted(letter: Letter) -> str | None:
    if letter.superseded:
        return "superseded"
    match letter.purpose:
        case Purpose.SHOP_NOTICE | Purpose.OPT_OUT_RECEIPT:
            return None
        case Purpose.TOUCH:
            return _touch_not_wanted(letter)
        case Purpose.BOOKING | Purpose.REPLY:
            return _answer_not_wanted(letter)


def _touch_not_wanted(letter: Letter) -> str | None:
    if letter.permission == "opted_out":
        return "opted_out"
    if letter.permission == "unknown" and not letter.answers:
        return "no_consent"
    return letter.stopped or (TOO_MANY if letter.too_many else None)


def _answer_not_wanted(letter: Letter) -> str | None:
    """An unsubscribe ends marketing mail and what nobody asked for there, not the confirmation of one's own booking; STOP ends every text."""
    if letter.channel == "email" and not letter.unasked:
        return None
    if letter.permission == "opted_out":
        return "opted_out"
    if letter.channel == "email":
        return None
    if letter.permission == "unknown" and (letter.unasked or letter.purpose is Purpose.BOOKING):
        return "no_consent"
    return None


def allowed(address: str, allow_list: Sequence[str]) -> bool:
    """Exact address or number, or `*@domain`; letter case does not matter."""
    wanted = address.strip().lower()
    return any(_matches(wanted, entry.strip().lower()) for entry in allow_list)


def _matches(address: str, entry: str) -> bool:
    if entry.startswith("*@"):
        return "@" in address and address.rpartition("@")[2] == entry[2:]
    return address == entry
