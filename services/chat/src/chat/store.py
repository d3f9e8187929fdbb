"""Every SQL statement of the chat service."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.db.direct import ask_as_each, direct, insert
from sqlalchemy import BigInteger, Text, Uuid, bindparam, cast, column, func, or_, text, update
from sqlalchemy import select as columns
from sqlalchemy.dialects.postgresql import insert as insertion
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import and_, col, select

from chat.domain.signals import CHANNEL, NOTIFY
from chat.tables import (
    Catalog,
    ChatMessage,
    Conversation,
    Knowledge,
    KnowledgeGap,
    Lead,
    Location,
    ReceiptRow,
    SaidWord,
    Tenant,
    TimelineEntry,
)

_NOTIFY_SQL = NOTIFY.replace("$1", ":channel").replace("$2::text[]", "CAST(:payloads AS text[])")
_END_DELTAS = text(
    f"WITH ended AS (DELETE FROM deltas WHERE tenant_id = :tenant_id AND conversation_id = :id) {_NOTIFY_SQL}"  # noqa: S608 - our own words
)


async def keep_words(session: AsyncSession, message: ChatMessage, words: Sequence[str]) -> None:
    """By which the conversation is found."""
    if words:
        of = {"tenant_id": message.tenant_id, "conversation_id": message.conversation_id}
        await insert(session, [SaidWord(word=word, **of) for word in words], "ON CONFLICT DO NOTHING")


async def tenant_ids(session: AsyncSession) -> Sequence[UUID]:
    return (await session.scalars(select(Tenant.tenant_id))).all()


_OWES_AN_ANSWER = """
SELECT EXISTS (SELECT FROM chat.conversations WHERE tenant_id = $1 AND answer_due_at <= $2
  AND (answering_until IS NULL OR answering_until < $2)) AS owed
