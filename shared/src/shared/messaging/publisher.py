"""The one place that publishes: persistent, confirmed, mandatory, time-limited, on a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractRobustChannel, DeliveryMode
from pamqp.commands import Basic

PUBLISH_TIMEOUT_SECONDS = 10
HEARTBEAT_SECONDS = 10


class NotConfirmed(Exception):
    """The broker did not take the message; it must be published again."""


class Publisher:
    """Publishes to exchanges that exist. Raises what aio-pika raises, `TimeoutError` or `NotConfirmed` on failure."""

    def __init__(self, channel: AbstractRobustChannel) -> None:
        self._channel = channel
        self._exchanges: dict[str, AbstractExchange] = {}

    async def publish(
        self,
        exchange: str,
        routing_key: str,
        body: bytes,
        *,
        message_id: str,
        content_type: str,
        headers: Mapping[str, str | int] | None = None,
    ) -> None:
        message = aio_pika.Message(
            body,
            message_id=message_id,
            content_type=content_type,
            type=routing_key,
            headers=dict(headers or {}),
            delivery_mode=DeliveryMode.PERSISTENT,
            timestamp=datetime.now(UTC),
        )
        async with asyncio.timeout(PUBLISH_TIMEOUT_SECONDS):
            target = await self._exchange(exchange)
            answer = await target.publish(message, routing_key, mandatory=True)
        if not isinstance(answer, Basic.Ack):
            raise NotConfirmed(f"{exchange!r} answered {answer!r} for message {message_id}")

    async def _exchange(self, name: str) -> AbstractExchange:
        """By name only: a service has no right to declare, and robust channels would declare it anew on reconnect."""
        if name not in self._exchanges:
            self._exchanges[name] = await self._channel.get_exchange(name, ensure=False)
        return self._exchanges[name]


@asynccontextmanager
async def open_publisher(rabbitmq_url: str, name: str) -> AsyncIterator[Publisher]:
    """Connects; raises when the broker does not answer. Reconnects by itself later on."""
    connection = await aio_pika.connect_robust(
        rabbitmq_url,
        heartbeat=HEARTBEAT_SECONDS,
        reconnect_interval=1,
        client_properties={"connection_name": f"{name}-publisher"},
    )
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        yield Publisher(channel)
