"""Every SQL statement of notifier, one function each."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from shared.events.notification import OutboundChannel
from shared.messaging.replay import leaves, repeated_by
from sqlalchemy import ColumnElement, any_, exists, func, literal, or_, select, true, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.domain.gate import Permission
from notifier.tables import (
    Appointment,
    Consent,
    Delivery,
    InboundMessage,
    Lead,
    Location,
    ProviderStatus,
    StaffMember,
    Tenant,
    TouchPoint,
)

Address = tuple[OutboundChannel, str]

ACCEPTED_RANK = 0
"""The rank of the status that a message has without any word of the provider."""


async def clock(session: AsyncSession) -> datetime:
    """The database's time: what is due and whose claim ran out must not depend on a replica's own clock."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def tenants(session: AsyncSession) -> Sequence[UUID]:
    return (await session.execute(select(col(Tenant.id)))).scalars().all()


async def tenant_by_slug(session: AsyncSession, slug: str) -> UUID | None:
    return (await session.execute(select(col(Tenant.id)).where(col(Tenant.slug) == slug))).scalar()


async def tenant_slug(session: AsyncSession, tenant_id: UUID) -> str | None:
    return (await session.execute(select(col(Tenant.slug)).where(col(Tenant.id) == tenant_id))).scalar()


async def keep_tenant(session: AsyncSession, tenant_id: UUID, slug: str) -> None:
    row = insert(Tenant).values(id=tenant_id, slug=slug)
    await session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"slug": row.excluded.slug}))


async def keep_location(session: AsyncSession, location: Location) -> None:
    """Unless a newer version stands already."""
    values = location.model_dump()
    row = insert(Location).values(values)
    await session.execute(
        row.on_conflict_do_update(
            index_elements=["id"],
            set_={name: row.excluded[name] for name in values if name not in {"id", "tenant_id"}},
            where=col(Location.version) < row.excluded.version,
        )
    )


async def location(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Location | None:
    return (
        await session.execute(
            select(Location).where(col(Location.tenant_id) == tenant_id, col(Location.id) == location_id)
        )
    ).scalar()


async def add_lead(session: AsyncSession, lead: Lead) -> bool:
    """False when it is known."""
    row = insert(Lead).values(lead.model_dump()).on_conflict_do_nothing(index_elements=["id"])
    return (await session.execute(row.returning(col(Lead.id)))).scalar() is not None


async def renew_lead(session: AsyncSession, fresh: Lead) -> bool:
    """False when the same or a newer state of the person is known."""
    facts = {
        name: getattr(fresh, name)
        for name in ("facts_version", "name", "email", "phone", "vehicle", "interest", "received_at")
    }
    statement = update(Lead).where(
        col(Lead.tenant_id) == fresh.tenant_id,
        col(Lead.id) == fresh.id,
        col(Lead.facts_version) < fresh.facts_version,
    )
    renewed = await session.execute(statement.values(facts).returning(col(Lead.id)))
    return renewed.first() is not None


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


async def opted_out_since(
    session: AsyncSession, tenant_id: UUID, addresses: Iterable[Address], since: datetime
) -> bool:
    """In a conversation of another lead of the same person; a stranger's STOP ends its channel only."""
    statement = select(
        exists().where(
            col(Consent.tenant_id) == tenant_id,
            tuple_(col(Consent.channel), col(Consent.address)).in_(list(addresses)),
            col(Consent.permission) == "opted_out",
            col(Consent.lead_id).is_not(None),
            col(Consent.at) > since,
        )
    )
    return bool((await session.execute(statement)).scalar())


async def lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Lead | None:
    return (
        await session.execute(select(Lead).where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id))
    ).scalar()


async def newest_lead_by_phone(
    session: AsyncSession, tenant_id: UUID, phone: str, sms_from: str
) -> Lead | None:
    """Of the shop whose number was written to, where there is one."""
    statement = (
        select(Lead)
        .join(Location, col(Location.id) == col(Lead.location_id))
        .where(col(Lead.tenant_id) == tenant_id, col(Lead.phone) == phone)
        .order_by((col(Location.sms_from) == sms_from).desc().nulls_last(), col(Lead.received_at).desc())
    )
    return (await session.execute(statement.limit(1))).scalar()


async def newest_lead_by_email(
    session: AsyncSession, tenant_id: UUID, email: str, shop_email: str
) -> Lead | None:
    statement = (
        select(Lead)
        .join(Location, col(Location.id) == col(Lead.location_id))
        .where(col(Lead.tenant_id) == tenant_id, col(Lead.email) == email)
        .order_by((func.lower(col(Location.email)) == shop_email).desc(), col(Lead.received_at).desc())
    )
    return (await session.execute(statement.limit(1))).scalar()


