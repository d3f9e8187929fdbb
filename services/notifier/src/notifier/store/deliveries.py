"""Messages to send, how far each got, and what the provider said of it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from shared.db.direct import as_json, ask_as_each, columns_of, direct, insert, row_of
from shared.events.notification import OutboundChannel
from shared.messaging.replay import leaves
from sqlalchemy import ColumnElement, func, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as insertion
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.tables import (
    INBOX,
    Delivery,
    Lead,
    Location,
    ProviderStatus,
)

ACCEPTED = "accepted"
ACCEPTED_RANK = 0
"""The rank of the status that a message has without any word of the provider."""


async def clock(session: AsyncSession) -> datetime:
    """The database's time: what is due and whose claim ran out must not depend on a replica's own clock."""
    now: datetime = await (await direct(session)).fetchval("SELECT clock_timestamp()")
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


def greeting_of(lead_id: UUID) -> ColumnElement[bool]:
    return touches_of(lead_id) & (col(Delivery.touch) == 0)


def of_lead(lead_id: UUID) -> ColumnElement[bool]:
    return col(Delivery.lead_id) == lead_id


async def is_greeted(session: AsyncSession, lead: Lead) -> bool:
    """Or about to be, or may have been."""
    statement = select(col(Delivery.id)).where(
        col(Delivery.tenant_id) == lead.tenant_id,
        greeting_of(lead.id),
        col(Delivery.state).in_(("planned", "sending", "sent", "unknown")),
    )
    return (await session.execute(statement.limit(1))).first() is not None


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
    if await insert(session, deliveries, "ON CONFLICT ON CONSTRAINT deliveries_once DO NOTHING RETURNING id"):
        leaves("a message")


_DUE_FOR = """
SELECT EXISTS (SELECT FROM notify.touch_points WHERE tenant_id = $1 AND state = 'planned' AND due_at <= $2) AS touches,
  EXISTS (SELECT FROM notify.deliveries WHERE tenant_id = $1 AND state = 'planned' AND due_at <= $2) AS messages,
  EXISTS (SELECT FROM notify.deliveries WHERE tenant_id = $1 AND state IN ('sending', 'unknown')) AS open,
  EXISTS (SELECT FROM notify.inbound_messages WHERE tenant_id = $1 AND location_id IS NOT NULL AND text IS NOT NULL
    AND notice_due_at <= $2) AS notices
"""


@dataclass(frozen=True)
class Due:
    """What there is to do. `open`: claimed, or its fate unknown."""

    touches: bool
    messages: bool
    open: bool
    notices: bool


async def due_for(session: AsyncSession, tenants: Iterable[UUID], now: datetime) -> dict[UUID, Due]:
    """In a transaction that names no tenant."""
    answers = await ask_as_each(session, tenants, _DUE_FOR, now)
    return {tenant_id: Due(**answer) for tenant_id, answer in answers.items()}


@dataclass(frozen=True)
class DueDelivery:
    """`current_sequence`: of the appointment that the message is about, where it is about one. What is changed is to be kept by `keep_claims`."""

    delivery: Delivery
    lead: Lead
    location: Location
    current_sequence: int | None
    tenant_slug: str


_DUE = f"""
SELECT {columns_of(Delivery, "d")}, {columns_of(Lead, "l")}, {columns_of(Location, "p")},
  (SELECT a.sequence FROM notify.appointments a WHERE a.id = d.appointment_id) AS current_sequence,
  coalesce((SELECT t.slug FROM notify.tenants t WHERE t.id = $1), '') AS tenant_slug
FROM unnest($3::text[], $4::int[]) AS asked (channel, room) CROSS JOIN LATERAL (
  SELECT * FROM notify.deliveries
  WHERE tenant_id = $1 AND state = 'planned' AND channel = asked.channel AND due_at <= $2
  ORDER BY lane, due_at LIMIT asked.room FOR UPDATE SKIP LOCKED) AS d
