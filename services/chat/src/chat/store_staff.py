"""The SQL of the inbox and the hand-off."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, false, func, or_, text, tuple_, update
from sqlalchemy import select as select_rows
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from chat.domain.search import SHORTEST_BEGINNING, words_of
from chat.tables import (
    ChatMessage,
    Conversation,
    Handoff,
    Lead,
    Location,
    Presence,
    SaidWord,
    StaffMember,
    StaffNote,
)


async def open_handoff(session: AsyncSession, tenant_id: UUID, conversation_id: UUID) -> Handoff | None:
    statement = select(Handoff).where(
        Handoff.tenant_id == tenant_id,
        Handoff.conversation_id == conversation_id,
        col(Handoff.ended_at).is_(None),
    )
    return (await session.scalars(statement.execution_options(populate_existing=True))).first()


async def due_handoff(session: AsyncSession, tenant_id: UUID, now: datetime) -> Handoff | None:
    """The one that waits longest; not locked, since the conversation's lock comes first."""
    statement = (
        select(Handoff)
        .where(
            Handoff.tenant_id == tenant_id, col(Handoff.escalate_at) <= now, col(Handoff.ended_at).is_(None)
        )
        .order_by(col(Handoff.escalate_at))
        .limit(1)
    )
    return (await session.scalars(statement)).first()


async def quiet_conversations(
    session: AsyncSession, tenant_id: UUID, since: datetime, limit: int
) -> Sequence[Conversation]:
    """Those that a person took and in which nobody has written since then, the quietest first."""
    statement = (
        select(Conversation)
        .join(Handoff, col(Handoff.conversation_id) == col(Conversation.id))
        .where(
            Conversation.tenant_id == tenant_id,
            Conversation.owner == "human",
            col(Conversation.last_at) < since,
            col(Handoff.ended_at).is_(None),
            col(Handoff.taken_at).is_not(None),
        )
        .order_by(col(Conversation.last_at))
        .limit(limit)
    )
    return (await session.scalars(statement)).all()


async def conversation_by_id(
    session: AsyncSession, tenant_id: UUID, conversation_id: UUID, *, lock: bool = False
) -> Conversation | None:
    statement = select(Conversation).where(
        Conversation.tenant_id == tenant_id, Conversation.id == conversation_id
    )
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.scalars(statement)).first()


@dataclass(frozen=True)
class Present:
    """A member who has the conversation open; `writing`: whose turn it is to reply."""

    staff_id: UUID
    name: str
    writing: bool


@dataclass(frozen=True)
class InboxRow:
    """`handoff` is the open one, `taken_by_name` the name of who took it; `last` the newest message."""

    conversation: Conversation
    lead: Lead
    location: Location
    handoff: Handoff | None
    last: ChatMessage | None
    taken_by_name: str | None
    present: tuple[Present, ...] = ()


class Before(NamedTuple):
    """The end of a page: the `last_at` of its last row, and its id where it is known."""

    moment: datetime
    id: UUID | None = None


@dataclass(frozen=True)
class InboxFilter:
    """`locations`: `None` for all. `state`: a state, an owner, `waiting`, `mine` (the `member`'s), or `None` for all.

    `words`: each is in the lead's name, phone or car, or was written by customer or shop. `before`: what is listed
    after that; without an id what is older.
    """

    locations: Collection[UUID] | None
    state: str | None = None
    words: str | None = None
    member: UUID | None = None
    only: Collection[UUID] | None = None
    before: Before | None = None
    limit: int = 50


async def inbox(
    session: AsyncSession, tenant_id: UUID, wanted: InboxFilter, now: datetime
) -> Sequence[InboxRow]:
    """Newest first."""
    newest = and_(
        col(ChatMessage.conversation_id) == col(Conversation.id),
        col(ChatMessage.seq) == col(Conversation.next_seq) - 1,
    )
    open_ = and_(col(Handoff.conversation_id) == col(Conversation.id), col(Handoff.ended_at).is_(None))
    statement = (
        select_rows(Conversation, Lead, Location, Handoff, ChatMessage, col(StaffMember.name))
        .join(Lead, col(Lead.lead_id) == col(Conversation.lead_id))
        .join(Location, col(Location.location_id) == col(Conversation.location_id))
        .outerjoin(Handoff, open_)
        .outerjoin(ChatMessage, newest)
        .outerjoin(StaffMember, col(StaffMember.staff_id) == col(Handoff.taken_by))
        .where(col(Conversation.tenant_id) == tenant_id, *_conditions(tenant_id, wanted))
        .order_by(col(Conversation.last_at).desc().nulls_last(), col(Conversation.id).desc())
        .limit(wanted.limit)
    )
    rows = [InboxRow(*row) for row in (await session.execute(statement)).all()]
    here = await present(session, tenant_id, [row.conversation.id for row in rows], now)
    return [replace(row, present=here.get(row.conversation.id, ())) for row in rows]


