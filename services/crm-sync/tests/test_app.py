"""The whole service between a real broker and ShopMonkey."""

from typing import Any
from uuid import uuid4

import aio_pika
from crm_sync.app import build_app
from crm_sync.settings import Settings
from shared.events import CONTENT_TYPE, CrmRef, Event
from shared.messaging.publisher import open_publisher
from shared.messaging.topology import EVENTS_EXCHANGE
from testkit.patience import eventually


def settings(shop: Any, *, database_url: str, rabbitmq_url: str) -> Settings:
    sandbox = shop.sandbox
    key = sandbox.world.settings.shopmonkey_api_key
    return Settings.model_validate(
        {
            "database_url": database_url,
            "rabbitmq_url": rabbitmq_url,
            "shopmonkey_accounts": {"default": {"base_url": f"{sandbox.url}/shopmonkey", "api_key": key}},
            "poll_seconds": 3600,
        }
    )


async def publish(rabbitmq_url: str, *events: Event[Any]) -> None:
    async with open_publisher(rabbitmq_url, "test") as publisher:
        for event in events:
            await publisher.publish(
                EVENTS_EXCHANGE,
                event.type,
                event.to_json(),
                message_id=str(event.id),
                content_type=CONTENT_TYPE,
            )


async def test_a_webhook_becomes_a_published_lead_and_a_booking_an_appointment(
    unopened_shop: Any, database_url: str, rabbitmq_url: str
) -> None:
    shop = unopened_shop
    order, lead_id = await shop.new_order(), uuid4()
    app = build_app(settings(shop, database_url=database_url, rabbitmq_url=rabbitmq_url))
    async with app.router.lifespan_context(app):
        await publish(rabbitmq_url, shop.event(shop.location()))
        await eventually(lambda: shop.select("SELECT 1 FROM locations"))
        await publish(
            rabbitmq_url,
            shop.change("order", shop.row("order", order["order_id"])),
            shop.event(shop.lead(lead_id, CrmRef(order_id=order["order_id"]))),
            shop.event(shop.booking(lead_id)),
        )

        async def written() -> bool:
            return bool(shop.rows("appointment") and shop.rows("message"))

        await eventually(written)
        body = await eventually(lambda: next_message(rabbitmq_url, "ingest.crm.lead.observed.v1"))

    assert order["order_id"].encode() in body


async def next_message(rabbitmq_url: str, queue_name: str) -> bytes:
    """Empty while there is none."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        queue = await (await connection.channel()).get_queue(queue_name)
        message = await queue.get(no_ack=True, fail=False)
        return message.body if message else b""
