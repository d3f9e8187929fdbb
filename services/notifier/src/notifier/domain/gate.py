"""Whether a message may go: the one place that says no, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from shared.events.notification import OutboundChannel

from notifier.domain.quiet_hours import next_allowed, zones_of


class Purpose(StrEnum):
    """Why a message exists. Only `TOUCH` is marketing; everything else answers an act of the customer or serves the shop."""

    TOUCH = "touch"
    BOOKING = "booking"
    REPLY = "reply"
    OPT_OUT_RECEIPT = "opt_out_receipt"
    SHOP_NOTICE = "shop_notice"


Permission = Literal["granted", "opted_out", "unknown"]


@dataclass(frozen=True)
class Shop:
    """`sms_from`: the number its texts come from; `None`: it cannot text."""

    timezone: str
    enabled: bool
    sends: bool
    sms: bool
    sms_from: str | None
    demo_mode: bool
    allow_list: Sequence[str]


@dataclass(frozen=True)
class Letter:
    """A message about to go. `day`: of the sequence, `None` outside of it; `stopped`: why the sequence ended, if it did."""

    purpose: Purpose
    channel: OutboundChannel
    address: str
    permission: Permission
    day: int | None = None
    stopped: str | None = None
    superseded: bool = False


@dataclass(frozen=True)
class Go:
    pass


@dataclass(frozen=True)
class Wait:
    """Not now: at `until`, and then it is asked again."""

    until: datetime


@dataclass(frozen=True)
class Suppress:
    reason: str


Decision = Go | Wait | Suppress


def decide(letter: Letter, shop: Shop, now: datetime) -> Decision:
    """The first reason against it, the operator's switches before the person's wishes."""
    reason = _switched_off(letter, shop) or _not_wanted(letter)
    if reason:
        return Suppress(reason)
    if letter.day:
        phone = letter.address if letter.channel == "sms" else None
        until = next_allowed(now, zones_of(shop.timezone, phone))
        return Go() if until == now else Wait(until)
    return Go()


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
    return _texting_off(shop) if letter.channel == "sms" else None


def _texting_off(shop: Shop) -> str | None:
    if not shop.sms:
        return "sms_off"
    return None if shop.sms_from else "no_sms_sender"


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
    if letter.permission == "unknown":
        return "no_consent"
    return letter.stopped


def _answer_not_wanted(letter: Letter) -> str | None:
    """An unsubscribe ends marketing mail, not the confirmation of one's own booking; STOP ends every text."""
    if letter.channel == "email":
        return None
    if letter.permission == "opted_out":
        return "opted_out"
    if letter.permission == "unknown" and letter.purpose is Purpose.BOOKING:
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
