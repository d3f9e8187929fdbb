"""Messages to send, how far each got, and what the provider said of it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from shared.events.notification import OutboundChannel
from shared.messaging.replay import leaves
from sqlalchemy import ColumnElement, String, and_, func, literal_column, or_, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.tables import (
    INBOX,
    Appointment,
    Delivery,
    Lead,
    Location,
    ProviderStatus,
)

ACCEPTED_RANK = 0
"""The rank of the status that a message has without any word of the provider."""


async def clock(session: AsyncSession) -> datetime:
    """The database's time: what is due and whose claim ran out must not depend on a replica's own clock."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def fill_address(session: AsyncSession, lead: Lead, channel: OutboundChannel, address: str) -> None:
    """What waits for an address that is known only now."""
    await session.execute(
        update(Delivery)
        .where(
            col(Delivery.tenant_id) == lead.tenant_id,
            col(Delivery.lead_id) == lead.id,
            col(Delivery.channel) == channel,
            col(Delivery.state) == "planned",
            col(Delivery.address) == "",
        )
        .values(address=address)
    )


def to_lost_addresses(lead: Lead) -> ColumnElement[bool]:
    """What waits to go to the lead at an address that is not the lead's any more."""
    known = {"email": lead.email, "sms": lead.phone}
    lost = [channel for channel, address in known.items() if address is None]
    return (
        (col(Delivery.lead_id) == lead.id)
        & (col(Delivery.purpose) != "shop_notice")
        & col(Delivery.channel).in_(lost)
        & (col(Delivery.address) != "")
    )


async def suppress_planned(
    session: AsyncSession, tenant_id: UUID, wanted: ColumnElement[bool], reason: str
) -> None:
    """Waits for a sender that is claiming one of them right now: what it took is sent, the rest is not."""
    await session.execute(
        update(Delivery)
        .where(col(Delivery.tenant_id) == tenant_id, col(Delivery.state) == "planned", wanted)
        .values(state="suppressed", reason=reason)
    )


async def wake_waiting(
    session: AsyncSession, tenant_id: UUID, channel: OutboundChannel, reasons: Collection[str], now: datetime
) -> None:
    """What the provider did not take for one of the reasons is due now."""
    await session.execute(
        update(Delivery)
        .where(
            col(Delivery.tenant_id) == tenant_id,
            col(Delivery.channel) == channel,
            col(Delivery.state) == "planned",
            col(Delivery.reason).in_(reasons),
            col(Delivery.due_at) > now,
        )
        .values(due_at=now)
    )


def touches_of(lead_id: UUID) -> ColumnElement[bool]:
    return (col(Delivery.lead_id) == lead_id) & (col(Delivery.purpose) == "touch")


def of_lead(lead_id: UUID) -> ColumnElement[bool]:
    return col(Delivery.lead_id) == lead_id