def _conditions(tenant_id: UUID, wanted: InboxFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.locations is not None:
        conditions.append(col(Conversation.location_id).in_(wanted.locations))
    if wanted.only is not None:
        conditions.append(col(Conversation.id).in_(wanted.only))
    if wanted.before is not None:
        conditions.append(_listed_after(wanted.before))
    conditions += [_says(tenant_id, word) for word in (wanted.words or "").split()]
    if wanted.state == "mine":
        conditions += [col(Conversation.owner) == "human", col(Handoff.taken_by) == wanted.member]
    elif wanted.state == "waiting":
        conditions.append(
            or_(
                col(Conversation.waiting_since).is_not(None),
                and_(col(Handoff.id).is_not(None), col(Handoff.taken_at).is_(None)),
            )
        )
    elif wanted.state is not None:
        conditions.append(
            or_(col(Conversation.state) == wanted.state, col(Conversation.owner) == wanted.state)
        )
    return conditions


def _listed_after(before: Before) -> ColumnElement[bool]:
    if before.id is None:
        return col(Conversation.last_at) < before.moment
    return tuple_(col(Conversation.last_at), col(Conversation.id)) < tuple(before)


def _says(tenant_id: UUID, word: str) -> ColumnElement[bool]:
    said = [_was_written(tenant_id, part) for part in words_of(word)]
    return or_(_is_of_lead(word), and_(*said)) if said else _is_of_lead(word)


def _was_written(tenant_id: UUID, part: str) -> ColumnElement[bool]:
    """`starts_with` is leakproof: the index serves it under row-level security, too."""
    word = col(SaidWord.word)
    begins = func.starts_with(word, part) if len(part) >= SHORTEST_BEGINNING else word == part
    found = select(SaidWord.conversation_id).where(SaidWord.tenant_id == tenant_id, begins)
    return col(Conversation.id).in_(found)


def _is_of_lead(word: str) -> ColumnElement[bool]:
    """A phone is found by the digits of it, however they are written: `(619) 555-0123`."""
    vehicle = col(Lead.vehicle)
    said = func.concat_ws(" ", Lead.name, *(vehicle[part].astext for part in ("year", "make", "model")))
    digits = "".join(filter(str.isdigit, word))
    found = said.icontains(word, autoescape=True)
    return or_(found, col(Lead.phone).contains(digits)) if len(digits) >= _PHONE_DIGITS else found


_PHONE_DIGITS = 3
"""As many are looked for in phone numbers."""


async def present(
    session: AsyncSession, tenant_id: UUID, conversations: Collection[UUID], now: datetime
) -> dict[UUID, tuple[Present, ...]]:
    """Who has them open, by name."""
    if not conversations:
        return {}
    writing = func.coalesce(col(Presence.writing_until) > now, false())
    statement = (
        select_rows(col(Presence.conversation_id), col(Presence.staff_id), col(StaffMember.name), writing)
        .join(StaffMember, col(StaffMember.staff_id) == col(Presence.staff_id))
        .where(
            col(Presence.tenant_id) == tenant_id,
            col(Presence.conversation_id).in_(conversations),
            col(Presence.here_until) > now,
        )
        .order_by(col(StaffMember.name), col(Presence.staff_id))
    )
    here = defaultdict[UUID, tuple[Present, ...]](tuple)
    for conversation_id, staff_id, name, writes in await session.execute(statement):
        here[conversation_id] += (Present(staff_id, name, writes),)
    return here


async def keep_presence(session: AsyncSession, presence: Presence, *, turn: bool | None) -> None:
    """`turn`: takes the turn to write, gives it up, or (`None`) leaves it as it is."""
    values = presence.model_dump()
    kept = {"here_until"} if turn is None else {"here_until", "writing_until"}
    statement = insert(Presence).values(**values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["conversation_id", "staff_id"], set_={name: values[name] for name in kept}
        )
    )


async def end_turn(session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, staff_id: UUID) -> None:
    await session.execute(
        update(Presence)
        .where(
            col(Presence.tenant_id) == tenant_id,
            col(Presence.conversation_id) == conversation_id,
            col(Presence.staff_id) == staff_id,
        )
        .values(writing_until=None)
        .execution_options(synchronize_session=False)
    )


async def forget_presence(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, staff_id: UUID
) -> None:
    await session.execute(
        delete(Presence)
        .where(
            col(Presence.tenant_id) == tenant_id,
            col(Presence.conversation_id) == conversation_id,
            col(Presence.staff_id) == staff_id,
        )
        .execution_options(synchronize_session=False)
    )


async def forget_absent(session: AsyncSession, tenant_id: UUID, now: datetime) -> Sequence[UUID]:
    """The conversations that somebody left without a word, or in which somebody's turn to write is over."""
    gone = (
        delete(Presence)
        .where(col(Presence.tenant_id) == tenant_id, col(Presence.here_until) <= now)
        .returning(col(Presence.conversation_id))
    )
    silent = (
        update(Presence)
        .where(col(Presence.tenant_id) == tenant_id, col(Presence.writing_until) <= now)
        .values(writing_until=None)
        .returning(col(Presence.conversation_id))
    )
    options = {"synchronize_session": False}
    left = (await session.scalars(gone.execution_options(**options))).all()
    return [*left, *(await session.scalars(silent.execution_options(**options))).all()]