"""


async def tenants_owed_an_answer(session: AsyncSession, now: datetime) -> Sequence[UUID]:
    """In a transaction that names no tenant."""
    answers = await ask_as_each(session, await tenant_ids(session), _OWES_AN_ANSWER, now)
    return [tenant_id for tenant_id, answer in answers.items() if answer["owed"]]


_KEEP_TENANT = "INSERT INTO chat.tenants (tenant_id, slug) VALUES ($1, $2) ON CONFLICT DO NOTHING"
_NAME_TENANT = """
INSERT INTO chat.tenants (tenant_id, slug) VALUES ($1, $2) ON CONFLICT (tenant_id) DO UPDATE SET slug = excluded.slug
"""


async def keep_tenant(session: AsyncSession, tenant_id: UUID, slug: str | None) -> None:
    await (await direct(session)).execute(_KEEP_TENANT if slug is None else _NAME_TENANT, tenant_id, slug)


async def keep_replica(
    session: AsyncSession,
    table: type[Location | Catalog | Knowledge],
    tenant_id: UUID,
    *,
    location_id: UUID,
    version: int,
    facts: dict[str, object],
) -> None:
    """Of what a location is or has, unless what is here is as new or newer."""
    statement = insertion(table).values(
        location_id=location_id, tenant_id=tenant_id, version=version, facts=facts
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["location_id"],
            set_={"version": version, "facts": statement.excluded.facts},
            where=col(table.version) < version,
        )
    )


async def lock_lead(session: AsyncSession, lead_id: UUID) -> None:
    """Until the end of the transaction; also for a lead that is not known yet."""
    lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
    await (await direct(session)).fetchval(lock, str(lead_id))


_RENEW_LEAD = "ON CONFLICT (lead_id) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in ("name", "phone", "vehicle", "interest")
)


async def keep_lead(session: AsyncSession, lead: Lead) -> None:
    """Replaces what is known of the person; the status has events and versions of its own."""
    await insert(session, [lead], _RENEW_LEAD)


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


_SHOP = (
    cast(Location.facts, Text).label("location"),
    cast(Catalog.facts, Text).label("catalog"),
    cast(Knowledge.facts, Text).label("knowledge"),
)
_HAS_CATALOG, _HAS_KNOWLEDGE = (
    and_(col(table.location_id) == Location.location_id, col(table.tenant_id) == Location.tenant_id)
    for table in (Catalog, Knowledge)
)

ShopRow = tuple[str, str | None, str | None]
"""The facts of the location, of its catalogue and of what it says, as JSON."""


async def shop_row(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> ShopRow | None:
    found = await session.execute(
        select(*_SHOP)
        .select_from(Location)
        .outerjoin(Catalog, _HAS_CATALOG)
        .outerjoin(Knowledge, _HAS_KNOWLEDGE)
        .where(Location.tenant_id == tenant_id, Location.location_id == location_id)
    )
    row = found.first()
    return None if row is None else (row[0], row[1], row[2])


async def insert_conversation(session: AsyncSession, conversation: Conversation) -> bool:
    """False: the lead has one."""
    return bool(await insert(session, [conversation], "ON CONFLICT (lead_id) DO NOTHING RETURNING id"))


_CONVERSATION = select(Conversation).where(
    Conversation.tenant_id == bindparam("tenant_id"), Conversation.lead_id == bindparam("lead_id")
)
_CONVERSATION_LOCKED = _CONVERSATION.with_for_update().execution_options(populate_existing=True)


async def conversation_of(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, lock: bool = False
) -> Conversation | None:
    statement = _CONVERSATION_LOCKED if lock else _CONVERSATION
    return (await session.scalars(statement, {"tenant_id": tenant_id, "lead_id": lead_id})).first()


_SCENE = (
    columns(Conversation, Lead, *_SHOP)
    .join(
        Lead,
        and_(col(Lead.lead_id) == Conversation.lead_id, col(Lead.tenant_id) == Conversation.tenant_id),
    )
    .join(
        Location,
        and_(
            col(Location.location_id) == Conversation.location_id,
            col(Location.tenant_id) == Conversation.tenant_id,
        ),
    )
    .outerjoin(Catalog, _HAS_CATALOG)
    .outerjoin(Knowledge, _HAS_KNOWLEDGE)
    .where(
        col(Conversation.tenant_id) == bindparam("tenant_id"),
        col(Conversation.lead_id) == bindparam("lead_id"),
    )
)
_SCENE_LOCKED = _SCENE.with_for_update(of=Conversation).execution_options(populate_existing=True)

SceneRow = tuple[Conversation, Lead, ShopRow]


async def scene_row(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, lock: bool = False
) -> SceneRow | None:
    """A conversation with all that belongs to it; `lock` is on the conversation only."""
    found = await session.execute(
        _SCENE_LOCKED if lock else _SCENE, {"tenant_id": tenant_id, "lead_id": lead_id}
    )
    row = found.first()
    return None if row is None else (row[0], row[1], (row[2], row[3], row[4]))


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


_MESSAGES_AFTER = (
    select(ChatMessage)
    .where(
        ChatMessage.tenant_id == bindparam("tenant_id"),
        ChatMessage.conversation_id == bindparam("conversation_id"),
        ChatMessage.seq > bindparam("after"),
    )
    .order_by(col(ChatMessage.seq))
    .limit(bindparam("most", type_=BigInteger))
)


async def messages_after(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, after: int, most: int | None = None
) -> Sequence[ChatMessage]:
    """By rising `seq`; the first ones where there are more than `most`."""
    wanted = {"tenant_id": tenant_id, "conversation_id": conversation_id, "after": after, "most": most}
    return (await session.scalars(_MESSAGES_AFTER, wanted)).all()


async def newest_messages(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, before: int | None, most: int
) -> Sequence[ChatMessage]:
    """By rising `seq`; of those under `before` the last ones."""
    statement = select(ChatMessage).where(
        ChatMessage.tenant_id == tenant_id, ChatMessage.conversation_id == conversation_id
    )
    if before is not None:
        statement = statement.where(col(ChatMessage.seq) < before)
    newest_first = statement.order_by(col(ChatMessage.seq).desc()).limit(most)
    return (await session.scalars(newest_first)).all()[::-1]


async def last_words_at(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> datetime | None:
    """When the customer last wrote or pressed something; `None`: never."""
    statement = (
        select(func.max(ChatMessage.created_at))
        .join(Conversation, col(Conversation.id) == col(ChatMessage.conversation_id))
        .where(
            col(ChatMessage.tenant_id) == tenant_id,
            col(Conversation.lead_id) == lead_id,
            col(ChatMessage.author) == "customer",
        )
    )
    return (await session.execute(statement)).scalar()


async def opted_out_at(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> dict[str, datetime]:
    """When the customer last refused each channel."""
    statement = (
        select(col(ChatMessage.opt_out), col(ChatMessage.created_at))
        .join(Conversation, col(Conversation.id) == col(ChatMessage.conversation_id))
        .where(
            col(ChatMessage.tenant_id) == tenant_id,
            col(Conversation.lead_id) == lead_id,
            col(ChatMessage.author) == "customer",
            col(ChatMessage.opt_out).is_not(None),
        )
        .order_by(col(ChatMessage.seq))
    )
    rows = (await session.execute(statement)).all()
    return {channel: at for channels, at in rows for channel in channels or ()}


_ADMITTED = (
    select(Conversation, ChatMessage)
    .outerjoin(
        ChatMessage,
        and_(
            col(ChatMessage.tenant_id) == Conversation.tenant_id,
            col(ChatMessage.conversation_id) == Conversation.id,
            col(ChatMessage.client_id) == bindparam("client_id"),
        ),
    )
    .where(
        col(Conversation.tenant_id) == bindparam("tenant_id"),
        col(Conversation.lead_id) == bindparam("lead_id"),
    )
)


async def conversation_and_message(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, client_id: str
) -> tuple[Conversation, ChatMessage | None] | None:
    """The lead's conversation, and the message in it that has this id of the sender's."""
    asked = {"tenant_id": tenant_id, "lead_id": lead_id, "client_id": client_id}
    row = (await session.execute(_ADMITTED, asked)).first()
    return (row[0], row[1]) if row else None


async def message_by_client_id(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, client_id: str
) -> ChatMessage | None:
    statement = select(ChatMessage).where(
        ChatMessage.tenant_id == tenant_id,
        ChatMessage.conversation_id == conversation_id,
        ChatMessage.client_id == client_id,
    )
    return (await session.scalars(statement)).first()


_REPLIES = text("""
SELECT reply.id FROM chat_messages reply JOIN chat_messages asked ON asked.id = reply.reply_to
WHERE asked.tenant_id = :tenant_id AND asked.conversation_id = :conversation_id AND asked.seq = (
  SELECT min(asked.seq) FROM chat_messages asked JOIN chat_messages reply ON reply.reply_to = asked.id
  WHERE asked.tenant_id = :tenant_id AND asked.conversation_id = :conversation_id AND asked.seq >= :seq)
