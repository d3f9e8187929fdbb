"""The SQL of the staff's list of leads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, text, tuple_
from sqlalchemy import select as select_rows
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from ingest.tables import Lead, Location

_NOT_ERASED = text("NOT EXISTS (SELECT FROM erased_leads e WHERE e.lead_id = leads.id)")
_PHONE_DIGITS = 3
"""As many are looked for in phone numbers."""


class Before(NamedTuple):
    """The end of a page: `received_at` and id of its last lead."""

    moment: datetime
    id: UUID


@dataclass(frozen=True)
class LeadFilter:
    """`locations`: `None` for all. `words`: each is in name, phone, e-mail address or car. From `since` until before `until`."""

    locations: Collection[UUID] | None
    status: str | None = None
    source: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: str | None = None


@dataclass(frozen=True)
class LeadRow:
    lead: Lead
    location: Location


async def leads(
    session: AsyncSession, tenant_id: UUID, wanted: LeadFilter, *, before: Before | None, most: int
) -> Sequence[LeadRow]:
    """Newest first; those that were erased are left out."""
    statement = (
        select_rows(Lead, Location)
        .join(Location, col(Location.id) == col(Lead.location_id))
        .where(col(Lead.tenant_id) == tenant_id, _NOT_ERASED, *_conditions(wanted))
        .order_by(col(Lead.received_at).desc(), col(Lead.id).desc())
        .limit(most)
    )
    if before is not None:
        statement = statement.where(tuple_(col(Lead.received_at), col(Lead.id)) < tuple(before))
    return [LeadRow(*row) for row in (await session.execute(statement)).all()]


def _conditions(wanted: LeadFilter) -> list[ColumnElement[bool]]:
    conditions = [_says(word) for word in (wanted.words or "").split()]
    if wanted.locations is not None:
        conditions.append(col(Lead.location_id).in_(wanted.locations))
    if wanted.status is not None:
        conditions.append(col(Lead.status) == wanted.status)
    if wanted.source is not None:
        conditions.append(col(Lead.source) == wanted.source)
    if wanted.since is not None:
        conditions.append(col(Lead.received_at) >= wanted.since)
    if wanted.until is not None:
        conditions.append(col(Lead.received_at) < wanted.until)
    return conditions


def _says(word: str) -> ColumnElement[bool]:
    """A phone is found by the digits of it, however they are written: `(619) 555-0123`."""
    vehicle = col(Lead.vehicle)
    said = func.concat_ws(
        " ", Lead.name, Lead.email, *(vehicle[part].astext for part in ("year", "make", "model"))
    )
    digits = "".join(filter(str.isdigit, word))
    found = said.icontains(word, autoescape=True)
    return or_(found, col(Lead.phone).contains(digits)) if len(digits) >= _PHONE_DIGITS else found
