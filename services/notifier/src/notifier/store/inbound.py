"""What customers wrote."""

from uuid import UUID

from sqlalchemy import select
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
