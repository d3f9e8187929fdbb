"""A service's side of RabbitMQ: its consumers and its relay, from start to graceful stop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import structlog
from faststream.middlewares import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue, RabbitRouter
from faststream.rabbit.schemas import QueueType

from shared.clock import Clock
from shared.db.engine import relay_url
from shared.events import EventData, ServiceName
from shared.messaging.failures import decode, failure_middleware
from shared.messaging.publisher import Publisher, open_publisher
from shared.messaging.relay import Relay
from shared.messaging.retention import INTERVAL_SECONDS, purge
from shared.messaging.topology import queue_for
from shared.settings import ServiceSettings
from shared.telemetry.logs import without_words

log = structlog.get_logger()

PREFETCH = 10
GRACEFUL_SECONDS = 7
"""For events in flight; with 3 s before it for open HTTP answers a service stops within 10 s."""
RECONNECT_SECONDS = 1

ACK_POLICY = AckPolicy.REJECT_ON_ERROR
"""Written out at every subscriber: what the failure middleware does not put aside goes to the dead letters."""


def work_queue(service: ServiceName, event: type[EventData]) -> RabbitQueue:
    """The queue as the topology declares and binds it; a consumer only looks it up."""
    return RabbitQueue(queue_for(service, event), queue_type=QueueType.QUORUM, durable=True, declare=False)


class Messaging:
    """What a service needs of RabbitMQ; `ready` while consumers and relay are connected."""

    def __init__(
        self, settings: ServiceSettings, service: ServiceName, router: RabbitRouter | None = None
    ) -> None:
        self._settings = settings
        self._service = service
        self._router = router
        self._publisher: Publisher | None = None
        self.ready = False
        dsn = relay_url(settings.database_url)
        self.relay = Relay(dsn, self.publisher, service)
        self._retention = Clock(
            f"{service}-retention", partial(_purge, dsn, settings.retention_days), INTERVAL_SECONDS
        )

    def publisher(self) -> Publisher:
        """Raises `ConnectionError` before the first connection."""
        if self._publisher is None:
            raise ConnectionError("RabbitMQ has not been reached yet")
        return self._publisher

    def build_broker(self) -> RabbitBroker:
        broker = RabbitBroker(
            self._settings.rabbitmq_url,
            default_channel=Channel(prefetch_count=PREFETCH, on_return_raises=True),
            reconnect_interval=RECONNECT_SECONDS,
            graceful_timeout=GRACEFUL_SECONDS,
            app_id=self._service,
            client_properties={"connection_name": f"{self._service}-consumers"},  # type: ignore[arg-type]
            decoder=decode,
            middlewares=[failure_middleware(self._service, self.publisher)],
            logger=None,
        )
        if self._router is not None:
            broker.include_router(self._router)
        return broker

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connects in the background, so that HTTP endpoints open and answer while RabbitMQ is away."""
        connected = asyncio.create_task(self._stay_connected(), name=f"{self._service}-messaging")
        try:
            async with self._retention.running():
                yield
        finally:
            await _end(connected)

    async def _stay_connected(self) -> None:
        while True:
            try:
                async with AsyncExitStack() as stack:
                    self._publisher = await stack.enter_async_context(
                        open_publisher(self._settings.rabbitmq_url, self._service)
                    )
                    relay = asyncio.create_task(self.relay.run(), name=f"{self._service}-relay")
                    stack.push_async_callback(_end, relay)
                    broker = await stack.enter_async_context(self.build_broker())
                    await broker.start()
                    self.ready = True
                    await asyncio.wait({relay})
                    raise ConnectionError("the relay has ended")  # noqa: TRY301 - by whatever: all is opened anew
            except Exception as error:  # noqa: BLE001 - the edge of the process: name it, wait, try again
                log.warning("messaging.not_connected", service=self._service, reason=without_words(error))
                await asyncio.sleep(RECONNECT_SECONDS)
            finally:
                self.ready = False


async def _purge(dsn: str, retention_days: int) -> bool:
    await purge(dsn, retention_days)
    return False


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
