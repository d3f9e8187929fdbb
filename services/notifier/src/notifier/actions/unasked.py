"""What a booking causes goes to an address that its owner may not have typed: so many an hour, the rest waits."""

from datetime import datetime, timedelta

from shared.addresses import inbox
from shared.http.limits import Limits
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.domain.gate import TOO_OFTEN, Go, Purpose, Wait
from notifier.limits import UNASKED_PER_ADDRESS
from notifier.store.deliveries import DueDelivery
from notifier.tables import Delivery

BY_SHOP = "_by_shop"
"""How the templates end of what staff changed."""


def is_unasked(delivery: Delivery) -> bool:
    """Counted once, however often its provider is tried. What staff change in their calendar is not a stranger's doing.

    Who answered once is no exception: they may have asked who we are.
    """
    if delivery.purpose != Purpose.BOOKING.value or delivery.template.endswith(BY_SHOP):
        return False
    return not delivery.attempts


def unasked_key(due: DueDelivery) -> tuple[object, ...]:
    """What anybody causes by a form keeps nothing from whom the shop itself names."""
    delivery = due.delivery
    return delivery.tenant_id, delivery.channel, inbox(delivery.address), due.lead.in_crm


async def go_if_not_too_often(
    limits: Limits, session: AsyncSession, due: DueDelivery, now: datetime
) -> Go | Wait:
    """The caller holds the lock of the address. What waits is superseded by a newer state of its appointment."""
    use = (UNASKED_PER_ADDRESS, unasked_key(due))
    refusal = await limits.refusal(use, within=session)
    return Wait(now + timedelta(seconds=refusal.seconds), TOO_OFTEN) if refusal else Go()
