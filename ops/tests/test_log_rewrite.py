"""Events are taken out of the log under load: what stays is whole, and relays go on."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import aio_pika
import pytest
from ops.log_rewrite import take_out
from ops.log_stream import ASIDE, BeingRewritten, log_until_now
from ops.streams import read_on
from shared.messaging.publisher import Publisher, open_publisher
from shared.messaging.topology import DISCARDED_STREAM, LOG_EXCHANGE, LOG_STREAM

pytestmark = [pytest.mark.rabbit, pytest.mark.timeout(120)]


def event(subject: str, number: int) -> bytes:
    return json.dumps({
        "id": str(uuid4()), "type": "lead.received.v1", "subject": subject, "time": "2026-11-30T00:00:00+00:00",
        "data": {"number": number},
    }).encode()  # fmt: skip


async def publish(publisher: Publisher, subject: str, number: int) -> None:
    """As a relay does: what the broker returned would raise."""
    await publisher.publish(
        LOG_EXCHANGE,
        "lead.received.v1",
        event(subject, number),
        message_id=str(uuid4()),
        content_type="application/json",
    )


@asynccontextmanager
async def loaded(publisher: Publisher, subject: str) -> AsyncIterator[list[int]]:
    """What is published, one after the other, until the block ends."""
    stop, written = asyncio.Event(), list[int]()

    async def load() -> None:
        while not stop.is_set():
            number = 10_000 + len(written)
            await publish(publisher, subject, number)
            written.append(number)

    loading = asyncio.create_task(load())
    try:
        yield written
    finally:
        stop.set()
        await loading


async def numbers(url: str, subject: str) -> list[int]:
    async with log_until_now(url, None) as log:
        return [one.event["data"]["number"] async for one in log if one.event.get("subject") == subject]


def of(subject: str):
    return lambda message: json.loads(message.body).get("subject") == subject


async def test_under_load_nothing_is_lost_or_doubled_and_no_relay_is_refused(rabbitmq_url: str) -> None:
    theirs, other = str(uuid4()), str(uuid4())
    async with open_publisher(rabbitmq_url, "test") as publisher:
        for number in range(500):
            await publish(publisher, theirs if number % 5 == 0 else other, number)
        async with loaded(publisher, other) as written:
            assert await take_out(rabbitmq_url, LOG_STREAM, of(theirs)) == 100
    assert await numbers(rabbitmq_url, theirs) == []
    kept = await numbers(rabbitmq_url, other)
    assert kept[:400] == [number for number in range(500) if number % 5]
    assert sorted(kept[400:]) == written
    assert len(written) > 10


class Died(Exception):
    pass


def dying_after(messages: int, subject: str):
    """A drop that breaks off where a killed process would."""
    left = messages

    def drop(message) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise Died
        return of(subject)(message)

    return drop


@pytest.mark.parametrize("messages", [50, 150, 250, 330])
async def test_wherever_it_breaks_off_relays_go_on_and_the_next_one_heals(
    rabbitmq_url: str, messages: int
) -> None:
    """In the first look, in the copy aside, and in the copy back."""
    await take_out(rabbitmq_url, LOG_STREAM, lambda _: True)
    theirs, other = str(uuid4()), str(uuid4())
    async with open_publisher(rabbitmq_url, "test") as publisher:
        for number in range(100):
            await publish(publisher, theirs if number == 0 else other, number)
        async with loaded(publisher, other) as written:
            with pytest.raises(Died):
                await take_out(rabbitmq_url, LOG_STREAM, dying_after(messages, theirs))
            await publish(publisher, other, 1_000)
            await take_out(rabbitmq_url, LOG_STREAM, of(theirs))
    assert await numbers(rabbitmq_url, theirs) == []
    assert sorted(await numbers(rabbitmq_url, other)) == [*range(1, 100), 1_000, *written]


async def test_an_event_keeps_its_id_type_and_headers(rabbitmq_url: str) -> None:
    theirs, other = str(uuid4()), str(uuid4())
    async with open_publisher(rabbitmq_url, "test") as publisher:
        await publish(publisher, theirs, 1)
        await publish(publisher, other, 2)
        async with log_until_now(rabbitmq_url, None) as log:
            before = [one async for one in log if one.event.get("subject") == other]
        await take_out(rabbitmq_url, LOG_STREAM, of(theirs))
        async with log_until_now(rabbitmq_url, None) as log:
            assert [one async for one in log if one.event.get("subject") == other] == before


async def test_discarded_dead_letters_are_taken_out_too(rabbitmq_url: str) -> None:
    theirs = str(uuid4())
    async with open_publisher(rabbitmq_url, "test") as publisher:
        await publisher.publish(
            "", DISCARDED_STREAM, event(theirs, 1), message_id=str(uuid4()), content_type="application/json"
        )
    assert await take_out(rabbitmq_url, DISCARDED_STREAM, of(theirs)) == 1
    assert await take_out(rabbitmq_url, DISCARDED_STREAM, of(theirs)) == 0


async def test_whoever_reads_it_meanwhile_is_told(rabbitmq_url: str) -> None:
    theirs = str(uuid4())
    async with open_publisher(rabbitmq_url, "test") as publisher:
        await publish(publisher, theirs, 1)
    async with read_on(rabbitmq_url, LOG_STREAM, "next") as messages:
        assert await take_out(rabbitmq_url, LOG_STREAM, of(theirs)) == 1
        with pytest.raises(ConnectionError, match="written anew"):
            await anext(messages)


@asynccontextmanager
async def broken_off(url: str, subject: str, *, deleted: bool) -> AsyncIterator[None]:
    """A rewrite that ended with its process: aside is a copy, the log unbound, perhaps deleted."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        log = await channel.get_queue(LOG_STREAM)
        aside = await channel.declare_queue(
            ASIDE.format(LOG_STREAM), durable=True, arguments={"x-queue-type": "stream", "x-max-age": "30D",
            "x-max-length-bytes": 20_000_000_000, "x-stream-max-segment-size-bytes": 100_000_000},
        )  # fmt: skip
        await aside.bind(LOG_EXCHANGE, "#")
        await log.unbind(LOG_EXCHANGE, "#")
        async with open_publisher(url, "test") as publisher:
            await publish(publisher, subject, 1)
        if deleted:
            await log.delete(if_unused=False, if_empty=False)
    yield


@pytest.mark.parametrize("deleted", [False, True])
async def test_one_that_broke_off_is_healed_by_the_next(rabbitmq_url: str, *, deleted: bool) -> None:
    other = str(uuid4())
    async with broken_off(rabbitmq_url, other, deleted=deleted):
        with pytest.raises(BeingRewritten):
            await numbers(rabbitmq_url, other)
        assert await take_out(rabbitmq_url, LOG_STREAM, of(str(uuid4()))) == 0
        assert await numbers(rabbitmq_url, other) == [1]
        async with open_publisher(rabbitmq_url, "test") as publisher:
            await publish(publisher, other, 2)
        assert await numbers(rabbitmq_url, other) == [1, 2]
