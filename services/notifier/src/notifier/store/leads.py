"""Leads and what stopped their sequences."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db.direct import direct, insert
from sqlalchemy import ColumnElement, and_, cast, exists, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.store.consents import Address
from notifier.tables import Delivery, Lead, Location


async def add_lead(session: AsyncSession, lead: Lead) -> bool:
    """False when it is known."""
    return bool(await insert(session, [lead], "ON CONFLICT (id) DO NOTHING RETURNING id"))


async def renew_lead(session: AsyncSession, fresh: Lead) -> bool:
    """False when the same or a newer state of the person is known."""
    facts = {
        name: getattr(fresh, name)
        for name in (
            "facts_version",
            "name",
            "email",
            "phone",
            "other_addresses",
            "vehicle",
            "interest",
            "received_at",
            "in_crm",
        )
    }
    statement = update(Lead).where(
        col(Lead.tenant_id) == fresh.tenant_id,
        col(Lead.id) == fresh.id,
        col(Lead.facts_version) < fresh.facts_version,
    )
    renewed = await session.execute(statement.values(facts).returning(col(Lead.id)))
    return renewed.first() is not None


async def lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, lock: bool = False) -> Lead | None:
    statement = select(Lead).where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar()


async def share_lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> bool:
    """False: it is not there (any more). Whoever erases it waits for the end of the transaction."""
    statement = select(col(Lead.id)).where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id)
    return (await session.execute(statement.with_for_update(read=True, key_share=True))).first() is not None


_LOCK_ADDRESSES = """
SELECT pg_advisory_xact_lock(hashtextextended($1 || address, 0)) FROM unnest($2::text[]) AS address
"""


async def lock_addresses(session: AsyncSession, tenant_id: UUID, addresses: Iterable[str]) -> None:
    """Until the transaction ends: two leads of one person at the same moment are looked at one after the other."""
    connection = await direct(session)
    await connection.fetch(_LOCK_ADDRESSES, f"{tenant_id}/person/", sorted(set(addresses)))


async def greeted_as(session: AsyncSession, lead: Lead, *, since: datetime) -> UUID | None:
    """The lead of the same person and shop whose first touch went, or is about to.

    Of the CRM's own leads the e-mail says who it is, and where one of them has none the number. What came by a form, or meets one, must be alike in all its
    addresses: anybody may have written one of them (ADR 19). Nor may it have told anybody else, who has its link. So a form that
    names more than the one before it is the same person once that was greeted, not only about to be; one that names less is not.
    """
    theirs = addresses_of_person(lead)
    told_another = exists().where(
        col(Delivery.lead_id) == col(Lead.id),
        col(Delivery.purpose) != "shop_notice",
        col(Delivery.address).not_in([*theirs, ""]),
    )
    alike = and_(
        col(Lead.email).is_not_distinct_from(lead.email),
        col(Lead.phone).is_not_distinct_from(lead.phone),
    )
    if lead.in_crm:
        known = and_(~col(Lead.in_crm), col(Lead.email).in_(theirs), col(Lead.phone).in_(theirs))
        same = or_(and_(or_(alike, known), ~told_another), and_(col(Lead.in_crm), _same_customer(lead)))
    else:
        same = and_(or_(alike, _is_less_than(lead)), ~told_another)
    statement = select(col(Lead.id)).where(
        col(Lead.tenant_id) == lead.tenant_id,
        col(Lead.location_id) == lead.location_id,
        col(Lead.id) != lead.id,
        col(Lead.received_at) > since,
        col(Lead.same_as).is_(None),
        same,
        exists().where(
            col(Delivery.lead_id) == col(Lead.id),
            col(Delivery.touch) == 0,
            col(Delivery.state).in_(("planned", "sending", "sent", "unknown")),
        ),
    )
    return (await session.execute(statement.order_by(col(Lead.received_at)).limit(1))).scalar()


def addresses_of_person(lead: Lead) -> set[str]:
    return {one for one in (lead.email, lead.phone, *lead.other_addresses) if one}


def _same_customer(lead: Lead) -> ColumnElement[bool]:
    """Of two leads of the CRM."""
    mine = addresses_of_person(lead)
    if lead.email is None:
        return or_(col(Lead.phone).in_(mine), _has_beside(lead.phone))
    by_mail = or_(col(Lead.email).in_(mine), _has_beside(lead.email))
    by_number = or_(col(Lead.phone).in_(mine), _has_beside(lead.phone))
    return or_(by_mail, and_(col(Lead.email).is_(None), by_number))


def _has_beside(address: str | None) -> ColumnElement[bool]:
    return col(Lead.other_addresses).contains([address]) if address else false()


def _is_less_than(form: Lead) -> ColumnElement[bool]:
    """A form's lead that has one of the two addresses of this one, and was greeted there: not only about to be."""
    by_mail = and_(col(Lead.email) == form.email, col(Lead.phone).is_(None))
    by_text = and_(col(Lead.phone) == form.phone, col(Lead.email).is_(None))
    greeted = exists().where(
        col(Delivery.lead_id) == col(Lead.id),
        col(Delivery.touch) == 0,
        col(Delivery.state).in_(("sending", "sent")),
    )
    return and_(~col(Lead.in_crm), or_(by_mail, by_text), greeted)


