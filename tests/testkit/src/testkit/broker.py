"""A virtual host with the whole topology, emptied before each test."""

import aio_pika
from shared.events import CONSUMES, SERVICES
from shared.messaging import topology


async def purge(rabbitmq_url: str) -> None:
    """Every work, retry and dead-letter queue; the log stream only grows."""
    connection = await aio_pika.connect(rabbitmq_url)
    async with connection:
        channel = await connection.channel()
        for name in _queues():
            queue = await channel.get_queue(name)
            await queue.purge()


def _queues() -> list[str]:
    work = [topology.queue_for(service, event) for service in SERVICES for event in CONSUMES[service]]
    retry = [
        topology.retry_of(service, delay) for service in SERVICES for delay in topology.RETRY_DELAYS_SECONDS
    ]
    return work + retry + [topology.dead_letters_of(service) for service in SERVICES]
