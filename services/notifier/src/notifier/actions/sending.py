"""The life of a delivery: claimed under the gate, handed to its provider, and the answer noted."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never, cast
from uuid import UUID

import structlog
from shared.db.engine import transaction
from shared.db.outage import is_outage
from shared.events import EventData, NotificationFailed, NotificationSent
from shared.events.notification import OutboundChannel
from shared.http.links import Link
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession
from tenacity import retry, retry_if_exception, stop_after_delay, wait_exponential

from notifier.actions.consents import opt_out
from notifier.actions.first_touches import (
    first_touches_before,
    heed_first_touches,
    is_first_touch,
    is_of_form,
    lock_counts,
    note_first_touch,
)
from notifier.actions.intents import heard_at
from notifier.actions.leads import stop_sequence
from notifier.actions.ledger import Said
from notifier.actions.touching import (
    asked_at,
    counted_numbers,
    is_marketing_text,
    shop_of,
    states_of,
    texts_before,
)
from notifier.actions.unasked import go_if_not_too_often, is_unasked
from notifier.clients.house import House, HouseAway
from notifier.deps import Deps
from notifier.domain.first_touches import FirstTouches
from notifier.domain.gate import Go, Letter, Permission, Purpose, Suppress, Wait, decide
from notifier.domain.outcome import (
    ATTEMPTS_LIMIT,
    CLAIM_RAN_OUT,
    HOUSE_AWAY,
    HOUSE_PAUSE_SECONDS,
    NEVER_GIVEN_UP,
    Accepted,
    Outcome,
    Overtaken,
    Refused,
    TryLater,
    Uncertain,
    pause_seconds,
)
from notifier.domain.pictures import that_fit
from notifier.domain.stricter_states import State, texts_a_day
from notifier.domain.texts_a_day import TextsADay
from notifier.letters import Mail, Text
from notifier.store import consents, deliveries, leads
from notifier.store.deliveries import DueDelivery
from notifier.tables import Consent, Delivery

log = structlog.get_logger()

AT_ONCE = timedelta(minutes=1)
LOOK_UP_AFTER = timedelta(seconds=10)
"""Until then a text may still be on its way into the provider's list."""

BEGIN_WITHIN_SECONDS = 10
"""Of the claim. A process that slept longer must not call any more: with the clients' own limits (45 s) it would still be
calling when its claim counts as lost, and somebody else might send the same."""

CRM_LEAD = "shopmonkey"
ENGAGED = "engaged"
OPTED_OUT_AT_PROVIDER = "21610"
NOTE_FOR_SECONDS = 120

Channels: tuple[OutboundChannel, ...] = ("email", "sms")


@dataclass(frozen=True)
class Claimed:
    """Ours to send, exactly once. `attempt` tells a late answer from that of a later claim; `begin_by`: of the loop's clock.

    `overtaken`: asked at the last moment, for events take seconds and the customer's word counts at once.
    """

    tenant_id: UUID
    tenant_slug: str
    delivery_id: UUID
    attempt: int
    letter: Text | Mail
    begin_by: float
    overtaken: Callable[[House], Awaitable[str | None]]


@dataclass(frozen=True)
class Asked:
    """What the gate must know beside the delivery itself. `refused`: by lead and channel, whatever the address."""

    consents: Mapping[consents.Address, Consent]
    refused: Collection[tuple[UUID, str]]
    first_touches: FirstTouches
    texts: TextsADay


async def claim_due(
    deps: Deps, tenant_id: UUID, limits: Mapping[OutboundChannel, int], now: datetime | None = None
) -> list[Claimed]:
    """Asks the gate and marks as `sending` in one transaction: a stop that was stored before it means no send.

    Without `now` by the database's clock.
    """
    begin_by = asyncio.get_running_loop().time() + BEGIN_WITHIN_SECONDS
    async with transaction(deps.sessions, tenant_id) as session:
        now = now or await deliveries.clock(session)
        due = await deliveries.due_deliveries(session, tenant_id, now, limits)
        if not due:
            return []
        numbers = counted_numbers(deps.states, due)
        await lock_counts(session, tenant_id, due, numbers)
        asked = Asked(
            await _consents(session, tenant_id, due),
            await consents.refused_by_leads(session, tenant_id, {found.lead.id for found in due}),
            await first_touches_before(session, tenant_id, due, deps.settings.first_touches, now),
            await texts_before(session, tenant_id, numbers, now),
        )
        letters = [(found.delivery, await _claim(deps, session, found, asked, now)) for found in due]
        await deliveries.keep_claims(session, tenant_id, [delivery for delivery, _ in letters])
        for delivery, _ in letters:
            if delivery.state == "failed":
                await _tell(session, delivery, _failed(delivery))
    await heed_first_touches(deps, tenant_id, due)
    return [
        Claimed(
            tenant_id,
            due[0].tenant_slug,
            delivery.id,
            delivery.attempts,
            letter,
            begin_by,
            _question(delivery, asked.consents.get(_address(delivery)), now),
        )
        for delivery, letter in letters
        if letter
    ]


