"""When a person is to answer, who is told next, and what the assistant hands them."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.prices import price_text

from chat.domain.conversation import Facts
from chat.domain.reply.render import moment
from chat.domain.values import LeadFacts, OpeningHours, OpeningSpan, ShopFacts, vehicle_text

ANSWER_WITHIN = timedelta(minutes=5)
"""Of opening hours, at each level."""


def answer_by(now: datetime, opening: OpeningHours | None) -> datetime:
    """The end of the time that a person has; it begins when the shop opens. Hours that are not known count as open."""
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


def suggested_reply(lead: LeadFacts, shop: ShopFacts, facts: Facts) -> str:
    """A start for the person who takes over, from what is known; never sent by itself."""
    said = [f"Hi {lead.first_name}, this is {shop.name}." if lead.first_name else f"Hi, this is {shop.name}."]
    if facts.booked:
        said.append(f"I have your appointment on {moment(facts.booked.start, facts.booked.timezone)} here.")
    elif facts.quote and facts.quote.total_cents is not None:
        car = facts.quote.vehicle.called if facts.quote.vehicle else vehicle_text(lead.vehicle)
        what = " for your ".join(filter(None, (facts.quote.service.name, car)))
        said.append(f"I see that we quoted {price_text(facts.quote.price)}: {what}.")
    said.append("How can I help?")
    return " ".join(said)
