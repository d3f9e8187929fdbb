"""Numbers and addresses that staff add to a customer later reach the customer's leads."""

from typing import Any
from uuid import uuid4

from crm_sync.actions.customers import look_at_customer_again
from sandbox.shopmonkey_rows import iso, now, phone_row
from shared.events import CrmRef

LEAD = "crm.lead.observed.v1"


async def new_lead(shop: Any) -> dict[str, Any]:
    order: dict[str, Any] = await shop.new_order(email="avery@example.com", phone="+16195550123")
    await shop.webhook("order", order["order_id"])
    ref = CrmRef(order_id=order["order_id"], customer_id=order["customer_id"])
    await shop.keep_lead(uuid4(), ref)
    return order


def add_number(shop: Any, order: dict[str, Any], number: str, **flags: bool | None) -> None:
    """By staff, in ShopMonkey."""
    customer = shop.sandbox.world.tables["customer"][order["customer_id"]]
    customer["phoneNumbers"].append(phone_row(customer["id"], {"number": number, **flags}))
    customer["updatedDate"] = iso(now())


async def others_told(shop: Any) -> list[list[str]]:
    return [fact.get("other_addresses", []) for fact in await shop.published(LEAD)]


async def test_a_number_added_later_is_told_by_the_customers_webhook_and_once(shop: Any) -> None:
    order = await new_lead(shop)
    add_number(shop, order, "+16195550177")

    await shop.webhook("customer", order["customer_id"], "UPDATE")
    await shop.webhook("customer", order["customer_id"], "UPDATE")

    assert await others_told(shop) == [[], ["+16195550177"]]


async def test_a_number_added_later_is_found_by_the_poll_of_customers(shop: Any) -> None:
    order = await new_lead(shop)
    add_number(shop, order, "+16195550177")

    await look_at_customer_again(shop.deps, shop.tenant_id, order["customer_id"])

    assert await others_told(shop) == [[], ["+16195550177"]]


async def test_a_refusal_at_the_new_number_is_told_as_well(shop: Any) -> None:
    order = await new_lead(shop)
    add_number(shop, order, "+16195550177", optIn=False)

    await shop.webhook("customer", order["customer_id"], "UPDATE")

    refused = [
        one["address"]
        for fact in await shop.published("crm.consent.observed.v1")
        for one in fact["consents"]
        if not one["granted"]
    ]
    assert refused == ["+16195550177"]


async def test_orders_are_read_again_only_for_other_addresses(shop: Any) -> None:
    order = await new_lead(shop)
    await shop.webhook("customer", order["customer_id"], "UPDATE")
    asked = shop.calls("GET", f"/order/{order['order_id']}")

    await shop.webhook("customer", order["customer_id"], "UPDATE")

    assert shop.calls("GET", f"/order/{order['order_id']}") == asked


async def test_while_an_order_cannot_be_read_the_new_number_is_not_forgotten(shop: Any) -> None:
    order = await new_lead(shop)
    add_number(shop, order, "+16195550177")
    row = shop.sandbox.world.tables["order"].pop(order["order_id"])

    await shop.webhook("customer", order["customer_id"], "UPDATE")
    shop.sandbox.world.tables["order"][order["order_id"]] = row
    await shop.webhook("customer", order["customer_id"], "UPDATE")

    assert await others_told(shop) == [[], ["+16195550177"]]