async def said_since(
    session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, seq: int
) -> Sequence[ChatMessage]:
    """What somebody wrote after that message, by `seq`; what only tells of a change is left out."""
    statement = (
        select(ChatMessage)
        .where(
            ChatMessage.tenant_id == tenant_id,
            ChatMessage.conversation_id == conversation_id,
            ChatMessage.seq > seq,
            ChatMessage.author != "system",
        )
        .order_by(col(ChatMessage.seq))
        .limit(MOST_SAID)
    )
    return (await session.scalars(statement)).all()


MOST_SAID = 50


async def locations(session: AsyncSession, tenant_id: UUID) -> Sequence[Location]:
    return (await session.scalars(select(Location).where(Location.tenant_id == tenant_id))).all()


async def mark_staff_seen(session: AsyncSession, tenant_id: UUID, *, conversation_id: UUID, seq: int) -> None:
    await session.execute(
        update(Conversation)
        .where(col(Conversation.tenant_id) == tenant_id, col(Conversation.id) == conversation_id)
        .values(staff_seen_seq=func.greatest(col(Conversation.staff_seen_seq), seq))
        .execution_options(synchronize_session=False)
    )


async def newest_notes(
    session: AsyncSession, tenant_id: UUID, conversation_id: UUID, *, before: datetime | None, most: int
) -> Sequence[StaffNote]:
    """Oldest first; of those before `before` the last ones."""
    statement = select(StaffNote).where(
        StaffNote.tenant_id == tenant_id, StaffNote.conversation_id == conversation_id
    )
    if before is not None:
        statement = statement.where(col(StaffNote.created_at) < before)
    newest_first = statement.order_by(col(StaffNote.created_at).desc()).limit(most)
    return (await session.scalars(newest_first)).all()[::-1]


async def newest_of_customer(
    session: AsyncSession, tenant_id: UUID, conversation_id: UUID
) -> ChatMessage | None:
    statement = (
        select(ChatMessage)
        .where(
            ChatMessage.tenant_id == tenant_id,
            ChatMessage.conversation_id == conversation_id,
            ChatMessage.author == "customer",
        )
        .order_by(col(ChatMessage.seq).desc())
        .limit(1)
    )
    return (await session.scalars(statement)).first()


_NUMBERS = text("""
WITH counted AS (
  SELECT c.id, c.lead_id, c.seen_at,
    EXISTS (SELECT FROM chat_messages m WHERE m.conversation_id = c.id AND m.author = 'customer') AS engaged,
    EXISTS (SELECT FROM receipts r WHERE r.conversation_id = c.id AND r.tool = 'get_quote' AND NOT r.refused) AS quoted,
    EXISTS (SELECT FROM timeline t WHERE t.lead_id = c.lead_id AND t.type = 'appointment.booked.v1') AS booked,
    EXISTS (SELECT FROM handoffs h WHERE h.conversation_id = c.id) AS handed_off,
    (SELECT min(t.time) FROM timeline t WHERE t.lead_id = c.lead_id AND t.type = 'lead.received.v1') AS received_at,
    (SELECT min(t.time) FROM timeline t WHERE t.lead_id = c.lead_id AND t.type = 'notification.sent.v1') AS touched_at
  FROM conversations c
  WHERE c.tenant_id = :tenant_id AND c.created_at >= :since AND c.created_at < :until
    AND (CAST(:locations AS uuid[]) IS NULL OR c.location_id = ANY(CAST(:locations AS uuid[])))
)
SELECT count(*) AS received,
  count(*) FILTER (WHERE seen_at IS NOT NULL OR engaged) AS seen,
  count(*) FILTER (WHERE engaged) AS engaged,
  count(*) FILTER (WHERE quoted) AS quoted,
  count(*) FILTER (WHERE booked) AS booked,
  count(*) FILTER (WHERE handed_off) AS handed_off,
  count(*) FILTER (WHERE engaged AND NOT handed_off) AS contained,
  percentile_cont(0.5) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM touched_at - received_at)) AS p50_ms,
  percentile_cont(0.95) WITHIN GROUP (ORDER BY 1000 * extract(epoch FROM touched_at - received_at)) AS p95_ms
FROM counted
""")


async def numbers(
    session: AsyncSession,
    tenant_id: UUID,
    *,
    since: datetime,
    until: datetime,
    locations: Collection[UUID] | None,
) -> dict[str, Any]:
    """One row: counts, and milliseconds that are `None` where nothing was sent."""
    parameters = {
        "tenant_id": tenant_id,
        "since": since,
        "until": until,
        "locations": None if locations is None else list(locations),
    }
    return dict((await session.execute(_NUMBERS, parameters)).mappings().one())
