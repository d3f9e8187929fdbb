"""The one place that publishes: persistent, confirmed, mandatory, time-limited, on a connection of its own."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager

import aio_pika
from aio_pika.abc import AbstractExchange, AbstractRobustChannel, AbstractRobustConnection, DeliveryMode
from pamqp.commands import Basic

from shared.db.time import database_now

PUBLISH_TIMEOUT_SECONDS = 10
HEARTBEAT_SECONDS = 10


class NotConfirmed(Exception):
    """The broker did not take the message; it must be published again."""


class Publisher:
    """Publishes to exchanges that exist. Raises what aio-pika raises, `TimeoutError` or `NotConfirmed` on failure."""

    def __init__(self, connection: AbstractRobustConnection, channel: AbstractRobustChannel) -> None:
        self._connection = connection
        self._channel = channel
        self._reopening = asyncio.Lock()
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
        message = message_of(
            body, type_=routing_key, message_id=message_id, content_type=content_type, headers=headers
        )
        await self.send(exchange, message)

    async def send(self, exchange: str, message: aio_pika.Message) -> None:
        """Its type is the routing key."""
        with _told_from_our_own_end(exchange, message.message_id):
            async with asyncio.timeout(PUBLISH_TIMEOUT_SECONDS):
                if self._channel.is_closed or not self._connection.connected.is_set():
                    await self._reopen_channel()
                target = await self._exchange(exchange)
                answer = await target.publish(message, str(message.type), mandatory=True)
        if not isinstance(answer, Basic.Ack):
            raise NotConfirmed(f"{exchange!r} answered {answer!r} for message {message.message_id}")

    async def _reopen_channel(self) -> None:
        """aio-pika leaves a channel closed for good when it is closed again while it comes back (10.2.1)."""
        await self._connection.ready()
        async with self._reopening:
            if self._channel.is_closed:
                await self._channel.restore()  # waits for the client's own attempt, if it makes one
            if self._channel.is_closed:
                await self._channel.reopen()

    async def _exchange(self, name: str) -> AbstractExchange:
        """By name only: a service has no right to declare, and robust channels would declare it anew on reconnect."""
        if name not in self._exchanges:
            self._exchanges[name] = await self._channel.get_exchange(name, ensure=False)
        return self._exchanges[name]


def message_of(
    body: bytes,
    *,
    type_: str,
    message_id: str,
    content_type: str,
    headers: Mapping[str, str | int] | None = None,
) -> aio_pika.Message:
    return aio_pika.Message(
        body,
        message_id=message_id,
        content_type=content_type,
        type=type_,
        headers=dict(headers or {}),
        delivery_mode=DeliveryMode.PERSISTENT,
        timestamp=database_now(),
    )


@contextmanager
def _told_from_our_own_end(exchange: str, message_id: str | None) -> Iterator[None]:
    """The client cancels what waits on a connection that it gives up; unchanged, that would end the caller's task."""
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise NotConfirmed(
            f"the connection was stuck: {exchange!r} did not answer for message {message_id}"
        ) from error


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
        yield Publisher(connection, channel)
