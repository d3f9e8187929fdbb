"""Whose word on a consent counts when several were said."""

from dataclasses import dataclass
from datetime import datetime

CRM = "crm"
"""The source of what the shop's CRM says; also of what a lead from there brings along."""
START = "keyword"


@dataclass(frozen=True)
class Word:
    """The newest on an address, as the ledger has it."""

    granted: bool
    source: str
    said_at: datetime


def crm_counts(said_at: datetime, newest: Word | None, crm_said_at: datetime | None = None) -> bool:
    """Whether the CRM's word is written down, and so stands; in whatever order its words reach us, its last one does.

    `crm_said_at`: of its last one that is known, which a form may stand upon.

    A refusal of the person's own stays whatever the CRM's flags say. What these say counts against a form, which anybody
    may send; but not against a START that came after it.
    """
    if newest is None:
        return True
    if crm_said_at is not None and said_at <= crm_said_at:
        return False
    if newest.source in {CRM, START}:
        mine = newest.granted or newest.source == CRM
        return mine and said_at > newest.said_at
    return newest.granted


def crm_lapses(said_at: datetime, newest: Word | None) -> bool:
    """Whether a consent ends with the CRM's flag: one that the person gave elsewhere does not."""
    return newest is None or (newest.source == CRM and said_at > newest.said_at)