async def leads_of_address(session: AsyncSession, tenant_id: UUID, address: Address) -> Sequence[UUID]:
    channel, value = address
    column = col(Lead.phone) if channel == "sms" else col(Lead.email)
    statement = select(col(Lead.id)).where(col(Lead.tenant_id) == tenant_id, column == value)
    return (await session.execute(statement)).scalars().all()


async def lock_leads_of_person(session: AsyncSession, lead: Lead) -> None:
    """All leads with one of the lead's addresses, in one order, so that two opt-outs cannot wait for each other."""
    same = or_(
        col(Lead.id) == lead.id,
        *([col(Lead.phone) == lead.phone] if lead.phone else []),
        *([col(Lead.email) == lead.email] if lead.email else []),
    )
    statement = select(col(Lead.id)).where(col(Lead.tenant_id) == lead.tenant_id, same).order_by(col(Lead.id))
    await session.execute(statement.with_for_update(key_share=True))


async def raise_lead_version(session: AsyncSession, tenant_id: UUID, lead_id: UUID, version: int) -> None:
    await session.execute(
        update(Lead)
        .where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id, col(Lead.lead_version) < version)
        .values(lead_version=version)
    )


async def stop_lead(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, reason: str, *, engaged: bool
) -> None:
    """The first reason stays; `engaged` notes the moment of the customer's first own act."""
    values: dict[str, Any] = {
        "stopped_at": func.coalesce(col(Lead.stopped_at), func.clock_timestamp()),
        "stopped_reason": func.coalesce(col(Lead.stopped_reason), reason),
    }
    if engaged:
        values["engaged_at"] = func.coalesce(col(Lead.engaged_at), func.clock_timestamp())
    await session.execute(
        update(Lead).where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id).values(values)
    )