async def _consents(
    session: AsyncSession, tenant_id: UUID, due: Sequence[DueDelivery]
) -> dict[consents.Address, Consent]:
    addresses = {_address(found.delivery) for found in due}
    return await consents.newest(session, tenant_id, addresses) if addresses else {}


def _address(delivery: Delivery) -> consents.Address:
    return channel_of(delivery), delivery.address


def channel_of(delivery: Delivery) -> OutboundChannel:
    return "sms" if delivery.channel == "sms" else "email"


def channel_of_letter(letter: Text | Mail) -> OutboundChannel:
    return "sms" if isinstance(letter, Text) else "email"


async def _claim(
    deps: Deps, session: AsyncSession, due: DueDelivery, asked: Asked, now: datetime
) -> Text | Mail | None:
    """The letter when it is ours to send; changes the delivery's state in the caller's transaction."""
    delivery = due.delivery
    letter = _letter(due, asked, _stricter(deps, due), now)
    decision = decide(letter, shop_of(due.location), now)
    if isinstance(decision, Go) and is_unasked(delivery):
        decision = await go_if_not_too_often(deps.limits, session, due, now)
    match decision:
        case Suppress(reason):
            delivery.state, delivery.reason = "suppressed", reason
            return None
        case Wait(until, reason):
            delivery.due_at, delivery.reason = until, reason
            return None
        case Go():
            newest = asked.consents.get(_address(delivery))
            delivery.consent_id = newest.id if newest and newest.permission == "granted" else None
            note_first_touch(asked.first_touches, due, now)
            if is_marketing_text(delivery):
                asked.texts.note(delivery.address, now)
            return _take(deps, due, now)
        case never:
            assert_never(never)


def _permission(newest: Consent | None) -> Permission:
    return cast("Permission", newest.permission) if newest else "unknown"


def _stricter(deps: Deps, due: DueDelivery) -> tuple[State, ...]:
    """What the states say is about texts; a mail keeps our own hours."""
    if not is_marketing_text(due.delivery):
        return ()
    return states_of(deps.states, due.location, due.delivery.address)


def _letter(due: DueDelivery, asked: Asked, stricter: Sequence[State], now: datetime) -> Letter:
    delivery = due.delivery
    return Letter(
        purpose=Purpose(delivery.purpose),
        channel=channel_of(delivery),
        address=delivery.address,
        permission="opted_out"
        if (delivery.lead_id, delivery.channel) in asked.refused
        else _permission(asked.consents.get(_address(delivery))),
        unasked=bool(delivery.payload.get("unasked")),
        answers=is_first_touch(delivery) and delivery.channel == "email" and due.lead.source == CRM_LEAD,
        day=delivery.touch_day,
        stopped=due.lead.stopped_reason,
        superseded=_superseded(due, now),
        too_many=is_first_touch(delivery)
        and asked.first_touches.too_many(delivery.channel, delivery.address, now, in_crm=due.lead.in_crm),
        crowded_until=asked.first_touches.crowded_until(delivery.location_id, now)
        if is_of_form(due)
        else None,
        phone=delivery.address if delivery.channel == "sms" else due.lead.phone,
        rules=stricter,
        enough_until=asked.texts.enough_until(delivery.address, texts_a_day(stricter), now),
        asked_at=asked_at(due.lead),
        reminds_of=_reminds_of(delivery),
    )


def _reminds_of(delivery: Delivery) -> datetime | None:
    return datetime.fromisoformat(delivery.payload["start"]) if delivery.template == "reminder" else None


def _superseded(due: DueDelivery, now: datetime) -> bool:
    """The appointment has changed since, or a reminder comes too late to remind."""
    delivery = due.delivery
    if delivery.sequence is None:
        return False
    newer = due.current_sequence is not None and due.current_sequence > delivery.sequence
    start = _reminds_of(delivery)
    return newer or (start is not None and now >= start)


