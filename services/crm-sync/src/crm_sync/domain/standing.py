"""What has become of an order, by the tenant's own rule."""

from dataclasses import dataclass
from typing import Literal

from crm_sync.domain.crm import Order
from crm_sync.domain.lead_rule import LeadRule, same_name

Cause = Literal["authorized", "invoiced", "paid", "column", "archived", "deleted"]


@dataclass(frozen=True)
class Standing:
    outcome: Literal["open", "won", "lost"]
    cause: Cause | None = None


OPEN = Standing("open")


def standing_of(order: Order, *, column: str | None, rule: LeadRule) -> Standing | None:
    """Won before lost: a paid order is archived as a matter of course. `column`: the name of the order's column. None: as `standing_of_deleted`."""
    for reason in rule.won_when:
        if order.is_(reason):
            return Standing("won", reason)
    if order.is_("deleted"):
        return standing_of_deleted(rule)
    for cause in rule.lost_when:
        if order.is_(cause):
            return Standing("lost", cause)
    if column is not None and same_name(column) in {same_name(name) for name in rule.lost_columns}:
        return Standing("lost", "column")
    return OPEN


def standing_of_deleted(rule: LeadRule) -> Standing | None:
    """None: that says nothing of the lead."""
    return Standing("lost", "deleted") if "deleted" in rule.lost_when else None