""")
_REPLIES_TO = (
    select(ChatMessage)
    .where(
        ChatMessage.tenant_id == bindparam("tenant_id"),
        col(ChatMessage.id).in_(_REPLIES.columns(column("id", Uuid))),
    )
    .order_by(col(ChatMessage.seq))
)


async def replies_to(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, seq: int
) -> Sequence[ChatMessage]:
    """What answered the message `seq`: the replies of the first turn that ended with it or a later one."""
    wanted = {"tenant_id": tenant_id, "conversation_id": conversation_id, "seq": seq}
    return (await session.scalars(_REPLIES_TO, wanted)).all()


_RECEIPTS = (
    select(ReceiptRow)
    .where(
        ReceiptRow.tenant_id == bindparam("tenant_id"),
        ReceiptRow.conversation_id == bindparam("conversation_id"),
        ReceiptRow.tool != "verdict",
    )
    .order_by(col(ReceiptRow.id))
)


async def receipts_of(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID
) -> Sequence[ReceiptRow]:
    """Tool results, oldest first."""
    wanted = {"tenant_id": tenant_id, "conversation_id": conversation_id}
    return (await session.scalars(_RECEIPTS, wanted)).all()


async def mark_present(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID, now: datetime, unless_since: datetime
) -> None:
    """The customer's page is open. A mark since then is enough."""
    await session.execute(
        update(Conversation)
        .where(
            col(Conversation.tenant_id) == tenant_id,
            col(Conversation.lead_id) == lead_id,
            or_(col(Conversation.present_at).is_(None), col(Conversation.present_at) < unless_since),
        )
        .values(present_at=now)
    )


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
    await insert(session, [entry], "ON CONFLICT DO NOTHING")


_TOLD_LATER = """
SELECT EXISTS (SELECT FROM chat.timeline WHERE tenant_id = $1 AND lead_id = $2 AND type = ANY($3::text[]) AND time > $4)
"""


async def told_later(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, types: Sequence[str], than: datetime
) -> bool:
    """Whether a newer event of one of the types is known: events come in any order."""
    return bool(await (await direct(session)).fetchval(_TOLD_LATER, tenant_id, lead_id, list(types), than))


async def timeline_of(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, *, before: datetime | None, most: int
) -> Sequence[TimelineEntry]:
    """By time; of those before `before` the last ones."""
    statement = select(TimelineEntry).where(
        TimelineEntry.tenant_id == tenant_id, TimelineEntry.lead_id == lead_id
    )
    if before is not None:
        statement = statement.where(col(TimelineEntry.time) < before)
    newest_first = statement.order_by(col(TimelineEntry.time).desc()).limit(most)
    return (await session.scalars(newest_first)).all()[::-1]


async def tenant_by_slug(session: AsyncSession, slug: str) -> UUID | None:
    return (await session.scalars(select(Tenant.tenant_id).where(Tenant.slug == slug))).first()


async def notify(session: AsyncSession, *payloads: str) -> None:
    """Told to all replicas at commit."""
    await (await direct(session)).execute(NOTIFY, CHANNEL, list(payloads))


async def end_deltas(session: AsyncSession, conversation: Conversation, *payloads: str) -> None:
    """The sentences in the making are gone with the answer that they became, and that is told at commit."""
    await session.execute(
        _END_DELTAS,
        {
            "tenant_id": conversation.tenant_id,
            "id": conversation.id,
            "channel": CHANNEL,
            "payloads": list(payloads),
        },
    )


async def gaps_of(session: AsyncSession, tenant_id: UUID, limit: int) -> Sequence[tuple[KnowledgeGap, str]]:
    """The newest first, each with its location's facts as JSON."""
    found = await session.execute(
        select(KnowledgeGap, cast(Location.facts, Text))
        .join(
            Location,
            and_(col(Location.location_id) == KnowledgeGap.location_id, col(Location.tenant_id) == tenant_id),
        )
        .where(KnowledgeGap.tenant_id == tenant_id)
        .order_by(col(KnowledgeGap.asked_at).desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in found]