async def join(session: AsyncSession, lead: Lead, first_id: UUID) -> None:
    """No second greeting and no second sequence: the messages of the first lead name both wishes from now on.

    Who had joined the lead before goes along.
    """
    ours = col(Lead.tenant_id) == lead.tenant_id
    await session.execute(
        update(Lead)
        .where(ours, col(Lead.id) == lead.id)
        .values(same_as=first_id, stopped_reason="same_person", stopped_at=func.clock_timestamp())
    )
    await session.execute(
        update(Lead)
        .where(ours, col(Lead.same_as) == lead.id, col(Lead.id) != first_id)
        .values(same_as=first_id)
    )
    wanted = [{"lead_id": str(lead.id), "vehicle": lead.vehicle, "interest": lead.interest}]
    wanted += [one for one in lead.also if one["lead_id"] != str(first_id)]
    await session.execute(
        update(Lead).where(ours, col(Lead.id) == first_id).values(also=col(Lead.also) + cast(wanted, JSONB))
    )


async def resume(session: AsyncSession, lead: Lead) -> None:
    """It is greeted after all, by itself."""
    await session.execute(
        update(Lead)
        .where(col(Lead.tenant_id) == lead.tenant_id, col(Lead.id) == lead.id)
        .values(same_as=None, stopped_reason=None, stopped_at=None)
    )


async def newest_lead_by_phone(
    session: AsyncSession, tenant_id: UUID, phone: str, sms_from: str
) -> Lead | None:
    """Of the shop whose number was written to, where there is one; whose own number it is before whose the CRM has it, too."""
    statement = (
        select(Lead)
        .join(Location, col(Location.id) == col(Lead.location_id))
        .where(col(Lead.tenant_id) == tenant_id, or_(col(Lead.phone) == phone, _has_beside(phone)))
        .order_by(
            (col(Location.sms_from) == sms_from).desc().nulls_last(),
            (col(Lead.phone) == phone).desc().nulls_last(),
            col(Lead.same_as).is_(None).desc(),
            col(Lead.received_at).desc(),
        )
    )
    return await _greeted(session, (await session.execute(statement.limit(1))).scalar())


async def newest_lead_by_email(
    session: AsyncSession, tenant_id: UUID, email: str, shop_email: str
) -> Lead | None:
    statement = (
        select(Lead)
        .join(Location, col(Location.id) == col(Lead.location_id))
        .where(col(Lead.tenant_id) == tenant_id, or_(col(Lead.email) == email, _has_beside(email)))
        .order_by(
            (func.lower(col(Location.email)) == shop_email).desc(),
            (col(Lead.email) == email).desc().nulls_last(),
            col(Lead.same_as).is_(None).desc(),
            col(Lead.received_at).desc(),
        )
    )
    return await _greeted(session, (await session.execute(statement.limit(1))).scalar())


