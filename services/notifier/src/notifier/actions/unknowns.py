"""Deliveries whose fate nobody noted: found again at the provider, or left for a person to see.

A text that Twilio has is known by our id in its callback or by its words in Twilio's list; one that Twilio surely does not
have is sent again. Mail cannot be looked up. What somebody waits for (a first touch, a confirmation, an answer) is sent once
more with the same Message-ID, by which mailboxes know a copy; a follow-up is not. What stays unknown is left to a person.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from shared.db.engine import transaction
from shared.telemetry.metrics import INTENTS_UNKNOWN
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.actions.sending import leave_unknown, note_accepted
from notifier.clients.twilio import LookupFailed, SentText
from notifier.deps import Deps
from notifier.domain.gate import Purpose
from notifier.letters import fingerprint
from notifier.store import deliveries
from notifier.tables import Delivery

log = structlog.get_logger()

CLAIM_LASTS = timedelta(seconds=60)
ABSENT_AFTER = timedelta(seconds=60)
"""Of the claim. Until then a text that Twilio's list does not show may still be on its way there: in a slow network, or in
a server that takes its time."""
LOOK_BACK = timedelta(minutes=2)
ASK_AGAIN_AFTER = timedelta(seconds=30)
BATCH = 20


async def give_up_claims(deps: Deps, tenant_id: UUID, now: datetime) -> int:
    """What a sender took and never came back with: nobody knows whether it went."""
    async with transaction(deps.sessions, tenant_id) as session:
        lost = await deliveries.give_up_claims(session, tenant_id, now - CLAIM_LASTS, now)
    if lost:
        log.warning("delivery.claims_given_up", count=lost)
    return lost


async def look_up_texts(deps: Deps, tenant_id: UUID, now: datetime) -> None:
    async with transaction(deps.sessions, tenant_id) as session:
        unknown = await deliveries.unknown_texts(session, tenant_id, now, BATCH)
    for delivery, _ in unknown:
        await _look_up(deps, delivery, now)


async def _look_up(deps: Deps, delivery: Delivery, now: datetime) -> None:
    try:
        listed = await deps.twilio.sent_to(delivery.address, (delivery.claimed_at or now) - LOOK_BACK)
    except LookupFailed as failure:
        await _ask_again(deps, delivery, str(failure), now)
        return
    async with transaction(deps.sessions, delivery.tenant_id) as session:
        await _settle(session, delivery, listed, now)
    deps.wake(delivery.tenant_id)


async def _settle(session: AsyncSession, seen: Delivery, listed: list[SentText], now: datetime) -> None:
    delivery = await deliveries.delivery(session, seen.tenant_id, seen.id, "unknown")
    if delivery is None:
        return
    same = [text.sid for text in listed if fingerprint(text.body) == delivery.fingerprint]
    taken = await deliveries.known_provider_ids(session, delivery.tenant_id, same)
    found = [sid for sid in same if sid not in taken]
    absent_at = (delivery.claimed_at or now) + ABSENT_AFTER
    if found:
        await note_accepted(session, delivery.tenant_id, delivery.id, found[-1], now)
    elif now < absent_at:
        delivery.due_at = absent_at
    else:
        delivery.state, delivery.due_at = "planned", now


async def _ask_again(deps: Deps, seen: Delivery, reason: str, now: datetime) -> None:
    log.warning("delivery.lookup_failed", delivery_id=str(seen.id), reason=reason)
    async with transaction(deps.sessions, seen.tenant_id) as session:
        delivery = await deliveries.delivery(session, seen.tenant_id, seen.id, "unknown")
        if delivery:
            delivery.due_at = now + ASK_AGAIN_AFTER


async def rescue_mails(deps: Deps, tenant_id: UUID, now: datetime) -> None:
    async with transaction(deps.sessions, tenant_id) as session:
        unknown = await deliveries.unknown_mails(session, tenant_id, now, BATCH)
        for delivery in unknown:
            if delivery.rescue is None and _goes_again(delivery):
                log.warning("delivery.repeated", delivery_id=str(delivery.id), template=delivery.template)
                delivery.state, delivery.due_at, delivery.rescue = "planned", now, "repeated"
            else:
                await leave_unknown(session, delivery)
    if unknown:
        deps.wake(tenant_id)


def _goes_again(delivery: Delivery) -> bool:
    """All but follow-ups: nobody misses one of those, and a second one annoys."""
    return delivery.purpose != Purpose.TOUCH or delivery.touch == 0


async def report_unknown(deps: Deps, tenant_ids: Iterable[UUID]) -> None:
    """The metric `intents_unknown`: what operators have to look at or the next look-up will find."""
    counts: Counter[str] = Counter(email=0, sms=0)
    for tenant_id in tenant_ids:
        async with transaction(deps.sessions, tenant_id) as session:
            counts.update(await deliveries.count_unknown(session, tenant_id))
    for channel, count in counts.items():
        INTENTS_UNKNOWN.labels(service="notifier", kind=channel).set(count)
