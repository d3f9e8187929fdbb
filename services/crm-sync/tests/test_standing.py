"""What becomes of a lead's order there is told once for each change, by the tenant's rule, and never by an older look."""

from typing import Any

import pytest
from crm_sync.domain.crm import Order
from crm_sync.domain.lead_rule import LeadRule
from crm_sync.domain.standing import standing_of
from pydantic.alias_generators import to_camel

from sandbox import shop as books

from .conftest import RULE

TOLD = "crm.order.observed.v1"


@pytest.mark.parametrize(
    ("order", "column", "rule", "wanted"),
    [
        ({}, None, {}, ("open", None)),
        ({"authorized": True}, None, {}, ("won", "authorized")),
        ({"invoiced_date": "2026-11-22T17:00:00Z"}, None, {}, ("won", "invoiced")),
        ({"paid": True, "archived": True}, None, {}, ("won", "paid")),
        ({"authorized": True}, None, {"won_when": ["paid"]}, ("open", None)),
        ({"archived": True}, None, {}, ("lost", "archived")),
        ({"archived": True}, None, {"lost_when": ["deleted"]}, ("open", None)),
        ({"deleted": True}, None, {}, ("lost", "deleted")),
        ({"deleted": True, "paid": True}, None, {}, ("won", "paid")),
        ({}, " lost ", {"lost_columns": ["Lost"]}, ("lost", "column")),
        ({}, "Lost", {}, ("open", None)),
    ],
)
def test_won_and_lost_are_data(
    order: dict[str, Any], column: str | None, rule: dict[str, Any], wanted: tuple[str, str | None]
) -> None:
    fields = {to_camel(name): value for name, value in order.items()}
    standing = standing_of(
        Order.model_validate({"id": "o", **fields}), column=column, rule=LeadRule.model_validate(rule)
    )
    assert standing is not None
    assert (standing.outcome, standing.cause) == wanted


async def change(shop: Any, order: dict[str, Any], **fields: Any) -> None:
    books.update(shop.sandbox.world, "order", order["order_id"], fields)
    await shop.webhook("order", order["order_id"], "UPDATE")


async def told(shop: Any) -> list[tuple[str, str | None]]:
    return [(fact["outcome"], fact.get("cause")) for fact in await shop.published(TOLD)]


async def test_a_lead_s_order_is_authorized_then_paid_and_told_once(shop: Any) -> None:
    _, order = await shop.new_lead()
    await shop.webhook("order", order["order_id"])

    await change(shop, order, authorized=True)
    await change(shop, order, invoiced=True, paid=True)

    assert await told(shop) == [("won", "authorized")]
    [fact] = await shop.published(TOLD)
    assert fact["order_id"] == order["order_id"]


async def test_lost_and_open_again(shop: Any) -> None:
    _, order = await shop.new_lead()

    await change(shop, order, archived=True)
    await change(shop, order, archived=False)

    assert await told(shop) == [("lost", "archived"), ("open", None)]


async def test_a_column_that_means_lost(shop: Any) -> None:
    await shop.open(version=2, crm_lead_rule=RULE | {"lost_columns": ["Invoiced"]})
    _, order = await shop.new_lead()
    columns = shop.sandbox.world.tables["workflow_status"].values()
    [lost] = [
        column["id"]
        for column in columns
        if column["name"] == "Invoiced" and column["locationId"] == "sample-sm-094"
    ]

    await change(shop, order, workflowStatusId=lost)

    assert await told(shop) == [("lost", "column")]


async def test_a_late_webhook_of_a_deletion_takes_no_won_order_back(shop: Any) -> None:
    _, order = await shop.new_lead()
    await change(shop, order, paid=True)

    await shop.webhook("order", order["order_id"], "DELETE")

    assert await told(shop) == [("won", "paid")]


async def test_an_order_that_is_no_lead_tells_nothing(shop: Any) -> None:
    order = await shop.new_order(service="oil change")

    await change(shop, order, paid=True)

    assert await told(shop) == []


async def test_the_order_that_we_wrote_is_followed_too(shop: Any) -> None:
    await shop.form_lead()
    await shop.work()
    [order] = shop.rows("order")

    await change(shop, {"order_id": order["id"]}, authorized=True)

    assert await told(shop) == [("won", "authorized")]


async def test_an_order_that_one_read_does_not_find_is_not_lost(shop: Any) -> None:
    _, order = await shop.new_lead()
    row = shop.sandbox.world.tables["order"].pop(order["order_id"])

    await shop.observe("order", row, "UPDATE")
    assert await told(shop) == []

    await shop.observe("order", row, "DELETE")
    assert await told(shop) == [("lost", "deleted")]


@pytest.mark.parametrize("lost_when", [["archived", "deleted"], ["archived"]])
async def test_a_won_order_that_leaves_our_sight_stays_won(shop: Any, lost_when: list[str]) -> None:
    await shop.open(version=2, crm_lead_rule=RULE | {"lost_when": lost_when})
    _, order = await shop.new_lead()
    await change(shop, order, paid=True)

    await change(shop, order, locationId="sample-sm-201")
    await change(shop, order, locationId="sample-sm-094", paid=False, deleted=True, archived=True)
    row = shop.sandbox.world.tables["order"].pop(order["order_id"])
    await shop.observe("order", row, "UPDATE")
    await shop.observe("order", row, "DELETE")

    assert await told(shop) == [("won", "paid")]