async def cancel_touches(session: AsyncSession, tenant_id: UUID, lead_id: UUID, reason: str) -> None:
    await session.execute(
        update(TouchPoint)
        .where(
            col(TouchPoint.tenant_id) == tenant_id,
            col(TouchPoint.lead_id) == lead_id,
            col(TouchPoint.state) == "planned",
        )
        .values(state="cancelled", reason=reason)
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


def touches_of(lead_id: UUID) -> ColumnElement[bool]:
    return (col(Delivery.lead_id) == lead_id) & (col(Delivery.purpose) == "touch")


def older_than(appointment_id: UUID, sequence: int) -> ColumnElement[bool]:
    return (col(Delivery.appointment_id) == appointment_id) & (col(Delivery.sequence) < sequence)


async def permissions(
    session: AsyncSession, tenant_id: UUID, addresses: Iterable[Address]
) -> dict[Address, Permission]:
    """The newest word on each; an address without one is missing."""
    statement = (
        select(col(Consent.channel), col(Consent.address), col(Consent.permission))
        .ext(distinct_on(col(Consent.channel), col(Consent.address)))
        .where(
            col(Consent.tenant_id) == tenant_id,
            tuple_(col(Consent.channel), col(Consent.address)).in_(list(addresses)),
        )
        .order_by(col(Consent.channel), col(Consent.address), col(Consent.at).desc())
    )
    rows = (await session.execute(statement)).all()
    return {(cast("OutboundChannel", row[0]), row[1]): cast("Permission", row[2]) for row in rows}


async def refused_by_lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Sequence[str]:
    """Channels that the lead opted out of before its address there was known."""
    statement = select(col(Consent.channel)).where(
        col(Consent.tenant_id) == tenant_id,
        col(Consent.lead_id) == lead_id,
        col(Consent.address) == "",
        col(Consent.permission) == "opted_out",
    )
    return (await session.execute(statement)).scalars().all()


async def add_consents(session: AsyncSession, consents: Sequence[Consent]) -> None:
    if consents:
        await session.execute(insert(Consent), [consent.model_dump(exclude={"at"}) for consent in consents])


async def sequence_of(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Sequence[TouchPoint]:
    """By step."""
    statement = select(TouchPoint).where(
        col(TouchPoint.tenant_id) == tenant_id, col(TouchPoint.lead_id) == lead_id
    )
    return (await session.execute(statement.order_by(col(TouchPoint.step)))).scalars().all()


async def add_touches(session: AsyncSession, touches: Sequence[TouchPoint]) -> None:
    statement = insert(TouchPoint).on_conflict_do_nothing(constraint="touch_points_once")
    added = await session.execute(
        statement.values([touch.model_dump() for touch in touches]).returning(col(TouchPoint.id))
    )
    if added.first() is not None:
        leaves("a sequence of touches")


async def add_deliveries(session: AsyncSession, deliveries: Sequence[Delivery]) -> None:
    """Those whose key is known already are left as they are."""
    if deliveries:
        statement = insert(Delivery).on_conflict_do_nothing(constraint="deliveries_once")
        added = await session.execute(
            statement.values([delivery.model_dump() for delivery in deliveries]).returning(col(Delivery.id))
        )
        if added.first() is not None:
            leaves("a message")


async def advance_appointment(session: AsyncSession, appointment: Appointment) -> bool:
    """False when this change (unless it is repeated on purpose) or a later one is known."""
    row = insert(Appointment).values(appointment.model_dump())
    known, fresh = col(Appointment.sequence), row.excluded.sequence
    statement = row.on_conflict_do_update(
        index_elements=["id"],
        set_={name: row.excluded[name] for name in ("sequence", "status", "start", "location_id")},
        where=known <= fresh if repeated_by() else known < fresh,
    )
    return (await session.execute(statement.returning(col(Appointment.id)))).scalar() is not None


@dataclass(frozen=True)
class DueTouch:
    touch: TouchPoint
    lead: Lead
    location: Location


async def due_touches(
    session: AsyncSession, tenant_id: UUID, now: datetime, limit: int
) -> Sequence[DueTouch]:
    """Oldest first, locked for the caller; what another sender holds is left out."""
    statement = (
        select(TouchPoint, Lead, Location)
        .join(Lead, col(Lead.id) == col(TouchPoint.lead_id))
        .join(Location, col(Location.id) == col(TouchPoint.location_id))
        .where(
            col(TouchPoint.tenant_id) == tenant_id,
            col(TouchPoint.state) == "planned",
            col(TouchPoint.due_at) <= now,
        )
        .order_by(col(TouchPoint.due_at))
        .limit(limit)
        .with_for_update(of=TouchPoint, skip_locked=True)
    )
    return [DueTouch(*row) for row in (await session.execute(statement)).all()]


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
    """Oldest first, locked for the caller; what another sender holds is left out."""
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
        .order_by(col(Delivery.due_at))
        .limit(limit)
        .with_for_update(of=Delivery, skip_locked=True)
    )
    return [DueDelivery(*row) for row in (await session.execute(statement)).all()]


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


async def deliveries(
    session: AsyncSession, tenant_id: UUID, state: str | None, limit: int
) -> Sequence[Delivery]:
    """Newest first."""
    statement = select(Delivery).where(
        col(Delivery.tenant_id) == tenant_id, true() if state is None else col(Delivery.state) == state
    )
    ordered = statement.order_by(col(Delivery.created_at).desc()).limit(limit)
    return (await session.execute(ordered)).scalars().all()


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


async def add_inbound(session: AsyncSession, message: InboundMessage) -> bool:
    """False when it is known."""
    row = insert(InboundMessage).values(message.model_dump())
    statement = row.on_conflict_do_nothing(constraint="inbound_messages_once")
    return (await session.execute(statement.returning(col(InboundMessage.id)))).scalar() is not None


async def last_mail_of(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> InboundMessage | None:
    statement = (
        select(InboundMessage)
        .where(
            col(InboundMessage.tenant_id) == tenant_id,
            col(InboundMessage.lead_id) == lead_id,
            col(InboundMessage.channel) == "email",
        )
        .order_by(col(InboundMessage.received_at).desc())
    )
    return (await session.execute(statement.limit(1))).scalar()


async def keep_staff(session: AsyncSession, member: StaffMember) -> None:
    """Unless the replica is as new or newer."""
    values = member.model_dump()
    statement = insert(StaffMember).values(**values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_=values, where=col(StaffMember.version) < member.version
        )
    )


async def staff_member(session: AsyncSession, tenant_id: UUID, staff_id: UUID) -> StaffMember | None:
    statement = select(StaffMember).where(
        col(StaffMember.tenant_id) == tenant_id, col(StaffMember.id) == staff_id
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def staff_at(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, roles: Collection[str]
) -> Sequence[StaffMember]:
    """Who works there in one of the roles; the owner works everywhere."""
    there = or_(col(StaffMember.role) == "owner", literal(location_id) == any_(col(StaffMember.locations)))
    statement = select(StaffMember).where(
        col(StaffMember.tenant_id) == tenant_id,
        col(StaffMember.active),
        col(StaffMember.role).in_(roles),
        there,
    )
    return (await session.execute(statement.order_by(col(StaffMember.email)))).scalars().all()


async def any_location(session: AsyncSession, tenant_id: UUID, among: Collection[UUID]) -> Location | None:
    """The first by code; with `among`, of these."""
    statement = select(Location).where(col(Location.tenant_id) == tenant_id)
    if among:
        statement = statement.where(col(Location.id).in_(among))
    return (await session.execute(statement.order_by(col(Location.code)).limit(1))).scalar_one_or_none()