def _take(deps: Deps, due: DueDelivery, now: datetime) -> Text | Mail | None:
    delivery = due.delivery
    delivery.claimed_at = now
    delivery.attempts += 1
    try:
        letter = _write(deps, due)
    except Exception:
        # One message that cannot be written must not hold up the others of its batch.
        log.exception("delivery.unwritable", delivery_id=str(delivery.id), template=delivery.template)
        delivery.state, delivery.reason = "failed", "unwritable"
        return None
    delivery.state, delivery.reason = "sending", None
    if isinstance(letter, Text):
        delivery.fingerprint = letter.fingerprint
    return letter


def _write(deps: Deps, due: DueDelivery) -> Text | Mail:
    write = deps.writer.text if due.delivery.channel == "sms" else deps.writer.mail
    return write(due.delivery, due.lead, due.location)


def _question(
    delivery: Delivery, newest: Consent | None, now: datetime
) -> Callable[[House], Awaitable[str | None]]:
    """Why not to send it, as chat or booking know at the moment of sending; `None`: nothing against it.

    `newest`: the word on its address that the gate has heeded.
    """
    lead = Link(delivery.tenant_id, delivery.lead_id)
    may_be_answered = delivery.purpose == Purpose.TOUCH and not _goes_at_once(delivery, now)
    appointment_id, start = delivery.appointment_id, _reminds_of(delivery)
    is_text = delivery.channel == "sms"
    heeded_at = newest.said_at if newest else None

    async def ask(house: House) -> str | None:
        if may_be_answered and (await house.words_of(lead)).at:
            return ENGAGED
        if not (appointment_id and start):
            return None
        if not await house.stands(lead, appointment_id, start):
            return "superseded"
        refused_at = (await house.words_of(lead)).opted_out.get("sms") if is_text else None
        return "opted_out" if refused_at and (heeded_at is None or refused_at > heeded_at) else None

    return ask


def _goes_at_once(delivery: Delivery, now: datetime) -> bool:
    """A first touch within a minute of its lead: what it greets with has been answered by nobody."""
    return is_first_touch(delivery) and now - delivery.created_at <= AT_ONCE


async def deliver(deps: Deps, claimed: Claimed) -> Outcome:
    """Hands the message over and notes what came of it; no transaction is open during the call."""
    outcome = await _hand_over(deps, claimed)
    await note_outcome(deps, claimed, outcome)
    return outcome


async def _hand_over(deps: Deps, claimed: Claimed) -> Outcome:
    try:
        reason = await claimed.overtaken(deps.house)
    except HouseAway:
        return TryLater(HOUSE_AWAY, HOUSE_PAUSE_SECONDS)
    if reason:
        return Overtaken(reason)
    if asyncio.get_running_loop().time() > claimed.begin_by:
        return TryLater(CLAIM_RAN_OUT)
    match claimed.letter:
        case Mail():
            if claimed.letter.pictures:
                claimed.letter.enclose(that_fit(await deps.twilio.pictures(claimed.letter.pictures)))
            return await deps.smtp.send(claimed.letter)
        case Text():
            origin = deps.settings.public_url.rstrip("/")
            # With our own id: whatever becomes of the answer, the first callback says that Twilio has this text.
            callback = f"{origin}/webhooks/twilio/status/{claimed.tenant_slug}?delivery={claimed.delivery_id}"
            return await deps.twilio.send(claimed.letter, callback)
        case never:
            assert_never(never)


@retry(
    retry=retry_if_exception(is_outage),
    stop=stop_after_delay(NOTE_FOR_SECONDS),
    wait=wait_exponential(0.1, max=5),
    reraise=True,
)
async def note_outcome(deps: Deps, claimed: Claimed, outcome: Outcome) -> None:
    """Insists while the database is away: a sent message that nobody wrote down would count as unknown."""
    tenant_id, delivery_id = claimed.tenant_id, claimed.delivery_id
    async with transaction(deps.sessions, tenant_id) as session:
        if isinstance(outcome, Accepted):
            await note_accepted(session, tenant_id, delivery_id, outcome.provider_id)
            return
        now = await deliveries.clock(session)
        delivery = await deliveries.attempted(session, tenant_id, delivery_id, claimed.attempt)
        if delivery is None:
            return
        match outcome:
            case Refused(code):
                await _note_refused(session, delivery, code)
            case TryLater(code, after_seconds):
                await _note_try_later(session, delivery, code, after_seconds, now)
            case Uncertain(code):
                _note_uncertain(delivery, code, now)
            case Overtaken(reason):
                await _note_overtaken(session, delivery, reason)
            case never:
                assert_never(never)


