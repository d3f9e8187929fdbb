"""Who may be written to where."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from shared.events.notification import OutboundChannel
from sqlalchemy import exists, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.domain.gate import Permission
from notifier.tables import (
    Consent,
)

Address = tuple[OutboundChannel, str]


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
