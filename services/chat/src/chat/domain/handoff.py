"""When a person is to answer, who is told next, and what the assistant hands them."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.prices import price_text

from chat.domain.conversation import Facts, State, hold_expired
from chat.domain.reply.render import moment
from chat.domain.values import LeadFacts, OpeningHours, OpeningSpan, Quote, ShopFacts, vehicle_text

CARE_FIRST = frozenset({"safety", "distress"})
"""Reasons for a person that are met with care before anything else."""

ANSWER_WITHIN = timedelta(minutes=5)
"""Of opening hours, at each level."""


def answer_by(now: datetime, opening: OpeningHours | None) -> datetime:
    """The end of the time that a person has; it begins when the shop opens. Whoever does not know the hours asks again then."""
    begins = opening.opens_next if opening and not opening.open_now and opening.opens_next else now
    return begins + ANSWER_WITHIN


def open_time(opening: OpeningHours, since: datetime, until: datetime) -> timedelta:
    """How much of the time the shop was open, on the days that `opening` has; all of it where the hours are not known."""
    if not opening.days:
        return until - since
    zone = ZoneInfo(opening.timezone)
    spans = [_moments(day.date, span, zone) for day in opening.days for span in day.spans]
    shares = [min(closes, until) - max(opens, since) for opens, closes in spans]
    return sum((share for share in shares if share > timedelta(0)), timedelta(0))


def _moments(day: date, span: OpeningSpan, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """In UTC, since times of one zone compare by their wall clock."""
    last = day if span.closes > span.opens else day + timedelta(days=1)
    opens, closes = datetime.combine(day, span.opens, zone), datetime.combine(last, span.closes, zone)
    return opens.astimezone(UTC), closes.astimezone(UTC)


_PHONE = re.compile(
    r"(?<![\w+])(\+\d[\d .()-]{6,20}\d|1?[ .-]?\(?[2-9]\d\d\)?[ .-]?[2-9]\d\d[ .-]?\d{4})(?!\d)"
)


def phone_in(text: str) -> str | None:
    """The telephone number named last, in E.164; without a country, one of the North American plan."""
    found = _PHONE.findall(text)
    if not found:
        return None
    digits = re.sub(r"\D", "", found[-1])
    if found[-1].startswith("+"):
        return f"+{digits}" if 8 <= len(digits) <= 15 else None
    return f"+1{digits[-10:]}"


SUMMARY = 1000
SUMMARY_OF_WORDS = 500
ASKED_LATELY = 5


def asked(said: Sequence[str]) -> str:
    """The customer's words, oldest first, as a line for whoever takes over."""
    return "Asked: " + " / ".join(words[:120] for words in said[-ASKED_LATELY:])


def told_and_promised(facts: Facts, quotes: Iterable[Quote], now: datetime) -> list[str]:
    """Lines for whoever takes over, in English: prices in force, times on offer, what is held, booked, wished for."""
    lines = [f"Quoted: {_quoted(quote)}" for quote in quotes if quote.total_cents is not None]
    zone = facts.booked.timezone if facts.booked else "UTC"
    if facts.offered and facts.state in {State.OFFER, State.MOVE_OFFER}:
        lines.append("Offered: " + "; ".join(slot.label for slot in facts.offered))
    if facts.hold and not hold_expired(facts.hold, now):
        lines.append(
            f"{'Held' if facts.hold.id else 'Read back, not held'}: {facts.hold.label or moment(facts.hold.start, zone)}"
        )
    if facts.state is State.REQUESTED:
        lines.append("Promised: that the wished time is passed on, since booking did not answer")
    if facts.booked:
        lines.append(
            f"Booked: {facts.booked.service.job()}, {moment(facts.booked.start, zone)}, number {facts.booked.number}"
        )
    return lines


def _quoted(quote: Quote) -> str:
    car = quote.vehicle.called if quote.vehicle else quote.vehicle_class
    return ", ".join(filter(None, (quote.service.job(), car, price_text(quote.price))))


def suggested_reply(lead: LeadFacts, shop: ShopFacts, facts: Facts) -> str:
    """A start for the person who takes over, from what is known; never sent by itself."""
    said = [f"Hi {lead.first_name}, this is {shop.name}." if lead.first_name else f"Hi, this is {shop.name}."]
    if facts.booked:
        said.append(f"I have your appointment on {moment(facts.booked.start, facts.booked.timezone)} here.")
    elif facts.quote and facts.quote.total_cents is not None:
        car = facts.quote.vehicle.called if facts.quote.vehicle else vehicle_text(lead.vehicle)
        what = " for your ".join(filter(None, (facts.quote.service.job(), car)))
        said.append(f"I see that we quoted {price_text(facts.quote.price)}: {what}.")
    said.append("How can I help?")
    return " ".join(said)
