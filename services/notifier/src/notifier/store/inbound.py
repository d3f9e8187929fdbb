"""What customers wrote."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from shared.events.notification import OutboundChannel
from sqlalchemy import exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from notifier.tables import (
    InboundMessage,
)


async def add_inbound(session: AsyncSession, message: InboundMessage) -> bool:
    """False when it is known."""
    row = insert(InboundMessage).values(message.model_dump())
    statement = row.on_conflict_do_nothing(constraint="inbound_messages_once")
    return (await session.execute(statement.returning(col(InboundMessage.id)))).scalar() is not None


async def is_known(session: AsyncSession, tenant_id: UUID, channel: str, provider_id: str) -> bool:
    statement = select(col(InboundMessage.id)).where(
        col(InboundMessage.tenant_id) == tenant_id,
        col(InboundMessage.channel) == channel,
        col(InboundMessage.provider_id) == provider_id,
    )
    return (await session.execute(statement)).first() is not None


async def kept_words(session: AsyncSession, tenant_id: UUID, limit: int) -> Sequence[InboundMessage]:
    """What went to no conversation, newest first."""
    statement = (
        select(InboundMessage)
        .where(col(InboundMessage.tenant_id) == tenant_id, col(InboundMessage.text).is_not(None))
        .order_by(col(InboundMessage.received_at).desc())
    )
    return (await session.execute(statement.limit(limit))).scalars().all()


async def notices(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, since: datetime
) -> Sequence[str]:
    """The strangers of whom a shop is told, or will be, for what they wrote since then."""
    statement = select(col(InboundMessage.sender)).where(
        col(InboundMessage.tenant_id) == tenant_id,
        col(InboundMessage.location_id) == location_id,
        col(InboundMessage.received_at) > since,
        func.num_nonnulls(col(InboundMessage.notice_due_at), col(InboundMessage.noticed_at)) > 0,
    )
    return [sender for sender in (await session.execute(statement)).scalars() if sender]


MOST_IN_ONE_NOTICE = 50


async def has_unproven(session: AsyncSession, tenant_id: UUID, lead_id: UUID, moment: datetime) -> bool:
    """On the day of `moment`, by UTC."""
    statement = select(
        exists().where(
            col(InboundMessage.tenant_id) == tenant_id,
            col(InboundMessage.lead_id) == lead_id,
            ~col(InboundMessage.proven),
            ~col(InboundMessage.automatic),
            col(InboundMessage.received_at) >= moment.replace(hour=0, minute=0, second=0, microsecond=0),
        )
    )
    return bool((await session.execute(statement)).scalar())


async def claim_notice(
    session: AsyncSession, tenant_id: UUID, now: datetime, until: datetime
) -> Sequence[InboundMessage]:
    """The oldest whose shop is to be told, with what is held for that shop's next notice; due again at `until`, unless noted by then."""
    statement = (
        select(InboundMessage)
        .where(
            col(InboundMessage.tenant_id) == tenant_id,
            col(InboundMessage.location_id).is_not(None),
            col(InboundMessage.notice_due_at) <= now,
            col(InboundMessage.text).is_not(None),
        )
        .order_by(col(InboundMessage.notice_due_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    first = (await session.execute(statement)).scalar()
    if first is None:
        return ()
    held = (
        select(InboundMessage)
        .where(
            col(InboundMessage.tenant_id) == tenant_id,
            col(InboundMessage.location_id) == first.location_id,
            col(InboundMessage.id) != first.id,
            col(InboundMessage.notice_due_at) > col(InboundMessage.received_at),
            col(InboundMessage.text).is_not(None),
        )
        .order_by(col(InboundMessage.received_at))
        .limit(MOST_IN_ONE_NOTICE)
        .with_for_update(skip_locked=True)
    )
    messages = [first, *(await session.execute(held)).scalars()]
    for message in messages:
        message.notice_due_at = until
    return messages


async def note_noticed(
    session: AsyncSession, tenant_id: UUID, message_ids: Collection[UUID], now: datetime
) -> None:
    await session.execute(
        update(InboundMessage)
        .where(col(InboundMessage.tenant_id) == tenant_id, col(InboundMessage.id).in_(message_ids))
        .values(notice_due_at=None, noticed_at=now)
    )


async def last_of(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, channel: OutboundChannel
) -> InboundMessage | None:
    """The newest that is surely the lead's."""
    statement = (
        select(InboundMessage)
        .where(
            col(InboundMessage.tenant_id) == tenant_id,
            col(InboundMessage.lead_id) == lead_id,
            col(InboundMessage.channel) == channel,
            col(InboundMessage.proven),
        )
        .order_by(col(InboundMessage.received_at).desc())
    )
    return (await session.execute(statement.limit(1))).scalar()