async def is_under_way(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> bool:
    """Being sent, or a text whose fate will be looked up. A mail cannot be looked up: its fate is not waited for."""
    on_the_way = (col(Delivery.state) == "sending") | (
        (col(Delivery.state) == "unknown") & (col(Delivery.channel) == "sms")
    )
    statement = select(col(Delivery.id)).where(
        col(Delivery.tenant_id) == tenant_id, of_lead(lead_id), on_the_way
    )
    return (await session.execute(statement.limit(1))).first() is not None


def older_than(appointment_id: UUID, sequence: int) -> ColumnElement[bool]:
    return (col(Delivery.appointment_id) == appointment_id) & (col(Delivery.sequence) < sequence)


async def add_deliveries(session: AsyncSession, deliveries: Sequence[Delivery]) -> None:
    """Those whose key is known already are left as they are."""
    if deliveries:
        statement = insert(Delivery).on_conflict_do_nothing(constraint="deliveries_once")
        added = await session.execute(
            statement.values([delivery.model_dump() for delivery in deliveries]).returning(col(Delivery.id))
        )
        if added.first() is not None:
            leaves("a message")


@dataclass(frozen=True)
class DueDelivery:
    """`current_sequence`: of the appointment that the message is about, where it is about one."""

    delivery: Delivery
    lead: Lead
    location: Location
    current_sequence: int | None


async def due_deliveries(
    session: AsyncSession, tenant_id: UUID, channel: OutboundChannel, now: datetime, limit: int
) -> Sequence[DueDelivery]:
    """By lane, then the oldest; locked for the caller. What another sender holds is left out."""
    statement = (
        select(Delivery, Lead, Location, col(Appointment.sequence))
        .join(Lead, col(Lead.id) == col(Delivery.lead_id))
        .join(Location, col(Location.id) == col(Delivery.location_id))
        .outerjoin(Appointment, col(Appointment.id) == col(Delivery.appointment_id))
        .where(
            col(Delivery.tenant_id) == tenant_id,
            col(Delivery.state) == "planned",
            col(Delivery.channel) == channel,
            col(Delivery.due_at) <= now,
        )
        .order_by(col(Delivery.lane), col(Delivery.due_at))
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    return [DueDelivery(*row) for row in (await session.execute(statement)).all()]


async def lock_counts(session: AsyncSession, keys: Sequence[int]) -> None:
    """Until the transaction ends; `keys` in the order that everybody takes them in."""
    for key in dict.fromkeys(keys):
        await session.execute(select(func.pg_advisory_xact_lock(key)))


async def first_touches(
    session: AsyncSession, tenant_id: UUID, inboxes: Collection[tuple[str, str]], since: datetime
) -> Sequence[tuple[tuple[str, str, bool], datetime]]:
    """Channel, inbox, whether the CRM knows the lead, and moment of those on their way or sent; a failed one reached nobody."""
    inbox = literal_column(INBOX, String())
    statement = (
        select(col(Delivery.channel), inbox, col(Lead.in_crm), col(Delivery.claimed_at))
        .join(Lead, col(Lead.id) == col(Delivery.lead_id))
        .where(_claimed_first_touch(tenant_id, since), tuple_(col(Delivery.channel), inbox).in_(inboxes))
    )
    rows = (await session.execute(statement)).all()
    return [((channel, found, in_crm), at) for channel, found, in_crm, at in rows if at]


async def greeted_addresses(
    session: AsyncSession, lead: Lead, since: datetime
) -> set[tuple[OutboundChannel, str]]:
    """Of the lead's addresses those that a first touch of its shop went to, or is about to; its own count however old."""
    statement = select(col(Delivery.channel), col(Delivery.address)).where(
        col(Delivery.tenant_id) == lead.tenant_id,
        col(Delivery.location_id) == lead.location_id,
        col(Delivery.address).in_([one for one in (lead.email, lead.phone) if one]),
        col(Delivery.purpose) == "touch",
        col(Delivery.touch) == 0,
        or_(col(Delivery.created_at) > since, of_lead(lead.id)),
        col(Delivery.state).in_(("planned", "sending", "sent", "unknown")),
    )
    return {(cast("OutboundChannel", row[0]), row[1]) for row in (await session.execute(statement)).all()}


async def notices_since(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, template: str, moment: datetime
) -> int:
    """To the shop about the lead."""
    statement = select(func.count()).where(
        col(Delivery.tenant_id) == tenant_id,
        of_lead(lead_id),
        col(Delivery.template) == template,
        col(Delivery.created_at) >= moment,
    )
    return (await session.execute(statement)).scalar_one()


async def told_addresses(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> set[str]:
    """Whoever has a link of the lead has it from one of them."""
    statement = select(col(Delivery.address)).where(
        col(Delivery.tenant_id) == tenant_id,
        of_lead(lead_id),
        col(Delivery.purpose) != "shop_notice",
        col(Delivery.state).in_(("sending", "sent", "unknown")),
    )
    return set((await session.execute(statement)).scalars())


async def first_touches_of_forms(
    session: AsyncSession, tenant_id: UUID, locations: Collection[UUID], since: datetime
) -> Sequence[tuple[UUID, datetime]]:
    statement = (
        select(col(Delivery.location_id), col(Delivery.claimed_at))
        .join(Lead, col(Lead.id) == col(Delivery.lead_id))
        .where(
            _claimed_first_touch(tenant_id, since),
            col(Delivery.location_id).in_(locations),
            ~col(Lead.in_crm),
        )
    )
    rows = (await session.execute(statement)).all()
    return [(location_id, at) for location_id, at in rows if at]


async def marketing_texts(
    session: AsyncSession, tenant_id: UUID, numbers: Collection[str], since: datetime
) -> Sequence[tuple[str, datetime]]:
    """Number and moment of those on their way or sent."""
    statement = select(col(Delivery.address), col(Delivery.claimed_at)).where(
        col(Delivery.tenant_id) == tenant_id,
        col(Delivery.purpose) == "touch",
        col(Delivery.channel) == "sms",
        col(Delivery.address).in_(numbers),
        col(Delivery.claimed_at) > since,
        col(Delivery.state).in_(("sending", "sent", "unknown")),
    )
    rows = (await session.execute(statement)).all()
    return [(number, at) for number, at in rows if at]


def _claimed_first_touch(tenant_id: UUID, since: datetime) -> ColumnElement[bool]:
    return and_(
        col(Delivery.tenant_id) == tenant_id,
        col(Delivery.touch) == 0,
        col(Delivery.claimed_at) > since,
        col(Delivery.state).in_(("sending", "sent", "unknown")),
    )


async def attempted(
    session: AsyncSession, tenant_id: UUID, delivery_id: UUID, attempt: int
) -> Delivery | None:
    """Locked; `None` once it is settled, to be sent again, or with another attempt."""
    found = await delivery(session, tenant_id, delivery_id, "sending", "unknown")
    return found if found and found.attempts == attempt else None


async def delivery(
    session: AsyncSession, tenant_id: UUID, delivery_id: UUID, *states: str
) -> Delivery | None:
    """Locked for the caller, and only while it is in one of `states`."""
    statement = select(Delivery).where(
        col(Delivery.tenant_id) == tenant_id,
        col(Delivery.id) == delivery_id,
        col(Delivery.state).in_(states),
    )
    return (await session.execute(statement.with_for_update())).scalar()


async def mark_sent(
    session: AsyncSession, tenant_id: UUID, delivery_id: UUID, provider_id: str, now: datetime
) -> Delivery | None:
    """`None` when it is settled already. Also what was to be sent again counts: the provider's late word spares that."""
    statement = (
        update(Delivery)
        .where(
            col(Delivery.tenant_id) == tenant_id,
            col(Delivery.id) == delivery_id,
            col(Delivery.state).in_(("planned", "sending", "unknown")),
        )
        .values(state="sent", reason=None, provider_id=provider_id, sent_at=now)
        .returning(Delivery)
        .execution_options(populate_existing=True)
    )
    return (await session.execute(statement)).scalar()


async def delivery_by_provider_id(
    session: AsyncSession, tenant_id: UUID, provider_id: str
) -> Delivery | None:
    statement = select(Delivery).where(
        col(Delivery.tenant_id) == tenant_id, col(Delivery.provider_id) == provider_id
    )
    return (await session.execute(statement.with_for_update())).scalar()


async def known_provider_ids(session: AsyncSession, tenant_id: UUID, provider_ids: Iterable[str]) -> set[str]:
    statement = select(col(Delivery.provider_id)).where(
        col(Delivery.tenant_id) == tenant_id, col(Delivery.provider_id).in_(list(provider_ids))
    )
    return {found for found in (await session.execute(statement)).scalars() if found}


async def give_up_claims(session: AsyncSession, tenant_id: UUID, before: datetime, now: datetime) -> int:
    """What was claimed before `before` and never came back: its sender died, and nobody knows how far it got."""
    result = await session.execute(
        update(Delivery)
        .where(
            col(Delivery.tenant_id) == tenant_id,
            col(Delivery.state) == "sending",
            col(Delivery.claimed_at) < before,
        )
        .values(state="unknown", reason="sender_died", due_at=now)
        .returning(col(Delivery.id))
    )
    return len(result.all())


async def count_unknown(session: AsyncSession, tenant_id: UUID) -> dict[str, int]:
    """By channel."""
    statement = (
        select(col(Delivery.channel), func.count())
        .where(col(Delivery.tenant_id) == tenant_id, col(Delivery.state) == "unknown")
        .group_by(col(Delivery.channel))
    )
    return {channel: count for channel, count in (await session.execute(statement)).all()}  # noqa: C416 - rows are no pairs to mypy


async def unknown_texts(
    session: AsyncSession, tenant_id: UUID, now: datetime, limit: int
) -> Sequence[tuple[Delivery, Location]]:
    """Texts whose fate is due to be looked up."""
    statement = (
        select(Delivery, Location)
        .join(Location, col(Location.id) == col(Delivery.location_id))
        .where(
            col(Delivery.tenant_id) == tenant_id,
            col(Delivery.state) == "unknown",
            col(Delivery.channel) == "sms",
            col(Delivery.due_at) <= now,
        )
        .order_by(col(Delivery.due_at))
        .limit(limit)
    )
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]


async def unknown_mails(
    session: AsyncSession, tenant_id: UUID, now: datetime, limit: int
) -> Sequence[Delivery]:
    """Those for which nothing can be noted any more and about which nobody has decided; locked for the caller."""
    statement = (
        select(Delivery)
        .where(
            col(Delivery.tenant_id) == tenant_id,
            col(Delivery.state) == "unknown",
            col(Delivery.channel) == "email",
            col(Delivery.due_at) <= now,
            col(Delivery.rescue).is_distinct_from("left"),
        )
        .order_by(col(Delivery.due_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


async def refused(
    session: AsyncSession, tenant_id: UUID, lead_ids: Collection[UUID], codes: Collection[str]
) -> set[tuple[UUID, str, str]]:
    """Lead, channel and address of messages that failed with one of the codes."""
    statement = select(col(Delivery.lead_id), col(Delivery.channel), col(Delivery.address)).where(
        col(Delivery.tenant_id) == tenant_id,
        col(Delivery.lead_id).in_(lead_ids),
        col(Delivery.state) == "failed",
        col(Delivery.reason).in_(codes),
    )
    return {
        (lead_id, channel, address) for lead_id, channel, address in (await session.execute(statement)).all()
    }


async def deliveries(
    session: AsyncSession, tenant_id: UUID, state: str | None, limit: int
) -> Sequence[Delivery]:
    """Newest first."""
    statement = select(Delivery).where(
        col(Delivery.tenant_id) == tenant_id, true() if state is None else col(Delivery.state) == state
    )
    ordered = statement.order_by(col(Delivery.created_at).desc()).limit(limit)
    return (await session.execute(ordered)).scalars().all()


async def deliveries_to(
    session: AsyncSession, tenant_id: UUID, address: str, lead_ids: Collection[UUID]
) -> Sequence[Delivery]:
    """Of these leads, oldest first."""
    statement = select(Delivery).where(
        col(Delivery.tenant_id) == tenant_id,
        col(Delivery.lead_id).in_(lead_ids),
        col(Delivery.address) == address,
    )
    return (await session.execute(statement.order_by(col(Delivery.created_at)))).scalars().all()


async def advance_status(session: AsyncSession, status: ProviderStatus) -> bool:
    """False when this status or a later one is known."""
    row = insert(ProviderStatus).values(status.model_dump())
    statement = row.on_conflict_do_update(
        index_elements=["tenant_id", "provider_id"],
        set_={name: row.excluded[name] for name in ("status", "rank", "error_code")},
        where=col(ProviderStatus.rank) < row.excluded.rank,
    )
    return (await session.execute(statement.returning(col(ProviderStatus.rank)))).scalar() is not None


async def status_so_far(session: AsyncSession, tenant_id: UUID, provider_id: str) -> ProviderStatus:
    """What the provider has told of a message; holds its row, so that a status arriving now waits for the caller's commit."""
    row = insert(ProviderStatus).values(
        tenant_id=tenant_id, provider_id=provider_id, status="accepted", rank=ACCEPTED_RANK
    )
    statement = row.on_conflict_do_update(
        index_elements=["tenant_id", "provider_id"], set_={"provider_id": row.excluded.provider_id}
    )
    return (await session.execute(statement.returning(ProviderStatus))).scalar_one()