async def _greeted(session: AsyncSession, found: Lead | None) -> Lead | None:
    """A second number or address that the CRM knows of the same person belongs to the conversation that they were greeted in.

    One that only a form names does not: anybody may have written it.
    """
    if found is None or found.same_as is None or not found.in_crm:
        return found
    return await lead(session, found.tenant_id, found.same_as) or found


async def joined_to(session: AsyncSession, lead: Lead) -> Sequence[Lead]:
    """Leads of the CRM whose person has its conversation in this one, perhaps with another number."""
    statement = select(Lead).where(
        col(Lead.tenant_id) == lead.tenant_id, col(Lead.same_as) == lead.id, col(Lead.in_crm)
    )
    return (await session.execute(statement)).scalars().all()


async def stopped_as_same(session: AsyncSession, first: Lead) -> Sequence[Lead]:
    """That need no greeting beside the first one's, oldest first."""
    statement = select(Lead).where(
        col(Lead.tenant_id) == first.tenant_id,
        col(Lead.same_as) == first.id,
        col(Lead.stopped_reason) == "same_person",
    )
    return (await session.execute(statement.order_by(col(Lead.received_at)))).scalars().all()


async def lead_of_deliveries(
    session: AsyncSession, tenant_id: UUID, delivery_ids: Collection[UUID]
) -> Lead | None:
    """Whom one of our messages was written to; what was written to the shop itself names nobody."""
    statement = (
        select(Lead)
        .join(Delivery, col(Delivery.lead_id) == col(Lead.id))
        .where(
            col(Lead.tenant_id) == tenant_id,
            col(Delivery.tenant_id) == tenant_id,
            col(Delivery.id).in_(delivery_ids),
            col(Delivery.purpose) != "shop_notice",
        )
        .order_by(col(Delivery.created_at).desc())
    )
    return (await session.execute(statement.limit(1))).scalar()


async def leads_of_address(session: AsyncSession, tenant_id: UUID, address: Address) -> Sequence[UUID]:
    channel, value = address
    column = col(Lead.phone) if channel == "sms" else col(Lead.email)
    statement = select(col(Lead.id)).where(
        col(Lead.tenant_id) == tenant_id, or_(column == value, _has_beside(value))
    )
    return (await session.execute(statement)).scalars().all()


async def lock_leads_of_person(session: AsyncSession, lead: Lead) -> None:
    """The person's addresses, then all leads with one of them, in one order, so that two opt-outs cannot wait for each other.

    Nobody who holds a lead's row may come here: whoever greets locks addresses, then rows.
    """
    theirs = [lead, *await joined_to(session, lead)]
    addresses = {address for one in theirs for address in addresses_of_person(one)}
    await lock_addresses(session, lead.tenant_id, addresses)
    same = or_(
        col(Lead.id).in_([one.id for one in theirs]),
        col(Lead.phone).in_(addresses),
        col(Lead.email).in_(addresses),
        *(_has_beside(address) for address in addresses),
    )
    statement = select(col(Lead.id)).where(col(Lead.tenant_id) == lead.tenant_id, same).order_by(col(Lead.id))
    await session.execute(statement.with_for_update(key_share=True))
    await session.refresh(lead)  # who was waited for may have learnt its number


_RAISE_LEAD_VERSION = """
UPDATE notify.leads SET lead_version = greatest(lead_version, $3) WHERE tenant_id = $1 AND id = $2 RETURNING id
"""


async def raise_lead_version(session: AsyncSession, tenant_id: UUID, lead_id: UUID, version: int) -> bool:
    """False for a lead that is not known."""
    connection = await direct(session)
    return await connection.fetchval(_RAISE_LEAD_VERSION, tenant_id, lead_id, version) is not None


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
