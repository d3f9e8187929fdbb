"""A flood of forms or orders costs nobody a message: first touches are counted where they are claimed."""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import structlog
from shared.addresses import inbox
from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.leads import stop_sequence
from notifier.actions.unasked import is_unasked, unasked_key
from notifier.deps import Deps
from notifier.domain.first_touches import DAY, HOUR, FirstTouches, Limits
from notifier.domain.gate import CROWDED, TOO_MANY, Purpose
from notifier.store import deliveries
from notifier.store.deliveries import DueDelivery
from notifier.tables import Delivery, Lead

log = structlog.get_logger()


def is_first_touch(delivery: Delivery) -> bool:
    return delivery.purpose == Purpose.TOUCH.value and delivery.touch == 0


async def lock_counts(
    session: AsyncSession, tenant_id: UUID, due: Sequence[DueDelivery], numbers: Collection[str]
) -> None:
    """Whoever else claims for one of the same inboxes, forms or `numbers` waits until the caller has committed."""
    of_inboxes = {f"{tenant_id}/{channel}/{address}" for channel, address in _inboxes(due)}
    of_texts = {f"{tenant_id}/texts/{number}" for number in numbers}
    of_unasked = {"/".join(map(str, unasked_key(found))) for found in due if is_unasked(found.delivery)}
    names = of_inboxes | of_texts | of_unasked | {str(location_id) for location_id in _forms(due)}
    await deliveries.lock_counts(session, sorted(_lock_key(name) for name in names))


async def first_touches_before(
    session: AsyncSession, tenant_id: UUID, due: Sequence[DueDelivery], limits: Limits, now: datetime
) -> FirstTouches:
    inboxes = _inboxes(due)
    if not inboxes:
        return FirstTouches(limits, ())
    past = await deliveries.first_touches(session, tenant_id, inboxes, now - DAY)
    of_forms = await deliveries.first_touches_of_forms(session, tenant_id, _forms(due), now - HOUR)
    return FirstTouches(limits, [*past, *of_forms])


def _inboxes(due: Sequence[DueDelivery]) -> set[tuple[str, str]]:
    first = [found.delivery for found in due if is_first_touch(found.delivery)]
    return {(delivery.channel, inbox(delivery.address)) for delivery in first}


def _forms(due: Sequence[DueDelivery]) -> set[UUID]:
    return {found.delivery.location_id for found in due if is_of_form(found)}


def is_of_form(due: DueDelivery) -> bool:
    """Its address was proved by nobody yet."""
    return is_first_touch(due.delivery) and not due.lead.in_crm


def _lock_key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def note_first_touch(first_touches: FirstTouches, due: DueDelivery, now: datetime) -> None:
    if not is_first_touch(due.delivery):
        return
    first_touches.note((due.delivery.channel, inbox(due.delivery.address), due.lead.in_crm), now)
    if is_of_form(due):
        first_touches.note(due.delivery.location_id, now)


async def heed_first_touches(deps: Deps, tenant_id: UUID, due: Sequence[DueDelivery]) -> None:
    """Who is not greeted for a flood gets none of the later touches either; forms that wait are told to the operators.

    After the claim's commit, each lead by itself: whoever stops a lead locks it before its messages, a claim only these.
    """
    for found in due:
        if found.delivery.state == "suppressed" and found.delivery.reason == TOO_MANY:
            await _stop(deps, tenant_id, found.lead)
            log.warning(
                "first_touch.too_many", delivery_id=str(found.delivery.id), channel=found.delivery.channel
            )
    waiting = Counter(found.delivery.location_id for found in due if found.delivery.reason == CROWDED)
    for location_id, messages in waiting.items():
        log.error("first_touches.form_flooded", location_id=str(location_id), waiting=messages)


async def _stop(deps: Deps, tenant_id: UUID, lead: Lead) -> None:
    """What was claimed beside it must go all the same."""
    try:
        async with transaction(deps.sessions, tenant_id) as session:
            await stop_sequence(session, lead, TOO_MANY)
    except Exception:
        log.exception("first_touch.not_stopped", lead_id=str(lead.id))
