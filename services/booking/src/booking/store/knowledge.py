"""Rows of what a shop says."""

from uuid import UUID

from booking.domain.knowledge import Statement
from booking.store.entries import Kept
from booking.tables import KnowledgeRow, KnowledgeVersion


def _statement(row: KnowledgeRow) -> Statement:
    return Statement(
        id=row.id,
        code=row.code,
        en=row.en,
        es=row.es,
        questions=tuple(row.questions),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        active=row.active,
    )


def _row(tenant_id: UUID, location_id: UUID | None, statement: Statement) -> KnowledgeRow:
    return KnowledgeRow(
        tenant_id=tenant_id,
        location_id=location_id,
        id=statement.id,
        code=statement.code,
        en=statement.en,
        es=statement.es,
        questions=list(statement.questions),
        valid_from=statement.valid_from,
        valid_to=statement.valid_to,
        active=statement.active,
    )


STATEMENTS = Kept(KnowledgeRow, KnowledgeVersion, _statement, _row)
