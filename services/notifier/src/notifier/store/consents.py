"""Who may be written to where."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from shared.events.notification import OutboundChannel
from sqlalchemy import and_, exists, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.domain.consent import CRM
from notifier.tables import Consent

Address = tuple[OutboundChannel, str]


async def opted_out_since(
    session: AsyncSession, tenant_id: UUID, addresses: Iterable[Address], since: datetime
) -> bool:
    """In a conversation of another lead of the same person; a stranger's STOP and the CRM's flag end their channel only."""
    statement = select(
        exists().where(
            col(Consent.tenant_id) == tenant_id,
            tuple_(col(Consent.channel), col(Consent.address)).in_(list(addresses)),
            col(Consent.permission) == "opted_out",
            col(Consent.lead_id).is_not(None),
            col(Consent.source) != CRM,
            col(Consent.at) > since,
        )
    )
    return bool((await session.execute(statement)).scalar())


async def newest(
    session: AsyncSession, tenant_id: UUID, addresses: Iterable[Address]
) -> dict[Address, Consent]:
    """The word that stands on each; an address without one is missing."""
    statement = (
        select(Consent)
        .ext(distinct_on(col(Consent.channel), col(Consent.address)))
        .where(
            col(Consent.tenant_id) == tenant_id,
            tuple_(col(Consent.channel), col(Consent.address)).in_(list(addresses)),
        )
        .order_by(col(Consent.channel), col(Consent.address), col(Consent.at).desc())
    )
    rows = (await session.execute(statement)).scalars()
    return {(cast("OutboundChannel", row.channel), row.address): row for row in rows}


async def ledger_of(
    session: AsyncSession,
    tenant_id: UUID,
    channel: OutboundChannel,
    names: Collection[str],
    lead_ids: Collection[UUID],
) -> Sequence[Consent]:
    """Of one address, by whatever name it is kept, and what its leads refused for themselves alone; oldest first."""
    for_itself = and_(col(Consent.address) == "", col(Consent.lead_id).in_(lead_ids))
    statement = select(Consent).where(
        col(Consent.tenant_id) == tenant_id,
        col(Consent.channel) == channel,
        or_(col(Consent.address).in_(names), for_itself),
    )
    return (await session.execute(statement.order_by(col(Consent.at)))).scalars().all()


async def refusal_of(session: AsyncSession, tenant_id: UUID, address: Address) -> UUID | None:
    """The row of the opt-out in force; `None`: there is none."""
    channel, value = address
    newest = (
        select(col(Consent.id), col(Consent.permission))
        .where(
            col(Consent.tenant_id) == tenant_id,
            col(Consent.channel) == channel,
            col(Consent.address) == value,
        )
        .order_by(col(Consent.at).desc())
        .limit(1)
    )
    row = (await session.execute(newest)).first()
    return row[0] if row is not None and row[1] == "opted_out" else None


async def crm_said_at(
    session: AsyncSession, tenant_id: UUID, addresses: Iterable[Address]
) -> dict[Address, datetime]:
    """When the CRM last said something of each, whatever others have said since."""
    statement = (
        select(col(Consent.channel), col(Consent.address), func.max(col(Consent.said_at)))
        .where(
            col(Consent.tenant_id) == tenant_id,
            col(Consent.source) == CRM,
            tuple_(col(Consent.channel), col(Consent.address)).in_(list(addresses)),
        )
        .group_by(col(Consent.channel), col(Consent.address))
    )
    rows = await session.execute(statement)
    return {(cast("OutboundChannel", channel), address): at for channel, address, at in rows}


async def own_grant(session: AsyncSession, tenant_id: UUID, address: Address) -> Consent | None:
    """The person's own consent under what the CRM has granted since; `None`: there is none, or the CRM has refused since."""
    channel, value = address
    statement = (
        select(Consent)
        .where(
            col(Consent.tenant_id) == tenant_id,
            col(Consent.channel) == channel,
            col(Consent.address) == value,
            or_(col(Consent.source) != CRM, col(Consent.permission) == "opted_out"),
        )
        .order_by(col(Consent.at).desc())
        .limit(1)
    )
    found = (await session.execute(statement)).scalar()
    return found if found is not None and found.permission == "granted" else None


async def put_name_to(session: AsyncSession, tenant_id: UUID, address: str, hashes: Sequence[str]) -> None:
    """What an erased person refused counts again for the address that comes back; what they agreed to does not."""
    await session.execute(
        update(Consent)
        .where(
            col(Consent.tenant_id) == tenant_id,
            col(Consent.address).in_(hashes),
            col(Consent.permission) == "opted_out",
        )
        .values(address=address)
    )


async def refused_by_leads(
    session: AsyncSession, tenant_id: UUID, lead_ids: Collection[UUID]
) -> set[tuple[UUID, str]]:
    """Lead and channel, where the lead opted out of it before its address there was known, or proved to be its own."""
    if not lead_ids:
        return set()
    statement = (
        select(col(Consent.lead_id), col(Consent.channel), col(Consent.permission))
        .ext(distinct_on(col(Consent.lead_id), col(Consent.channel)))
        .where(
            col(Consent.tenant_id) == tenant_id,
            col(Consent.lead_id).in_(lead_ids),
            col(Consent.address) == "",
        )
        .order_by(col(Consent.lead_id), col(Consent.channel), col(Consent.at).desc())
    )
    rows = (await session.execute(statement)).all()
    return {(of, channel) for of, channel, permission in rows if of and permission == "opted_out"}


async def refused_by_lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> set[str]:
    return {channel for _, channel in await refused_by_leads(session, tenant_id, [lead_id])}


async def add_consents(session: AsyncSession, consents: Sequence[Consent]) -> None:
    if consents:
        await session.execute(insert(Consent), [consent.model_dump(exclude={"at"}) for consent in consents])
