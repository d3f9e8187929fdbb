"""Questions that nothing known here answers: kept, so that a shop can answer them once for all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from shared.db.engine import transaction
from shared.events import LocationChanged
from shared.text import cleaned
from sqlalchemy.ext.asyncio import AsyncSession

from chat import store
from chat.deps import Deps
from chat.tables import Conversation, KnowledgeGap

LONGEST_QUESTION = 500


@dataclass(frozen=True)
class Gap:
    """`location` is a code."""

    question: str
    language: str
    location: str
    asked_at: datetime


def keep_gaps(
    session: AsyncSession, conversation: Conversation, questions: Iterable[str], now: datetime
) -> None:
    session.add_all(
        KnowledgeGap(
            id=uuid4(),
            tenant_id=conversation.tenant_id,
            location_id=conversation.location_id,
            conversation_id=conversation.id,
            question=cleaned(question)[:LONGEST_QUESTION],
            language=conversation.language,
            asked_at=now,
        )
        for question in dict.fromkeys(questions)
    )


async def gaps(deps: Deps, slug: str, limit: int) -> Sequence[Gap] | None:
    """The newest first; `None` for a tenant that is not known here."""
    async with transaction(deps.sessions, None) as session:
        tenant_id = await store.tenant_by_slug(session, slug)
    if tenant_id is None:
        return None
    async with transaction(deps.sessions, tenant_id) as session:
        rows = await store.gaps_of(session, tenant_id, limit)
    return [
        Gap(gap.question, gap.language, LocationChanged.model_validate_json(facts).code, gap.asked_at)
        for gap, facts in rows
    ]
