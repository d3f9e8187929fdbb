"""Publishing fails while connection or channel do, cancels nobody, and goes on by itself afterwards."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from aio_pika import RobustChannel
from aio_pika.exceptions import ChannelClosed, ChannelNotFoundEntity
from faults.proxy import Impediment, Proxy
from shared.events import CONTENT_TYPE, MessageSent
from shared.messaging import publisher
from shared.messaging.publisher import NotConfirmed, Publisher, open_publisher
from shared.messaging.topology import LOG_EXCHANGE
from testkit.patience import eventually

pytestmark = pytest.mark.rabbit


@pytest.fixture
async def proxy(broker_accounts: dict[str, str]) -> AsyncIterator[Proxy]:
    proxy = Proxy(urlsplit(broker_accounts["chat"]).port or 5672)
    await proxy.start()
    yield proxy
    await proxy.close()


async def test_a_connection_given_up_as_stuck_fails_the_event_and_cancels_nobody(
    broker_accounts: dict[str, str], proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gives up what it waits for by cancelling it, which must not look as if we were told to stop."""
    monkeypatch.setattr(publisher, "HEARTBEAT_SECONDS", 1)
    monkeypatch.setattr(publisher, "PUBLISH_TIMEOUT_SECONDS", 60)
    parts = urlsplit(broker_accounts["chat"])
    url = parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{proxy.port}").geturl()
    async with open_publisher(url, "test") as silenced:
        await publish(silenced)
        with proxy.impeded(Impediment(blackhole=True)), pytest.raises(NotConfirmed, match="stuck"):
            await publish(silenced)
        proxy.cut()
        await eventually(lambda: published(silenced), within_seconds=30)


async def test_a_channel_that_the_client_gave_up_is_opened_again(
    broker_accounts: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is in flight to a missing exchange can close the new channel, too, before the client is done with it."""
    given_up = asyncio.Event()

    async def closed_again(_channel: RobustChannel) -> None:
        given_up.set()
        raise ChannelNotFoundEntity

    async with open_publisher(broker_accounts["chat"], "test") as publisher:
        with monkeypatch.context() as patched:
            patched.setattr(RobustChannel, "_on_open", closed_again)
            with pytest.raises(ChannelClosed):
                await publish(publisher, "missing")
            await given_up.wait()
        await eventually(lambda: published(publisher), within_seconds=10)


async def published(open_: Publisher) -> bool:
    try:
        await publish(open_)
    except Exception:  # noqa: BLE001 - not connected yet
        return False
    return True


async def publish(open_: Publisher, exchange: str = LOG_EXCHANGE) -> None:
    await open_.publish(exchange, MessageSent.type, b"{}", message_id="sample", content_type=CONTENT_TYPE)
