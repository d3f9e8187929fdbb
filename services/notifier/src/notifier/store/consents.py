"""Who may be written to where."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from shared.db.direct import columns_of, direct, insert, row_of
from shared.events.notification import OutboundChannel
from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.domain.consent import CRM
from notifier.tables import Consent

Address = tuple[OutboundChannel, str]


_ASKED = "unnest($2::text[], $3::text[]) AS asked (channel, address)"

_OPTED_OUT_SINCE = f"""
SELECT EXISTS (SELECT FROM {_ASKED} JOIN notify.consents c USING (channel, address)
WHERE c.tenant_id = $1 AND c.permission = 'opted_out' AND c.lead_id IS NOT NULL AND c.source <> '{CRM}' AND c.at > $4)
"""  # noqa: S608 - constants


async def opted_out_since(
    session: AsyncSession, tenant_id: UUID, addresses: Iterable[Address], since: datetime
) -> bool:
    """In a conversation of another lead of the same person; a stranger's STOP and the CRM's flag end their channel only."""
    found = await (await direct(session)).fetchval(_OPTED_OUT_SINCE, tenant_id, *_both(addresses), since)
    return bool(found)


def _both(addresses: Iterable[Address]) -> tuple[list[str], list[str]]:
    asked = list(addresses)
    return [channel for channel, _ in asked], [address for _, address in asked]


_NEWEST = f"""
SELECT {columns_of(Consent, "c")} FROM {_ASKED} CROSS JOIN LATERAL (
  SELECT * FROM notify.consents
  WHERE tenant_id = $1 AND channel = asked.channel AND address = asked.address ORDER BY at DESC LIMIT 1) AS c
"""  # noqa: S608 - our own columns


async def newest(
    session: AsyncSession, tenant_id: UUID, addresses: Iterable[Address]
) -> dict[Address, Consent]:
    """The word that stands on each; an address without one is missing. Changing a row writes nothing."""
    found = await (await direct(session)).fetch(_NEWEST, tenant_id, *_both(addresses))
    rows = [row_of(Consent, record, "c") for record in found]
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


_CRM_SAID_AT = f"""
SELECT channel, address, max(c.said_at) AS said_at FROM {_ASKED} JOIN notify.consents c USING (channel, address)
WHERE c.tenant_id = $1 AND c.source = '{CRM}' GROUP BY channel, address
"""  # noqa: S608 - constants


async def crm_said_at(
    session: AsyncSession, tenant_id: UUID, addresses: Iterable[Address]
) -> dict[Address, datetime]:
    """When the CRM last said something of each, whatever others have said since."""
    rows = await (await direct(session)).fetch(_CRM_SAID_AT, tenant_id, *_both(addresses))
    return {(row["channel"], row["address"]): row["said_at"] for row in rows}


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


_PUT_NAMES_TO = """
UPDATE notify.consents c SET address = known.address FROM unnest($2::text[], $3::text[]) AS known (hash, address)
WHERE c.tenant_id = $1 AND c.address = known.hash AND c.permission = 'opted_out'
"""


async def put_names_to(session: AsyncSession, tenant_id: UUID, names: Mapping[str, str]) -> None:
    """`names`: hash to address. What an erased person refused counts again for the address that comes back; what they agreed to does not."""
    await (await direct(session)).execute(_PUT_NAMES_TO, tenant_id, list(names), list(names.values()))


_REFUSED_BY_LEADS = """
SELECT DISTINCT ON (lead_id, channel) lead_id, channel, permission FROM notify.consents
WHERE tenant_id = $1 AND lead_id = ANY($2::uuid[]) AND address = '' ORDER BY lead_id, channel, at DESC
"""


async def refused_by_leads(
    session: AsyncSession, tenant_id: UUID, lead_ids: Collection[UUID]
) -> set[tuple[UUID, str]]:
    """Lead and channel, where the lead opted out of it before its address there was known, or proved to be its own."""
    if not lead_ids:
        return set()
    rows = await (await direct(session)).fetch(_REFUSED_BY_LEADS, tenant_id, list(lead_ids))
    return {(row["lead_id"], row["channel"]) for row in rows if row["permission"] == "opted_out"}


async def refused_by_lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> set[str]:
    return {channel for _, channel in await refused_by_leads(session, tenant_id, [lead_id])}


async def add_consents(session: AsyncSession, consents: Sequence[Consent]) -> None:
    await insert(session, consents, but=("at",))


async def note_told(session: AsyncSession, tenant_id: UUID, consent_id: UUID) -> None:
    await session.execute(
        update(Consent)
        .where(col(Consent.tenant_id) == tenant_id, col(Consent.id) == consent_id)
        .values(untold=False)
    )
