"""What the gate must know of a shop, and of the law where the shop and the person are, before a marketing message goes."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from shared.events import FirstTouch
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.domain.gate import Letter, Purpose, Shop, goes_from
from notifier.domain.stricter_states import State, StricterStates, texts_a_day
from notifier.domain.texts_a_day import DAY, TextsADay
from notifier.store import deliveries
from notifier.store.deliveries import DueDelivery
from notifier.tables import Delivery, Lead, Location


def shop_of(location: Location) -> Shop:
    return Shop(
        timezone=location.timezone,
        enabled=location.enabled,
        sends=location.sends,
        sms=location.sms,
        sms_from=location.sms_from,
        demo_mode=location.demo_mode,
        allow_list=location.allow_list,
        text_countries=location.text_countries,
        registered=location.a2p is not None,
        first_touch=FirstTouch.model_validate(location.first_touch),
    )


def asked_at(lead: Lead) -> datetime | None:
    """Only the form is the person's own act; an order is the shop's."""
    return lead.received_at if lead.source == "web_form" else None


def is_marketing_text(delivery: Delivery) -> bool:
    return delivery.purpose == Purpose.TOUCH.value and delivery.channel == "sms"


def states_of(states: StricterStates, location: Location, number: str | None) -> tuple[State, ...]:
    return states.of(location.address.get("region", ""), number)


def counted_numbers(states: StricterStates, due: Sequence[DueDelivery]) -> set[str]:
    """Numbers that get only so many marketing texts a day."""
    return {
        found.delivery.address
        for found in due
        if is_marketing_text(found.delivery)
        and texts_a_day(states_of(states, found.location, found.delivery.address))
    }


async def texts_before(
    session: AsyncSession, tenant_id: UUID, numbers: Collection[str], now: datetime
) -> TextsADay:
    past = await deliveries.marketing_texts(session, tenant_id, numbers, now - DAY) if numbers else ()
    return TextsADay(past)


def first_text_at(states: StricterStates, lead: Lead, location: Location) -> datetime:
    """When the first text goes, as far as hours and days decide; without a number as soon as the lead is there."""
    if lead.phone is None:
        return lead.received_at
    text = Letter(
        purpose=Purpose.TOUCH,
        channel="sms",
        address=lead.phone,
        permission="granted",
        day=0,
        phone=lead.phone,
        rules=states_of(states, location, lead.phone),
        asked_at=asked_at(lead),
    )
    return goes_from(text, shop_of(location), lead.received_at)
