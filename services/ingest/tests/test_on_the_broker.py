from uuid import uuid4

import aio_pika
import pytest
from shared.events import CONTENT_TYPE, CrmLeadObserved, LeadReceived
from shared.messaging.publisher import open_publisher
from shared.messaging.topology import EVENTS_EXCHANGE, dead_letters_of, queue_for
from testkit.patience import eventually

from .conftest import Rows, application
from .test_lead_events import observed

pytestmark = pytest.mark.rabbit


async def test_an_order_replayed_on_the_broker_becomes_one_lead_whose_event_leaves_once(
    database_url, rabbitmq_url, event, location_id, rows: Rows
):
    seen, last = event(observed(location_id)), event(observed(uuid4()))
    app = application(database_url, rabbitmq_url)
    async with app.router.lifespan_context(app), open_publisher(rabbitmq_url, "test") as publisher:
        for one in (seen, seen, last):
            await publisher.publish(
                EVENTS_EXCHANGE,
                CrmLeadObserved.type,
                one.to_json(),
                message_id=str(one.id),
                content_type=CONTENT_TYPE,
            )
        await eventually(lambda: _waiting(rabbitmq_url, dead_letters_of("ingest")))
        await eventually(lambda: _waiting(rabbitmq_url, queue_for("chat", LeadReceived)))
        await eventually(lambda: _idle(rabbitmq_url))
    assert len(await rows("SELECT id FROM leads")) == 1
    assert await _waiting(rabbitmq_url, queue_for("chat", LeadReceived)) == 1
    assert await _waiting(rabbitmq_url, dead_letters_of("ingest")) == 1


async def _idle(rabbitmq_url: str) -> bool:
    return await _waiting(rabbitmq_url, queue_for("ingest", CrmLeadObserved)) == 0


async def _waiting(rabbitmq_url: str, queue: str) -> int:
    async with await aio_pika.connect(rabbitmq_url) as connection:
        channel = await connection.channel()
        found = await channel.get_queue(queue)
        return found.declaration_result.message_count or 0