async def note_accepted(
    session: AsyncSession, tenant_id: UUID, delivery_id: UUID, provider_id: str, now: datetime | None = None
) -> None:
    """Nothing when it was settled before. Without `now` by the database's clock."""
    delivery = await deliveries.mark_sent(session, tenant_id, delivery_id, provider_id, now)
    if delivery is None:
        return
    sent = NotificationSent(
        delivery_id=delivery.id,
        lead_id=delivery.lead_id,
        channel=channel_of(delivery),
        template=delivery.template,
        touch=delivery.touch,
        provider_id=provider_id,
    )
    await _tell(session, delivery, sent)
    if (
        delivery.channel == "sms"
        and await deliveries.status_so_far(session, tenant_id, provider_id) != deliveries.ACCEPTED
    ):
        await _apply_earlier_status(session, tenant_id, provider_id)


async def _apply_earlier_status(session: AsyncSession, tenant_id: UUID, provider_id: str) -> None:
    """The callback came before our own note that the text was taken."""
    known = await deliveries.provider_status(session, tenant_id, provider_id)
    delivery = await deliveries.delivery_by_provider_id(session, tenant_id, provider_id)
    if delivery:
        await apply_status(session, delivery, known.status, known.error_code)


async def apply_status(
    session: AsyncSession, delivery: Delivery, status: str, error_code: str | None
) -> None:
    """What the provider tells later; a message that it could not deliver after all has failed."""
    delivery.provider_status = status
    if status in {"failed", "undelivered"} and delivery.state == "sent":
        await _fail(session, delivery, error_code or status)


async def _note_refused(session: AsyncSession, delivery: Delivery, code: str) -> None:
    await _fail(session, delivery, code)
    if code == OPTED_OUT_AT_PROVIDER:
        lead = await leads.lead(session, delivery.tenant_id, delivery.lead_id)
        if lead and ("sms", delivery.address) in heard_at(lead):
            said = Said("keyword", "Twilio 21610: opted out there")
            await opt_out(session, lead, "sms", said, at=delivery.address)


async def _note_try_later(
    session: AsyncSession, delivery: Delivery, code: str, after_seconds: float | None, now: datetime
) -> None:
    if code not in NEVER_GIVEN_UP and delivery.attempts >= ATTEMPTS_LIMIT:
        await _fail(session, delivery, f"gave_up:{code}")
        return
    delivery.state, delivery.reason = "planned", code
    delivery.due_at = now + timedelta(seconds=pause_seconds(code, delivery.attempts, after_seconds))


async def _note_overtaken(session: AsyncSession, delivery: Delivery, reason: str) -> None:
    delivery.state, delivery.reason = "suppressed", reason
    lead = await leads.lead(session, delivery.tenant_id, delivery.lead_id)
    if lead and reason == ENGAGED:
        await stop_sequence(session, lead, ENGAGED, engaged=True)


def _note_uncertain(delivery: Delivery, code: str, now: datetime) -> None:
    log.warning("delivery.unknown", delivery_id=str(delivery.id), channel=delivery.channel, code=code)
    delivery.state, delivery.reason = "unknown", code
    delivery.due_at = now + LOOK_UP_AFTER


async def _fail(session: AsyncSession, delivery: Delivery, code: str) -> None:
    delivery.state, delivery.reason = "failed", code
    log.warning("delivery.failed", delivery_id=str(delivery.id), channel=delivery.channel, code=code)
    await _tell(session, delivery, _failed(delivery))


def _failed(delivery: Delivery, code: str | None = None) -> NotificationFailed:
    return NotificationFailed(
        delivery_id=delivery.id,
        lead_id=delivery.lead_id,
        channel=channel_of(delivery),
        template=delivery.template,
        touch=delivery.touch,
        code=code or delivery.reason or "unknown",
    )


async def leave_unknown(session: AsyncSession, delivery: Delivery) -> None:
    """To a person: the lead's timeline tells of it, and it stays on the list of unknown ones."""
    delivery.rescue = "left"
    await _tell(session, delivery, _failed(delivery, f"unknown:{delivery.reason}"))


async def _tell(session: AsyncSession, delivery: Delivery, fact: EventData) -> None:
    await record(
        session,
        fact,
        tenant_id=delivery.tenant_id,
        subject=delivery.lead_id,
        location_id=delivery.location_id,
        lead_version=delivery.lead_version,
        correlation_id=delivery.correlation_id,
    )
