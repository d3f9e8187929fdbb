"""Every SQL statement of the chat service."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, or_, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from chat.domain.signals import CHANNEL
from chat.tables import (
    Catalog,
    ChatMessage,
    Conversation,
    Lead,
    Location,
    ReceiptRow,
    Tenant,
    TimelineEntry,
)

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


async def tenant_ids(session: AsyncSession) -> Sequence[UUID]:
    return (await session.scalars(select(Tenant.tenant_id))).all()


async def keep_tenant(session: AsyncSession, tenant_id: UUID, slug: str | None) -> None:
    statement = insert(Tenant).values(tenant_id=tenant_id, slug=slug)
    keep = statement.on_conflict_do_nothing()
    if slug is not None:
        keep = statement.on_conflict_do_update(index_elements=["tenant_id"], set_={"slug": slug})
    await session.execute(keep)


async def keep_location(
    session: AsyncSession, tenant_id: UUID, *, location_id: UUID, version: int, facts: dict[str, object]
) -> None:
    """Unless the replica is as new or newer."""
    statement = insert(Location).values(
        location_id=location_id, tenant_id=tenant_id, version=version, facts=facts
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["location_id"],
            set_={"version": version, "facts": statement.excluded.facts},
            where=col(Location.version) < version,
        )
    )


async def keep_catalog(
    session: AsyncSession, tenant_id: UUID, *, location_id: UUID, version: int, facts: dict[str, object]
) -> None:
    """Unless the replica is as new or newer."""
    statement = insert(Catalog).values(
        location_id=location_id, tenant_id=tenant_id, version=version, facts=facts
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["location_id"],
            set_={"version": version, "facts": statement.excluded.facts},
            where=col(Catalog.version) < version,
        )
    )


async def keep_lead(session: AsyncSession, lead: Lead) -> None:
    """Replaces what is known of the person; the status has events and versions of its own."""
    values = lead.model_dump()
    statement = insert(Lead).values(**values)
    changed = {name: values[name] for name in ("name", "vehicle", "interest")}
    await session.execute(statement.on_conflict_do_update(index_elements=["lead_id"], set_=changed))


async def keep_status(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID, status: str, lead_version: int
) -> None:
    await session.execute(
        update(Lead)
        .where(
            col(Lead.tenant_id) == tenant_id,
            col(Lead.lead_id) == lead_id,
            col(Lead.lead_version) < lead_version,
        )
        .values(status=status, lead_version=lead_version)
    )


async def lead_of(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Lead | None:
    statement = select(Lead).where(Lead.tenant_id == tenant_id, Lead.lead_id == lead_id)
    return (await session.scalars(statement)).first()


async def location_of(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Location | None:
    statement = select(Location).where(Location.tenant_id == tenant_id, Location.location_id == location_id)
    return (await session.scalars(statement)).first()


async def catalog_of(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Catalog | None:
    statement = select(Catalog).where(Catalog.tenant_id == tenant_id, Catalog.location_id == location_id)
    return (await session.scalars(statement)).first()


async def insert_conversation(session: AsyncSession, conversation: Conversation) -> bool:
    """False: the lead has one."""
    statement = insert(Conversation).values(**conversation.model_dump())
    answer = await session.execute(
        statement.on_conflict_do_nothing(index_elements=["lead_id"]).returning(col(Conversation.id))
    )
    return answer.first() is not None


async def conversation_of(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, lock: bool = False
) -> Conversation | None:
    statement = select(Conversation).where(
        Conversation.tenant_id == tenant_id, Conversation.lead_id == lead_id
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(statement)).first()


async def due_conversation(session: AsyncSession, tenant_id: UUID, now: datetime) -> Conversation | None:
    """The one waiting longest for an answer that no worker is writing, locked; others skip it."""
    statement = (
        select(Conversation)
        .where(
            Conversation.tenant_id == tenant_id,
            col(Conversation.answer_due_at) <= now,
            or_(col(Conversation.answering_until).is_(None), col(Conversation.answering_until) < now),
        )
        .order_by(col(Conversation.answer_due_at))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(statement)).first()


async def messages_after(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, after: int
) -> Sequence[ChatMessage]:
    """By rising `seq`."""
    statement = (
        select(ChatMessage)
        .where(
            ChatMessage.tenant_id == tenant_id,
            ChatMessage.conversation_id == conversation_id,
            ChatMessage.seq > after,
        )
        .order_by(col(ChatMessage.seq))
    )
    return (await session.scalars(statement)).all()


async def message_by_client_id(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, client_id: str
) -> ChatMessage | None:
    statement = select(ChatMessage).where(
        ChatMessage.tenant_id == tenant_id,
        ChatMessage.conversation_id == conversation_id,
        ChatMessage.client_id == client_id,
    )
    return (await session.scalars(statement)).first()


async def replies_to(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, seq: int
) -> Sequence[ChatMessage]:
    """What answered the message `seq`: the replies of the first turn that ended with it or a later one."""
    asked, reply = aliased(ChatMessage), aliased(ChatMessage)
    answered = (
        select(func.min(asked.seq))
        .join(reply, col(reply.reply_to) == col(asked.id))
        .where(asked.conversation_id == conversation_id, asked.tenant_id == tenant_id, asked.seq >= seq)
        .scalar_subquery()
    )
    statement = (
        select(reply)
        .join(asked, col(reply.reply_to) == col(asked.id))
        .where(
            asked.tenant_id == tenant_id, asked.conversation_id == conversation_id, col(asked.seq) == answered
        )
        .order_by(col(reply.seq))
    )
    return (await session.scalars(statement)).all()


async def customer_message_times(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, since: datetime
) -> Sequence[datetime]:
    """Oldest first."""
    statement = (
        select(ChatMessage.created_at)
        .where(
            ChatMessage.tenant_id == tenant_id,
            ChatMessage.conversation_id == conversation_id,
            ChatMessage.author == "customer",
            ChatMessage.created_at > since,
        )
        .order_by(col(ChatMessage.created_at))
    )
    return (await session.scalars(statement)).all()


async def receipts_of(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID
) -> Sequence[ReceiptRow]:
    """Tool results, oldest first."""
    statement = (
        select(ReceiptRow)
        .where(
            ReceiptRow.tenant_id == tenant_id,
            ReceiptRow.conversation_id == conversation_id,
            ReceiptRow.tool != "verdict",
        )
        .order_by(col(ReceiptRow.id))
    )
    return (await session.scalars(statement)).all()


async def mark_seen(session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, now: datetime) -> None:
    """The first time only."""
    await session.execute(
        update(Conversation)
        .where(
            col(Conversation.tenant_id) == tenant_id,
            col(Conversation.id) == conversation_id,
            col(Conversation.seen_at).is_(None),
        )
        .values(seen_at=now)
    )


async def keep_in_timeline(session: AsyncSession, entry: TimelineEntry) -> None:
    await session.execute(insert(TimelineEntry).values(**entry.model_dump()).on_conflict_do_nothing())


async def told_later(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, types: Sequence[str], than: datetime
) -> bool:
    """Whether a newer event of one of the types is known: events come in any order."""
    statement = select(
        exists().where(
            col(TimelineEntry.tenant_id) == tenant_id,
            col(TimelineEntry.lead_id) == lead_id,
            col(TimelineEntry.type).in_(types),
            col(TimelineEntry.time) > than,
        )
    )
    return bool((await session.execute(statement)).scalar())


async def timeline_of(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Sequence[TimelineEntry]:
    """By time."""
    statement = (
        select(TimelineEntry)
        .where(TimelineEntry.tenant_id == tenant_id, TimelineEntry.lead_id == lead_id)
        .order_by(col(TimelineEntry.time))
    )
    return (await session.scalars(statement)).all()


async def tenant_by_slug(session: AsyncSession, slug: str) -> UUID | None:
    return (await session.scalars(select(Tenant.tenant_id).where(Tenant.slug == slug))).first()


async def notify(session: AsyncSession, payload: str) -> None:
    """Told to all replicas at commit."""
    await session.execute(_NOTIFY, {"channel": CHANNEL, "payload": payload})
