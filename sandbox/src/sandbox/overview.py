"""The page's view of the world: the customers' phones and inboxes, and the shop's board."""

from sandbox.faults import VENDORS
from sandbox.rows import Row, parse_iso
from sandbox.staff import calendar
from sandbox.world import World

_SHOWN_LEADS = 30
_SHOWN_MESSAGES = 200


def overview(world: World) -> Row:
    """Leads newest first; messages oldest first, the latest of them only."""
    leads = world.leads[-_SHOWN_LEADS:][::-1]
    return {
        "revision": world.revision,
        "gateway_url": world.settings.gateway_url,
        "leads": [lead | _arrivals(world, lead) for lead in leads],
        "inbox": world.inbox[-_SHOWN_MESSAGES:],
        "written": world.written_by_customers[-_SHOWN_MESSAGES:],
        "columns": _columns(world),
        "orders": [
            _order(world, order) for order in list(world.tables["order"].values())[-_SHOWN_LEADS * 2 :]
        ],
        "calendar": calendar(world),
        "locations": list(world.tables["location"].values()),
        "faults": {vendor: world.faults.get(vendor).mode for vendor in VENDORS},
    }


def _arrivals(world: World, lead: Row) -> Row:
    return {
        "email_ms": _first_arrival(world, "email", lead["email"], lead["sent_at"]),
        "sms_ms": _first_arrival(world, "sms", lead["phone"], lead["sent_at"]),
    }


def _first_arrival(world: World, channel: str, to: str | None, since: str) -> int | None:
    for item in world.inbox[-_SHOWN_MESSAGES:]:
        if item["channel"] == channel and item["to"] == to and item["received_at"] >= since:
            return round((parse_iso(item["received_at"]) - parse_iso(since)).total_seconds() * 1000)
    return None


def _columns(world: World) -> list[Row]:
    """By name: the shops' columns lie side by side on one board."""
    names: dict[str, Row] = {}
    for column in world.tables["workflow_status"].values():
        names.setdefault(column["name"], {"name": column["name"], "ids": []})["ids"].append(column["id"])
    return list(names.values())


def _order(world: World, order: Row) -> Row:
    tables = world.tables
    shop = tables["location"].get(order["locationId"]) or {}
    return order | {
        "customer": tables["customer"].get(order["customerId"]),
        "shop": shop.get("name"),
        "timezone": shop.get("timezone"),
        "appointments": [a for a in tables["appointment"].values() if a["orderId"] == order["id"]],
        "messages": [m for m in tables["message"].values() if m["orderId"] == order["id"]],
    }
