"""Which orders are leads: the tenant's rule, and the reason for each order that is none."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from shared.events import LeadStatus

from crm_sync.domain.crm import Order

INTEREST_CHARACTERS = 200


class LeadRule(BaseModel):
    """A location's `crm_lead_rule`. Empty `workflow_columns`, `keywords`, `name_prefix`, `max_age_days` ask for nothing.

    Keywords match from the start of a word, so `tint` finds "tinting"; one of `exclude` in the text is a no.
    `status_columns` names the column that an order moves to when its lead reaches a status.
    A lead is won or lost by what its order is, or by a column of `lost_columns`. `order_after_seconds`: how long after a lead
    that has no order we write one; None: never (the searches are unproved, ADR 35).
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    workflow_columns: tuple[str, ...] = ("Website Leads",)
    name_prefix: str | None = None
    keywords: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_age_days: int | None = Field(default=30, ge=1)
    status_columns: dict[LeadStatus, str] = Field(default_factory=dict)
    won_when: tuple[Literal["authorized", "invoiced", "paid"], ...] = ("authorized", "invoiced", "paid")
    lost_when: tuple[Literal["archived", "deleted"], ...] = ("archived", "deleted")
    lost_columns: tuple[str, ...] = ()
    order_after_seconds: int | None = Field(default=None, ge=0)

    @property
    def known_columns(self) -> set[str]:
        """Normalized names of the columns in which we expect a lead's order; empty: any."""
        if not self.workflow_columns:
            return set()
        return {same_name(name) for name in (*self.workflow_columns, *self.status_columns.values())}


@dataclass(frozen=True)
class Lead:
    interest: str | None


@dataclass(frozen=True)
class Skip:
    reason: str


Verdict = Lead | Skip


def judge(order: Order, *, column: str | None, rule: LeadRule, now: datetime) -> Verdict:
    """`column` is the name of the order's column, None when it could not be resolved."""
    for reason, objection in _objections(order, column, rule, now):
        if objection:
            return Skip(reason)
    return Lead(interest=_interest(order, rule))


def _objections(
    order: Order, column: str | None, rule: LeadRule, now: datetime
) -> Iterator[tuple[str, bool]]:
    text = f"{order.title}\n{order.complaint or ''}"
    yield "deleted", order.is_("deleted")
    yield "archived", order.is_("archived")
    yield "not_an_estimate", order.status != "Estimate"
    yield "authorized", order.is_("authorized")
    yield "invoiced", order.is_("invoiced")
    yield "paid", order.is_("paid")
    yield "has_appointment", bool(order.appointment_dates)
    yield "other_column", not _in_columns(column, rule)
    yield "other_name", not _begins_with(order.title, rule.name_prefix)
    yield "excluded", bool(rule.exclude) and _mentions(text, rule.exclude)
    yield "no_keyword", bool(rule.keywords) and not _mentions(text, rule.keywords)
    yield "too_old", _too_old(order, rule, now)
    yield "no_customer", order.customer_id is None


def same_name(name: str) -> str:
    """Column names compare without case and outer blanks."""
    return name.strip().casefold()


def _in_columns(column: str | None, rule: LeadRule) -> bool:
    if not rule.workflow_columns:
        return True
    return column is not None and same_name(column) in {same_name(name) for name in rule.workflow_columns}


def _begins_with(title: str, prefix: str | None) -> bool:
    return not prefix or title.casefold().startswith(prefix.strip().casefold())


def _mentions(text: str, words: Iterable[str]) -> bool:
    return any(re.search(rf"\b{re.escape(word.strip())}", text, re.IGNORECASE) for word in words)


def _too_old(order: Order, rule: LeadRule, now: datetime) -> bool:
    created = order.order_created_date or order.created_date
    if rule.max_age_days is None or created is None:
        return False
    return now - created > timedelta(days=rule.max_age_days)


def _interest(order: Order, rule: LeadRule) -> str | None:
    """What the person asks for: the order's name without the rule's prefix, else the complaint's first line."""
    complaint = (order.complaint or "").strip().split("\n", 1)[0]
    title = _without_vehicle(_without_prefix(order.title, rule), order)
    candidates = [text for text in (_clean(title), _clean(complaint)) if text]
    matching = [text for text in candidates if rule.keywords and _mentions(text, rule.keywords)]
    return next(iter(matching or candidates), None)


def _without_prefix(title: str, rule: LeadRule) -> str:
    prefix = (rule.name_prefix or "").strip()
    return title[len(prefix) :] if prefix and _begins_with(title, prefix) else title


def _without_vehicle(title: str, order: Order) -> str:
    vehicle = (order.generated_vehicle_name or "").strip()
    return re.sub(re.escape(vehicle), "", title, flags=re.IGNORECASE) if vehicle else title


def _clean(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" -\u2013\u2014:|,;.#/")[:INTEREST_CHARACTERS].strip()