JOIN notify.leads l ON l.id = d.lead_id JOIN notify.locations p ON p.id = d.location_id
ORDER BY d.channel, d.lane, d.due_at
"""  # noqa: S608 - our own columns


async def due_deliveries(
    session: AsyncSession, tenant_id: UUID, now: datetime, limits: Mapping[OutboundChannel, int]
) -> Sequence[DueDelivery]:
    """Of each channel as many, by lane, then the oldest; locked for the caller. What another sender holds is left out."""
    connection = await direct(session)
    found = await connection.fetch(_DUE, tenant_id, now, list(limits), list(limits.values()))
    return [
        DueDelivery(
            row_of(Delivery, record, "d"),
            row_of(Lead, record, "l"),
            row_of(Location, record, "p"),
            record["current_sequence"],
            record["tenant_slug"],
        )
        for record in found
    ]


_CLAIMED = ("state", "reason", "due_at", "consent_id", "claimed_at", "attempts", "fingerprint")
_KEEP_CLAIMS = f"""
UPDATE notify.deliveries d SET ({", ".join(_CLAIMED)}) = ({", ".join(f"new.{name}" for name in _CLAIMED)})
FROM jsonb_populate_recordset(NULL::notify.deliveries, $2) AS new WHERE d.tenant_id = $1 AND d.id = new.id
"""  # noqa: S608 - constants


async def keep_claims(session: AsyncSession, tenant_id: UUID, decided: Sequence[Delivery]) -> None:
    """What was decided about messages that are locked for the caller."""
    if decided:
        await (await direct(session)).execute(_KEEP_CLAIMS, tenant_id, as_json(decided))


async def lock_counts(session: AsyncSession, keys: Sequence[int]) -> None:
    """Until the transaction ends; `keys` in the order that everybody takes them in."""
    if keys:
        locks = "SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key"
        await (await direct(session)).fetch(locks, keys)


_CLAIMED_FIRST_TOUCH = """
d.tenant_id = $1 AND d.touch = 0 AND d.claimed_at > $2 AND d.state IN ('sending', 'sent', 'unknown')
"""
_FIRST_TOUCHES = f"""
SELECT d.channel, {INBOX} AS inbox, l.in_crm, d.claimed_at FROM unnest($3::text[], $4::text[]) AS asked (channel, inbox)
JOIN notify.deliveries d ON d.channel = asked.channel AND {INBOX} = asked.inbox JOIN notify.leads l ON l.id = d.lead_id
WHERE {_CLAIMED_FIRST_TOUCH}
"""  # noqa: S608 - constants
_FIRST_TOUCHES_OF_FORMS = f"""
SELECT d.location_id, d.claimed_at FROM notify.deliveries d JOIN notify.leads l ON l.id = d.lead_id
WHERE {_CLAIMED_FIRST_TOUCH} AND d.location_id = ANY($3::uuid[]) AND NOT l.in_crm
"""  # noqa: S608 - constants


async def first_touches(
    session: AsyncSession, tenant_id: UUID, inboxes: Collection[tuple[str, str]], since: datetime
) -> Sequence[tuple[tuple[str, str, bool], datetime]]:
    """Channel, inbox, whether the CRM knows the lead, and moment of those on their way or sent; a failed one reached nobody."""
    asked = list(inboxes)
    connection = await direct(session)
    rows = await connection.fetch(
        _FIRST_TOUCHES, tenant_id, since, [channel for channel, _ in asked], [inbox for _, inbox in asked]
    )
    return [((row["channel"], row["inbox"], row["in_crm"]), row["claimed_at"]) for row in rows]


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
    if not locations:
        return ()
    connection = await direct(session)
    rows = await connection.fetch(_FIRST_TOUCHES_OF_FORMS, tenant_id, since, list(locations))
    return [(row["location_id"], row["claimed_at"]) for row in rows]


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


_MARK_SENT = f"""
UPDATE notify.deliveries d SET state = 'sent', reason = NULL, provider_id = $3, sent_at = coalesce($4, clock_timestamp()),
  provider_status = CASE d.channel WHEN 'sms' THEN 'accepted' ELSE d.provider_status END
WHERE d.tenant_id = $1 AND d.id = $2 AND d.state IN ('planned', 'sending', 'unknown')
RETURNING {columns_of(Delivery, "d")}
"""  # noqa: S608 - our own columns


async def mark_sent(
    session: AsyncSession, tenant_id: UUID, delivery_id: UUID, provider_id: str, now: datetime | None
) -> Delivery | None:
    """`None` when it is settled already. Also what was to be sent again counts: the provider's late word spares that."""
    connection = await direct(session)
    found = await connection.fetchrow(_MARK_SENT, tenant_id, delivery_id, provider_id, now)
    return row_of(Delivery, found, "d") if found else None


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
    row = insertion(ProviderStatus).values(status.model_dump())
    statement = row.on_conflict_do_update(
        index_elements=["tenant_id", "provider_id"],
        set_={name: row.excluded[name] for name in ("status", "rank", "error_code")},
        where=col(ProviderStatus.rank) < row.excluded.rank,
    )
    return (await session.execute(statement.returning(col(ProviderStatus.rank)))).scalar() is not None


_STATUS_SO_FAR = """
INSERT INTO notify.provider_statuses (tenant_id, provider_id, status, rank) VALUES ($1, $2, 'accepted', $3)
ON CONFLICT (tenant_id, provider_id) DO UPDATE SET provider_id = excluded.provider_id RETURNING status
"""


async def provider_status(session: AsyncSession, tenant_id: UUID, provider_id: str) -> ProviderStatus:
    return await session.get_one(ProviderStatus, (tenant_id, provider_id))


async def status_so_far(session: AsyncSession, tenant_id: UUID, provider_id: str) -> str:
    """What the provider has told of a message; holds its row, so that a status arriving now waits for the caller's commit."""
    connection = await direct(session)
    status: str = await connection.fetchval(_STATUS_SO_FAR, tenant_id, provider_id, ACCEPTED_RANK)
    return status
