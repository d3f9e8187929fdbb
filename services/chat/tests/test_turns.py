"""Turn taking with several workers and with a worker that dies: one answer, whatever happens."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from uuid import uuid4

import pytest
from chat.actions.answering import claim, claim_owed
from chat.actions.messages import Written, receive_message
from chat.actions.offline import OfflineAssistant
from chat.actions.records import scene_of
from chat.schedule import AnsweringClock
from shared.db.engine import create_engine, create_sessions, transaction
from shared.http.links import Link
from shared.staff_sessions import public_key
from shared.understanding.opt_out import hear_opt_out
from sqlalchemy import event
from testkit.patience import eventually
from testkit.secrets import KEY

pytestmark = pytest.mark.postgres


def authors(messages):
    return [message.author for message in messages]


@pytest.fixture
async def two_replicas(chat, database_url):
    """The answering clocks of two processes: nothing in common but the database."""
    await hear_opt_out("hello", None)  # a service loads what it needs for this at its start
    async with AsyncExitStack() as stack:
        for _ in range(2):
            engine = create_engine(database_url)
            stack.push_async_callback(engine.dispose)
            deps = replace(chat.deps, sessions=create_sessions(engine), quiet_seconds=6, answer_seconds=20)
            await stack.enter_async_context(AnsweringClock(deps, [OfflineAssistant()]).running())
        yield


async def test_with_two_replicas_each_burst_gets_one_answer(chat, lead_received, new_event, two_replicas):
    customers = [chat]
    for _ in range(7):
        lead = lead_received.model_copy(update={"lead_id": uuid4()})
        opened = replace(chat, lead=Link(chat.lead.tenant_id, lead.lead_id))
        await opened.greet(new_event(lead))
        customers.append(opened)

    for words in ("hi", "one question", "how much is it?"):
        await asyncio.gather(*(customer.write(words) for customer in customers))

    async def all_answered():
        rows = [await customer.row() for customer in customers]
        return all(row.answer_due_at is None and row.answering_until is None for row in rows)

    await eventually(all_answered, within_seconds=40)
    for customer in customers:
        messages = await customer.messages()
        assert authors(messages) == ["assistant", "customer", "customer", "customer", "assistant"]
        assert "$449.00" in messages[-1].text


async def test_the_message_is_stored_before_anything_is_asked_for_its_answer(chat):
    stored = []
    received = await chat.write("how much?")

    class Watching(OfflineAssistant):
        async def answer(self, turn, tools):
            stored.extend(message.id for message in await chat.messages())
            async for step in super().answer(turn, tools):
                yield step

    await AnsweringClock(chat.deps, [Watching()]).drain()
    assert received.message.id in stored


async def test_the_same_client_id_sent_at_once_to_two_replicas_is_one_message(chat):
    received = await asyncio.gather(*(chat.write("how much?", "same") for _ in range(8)))
    assert sum(one.new for one in received) == 1
    assert len({one.message.id for one in received}) == 1
    await chat.answered()
    assert authors(await chat.messages()) == ["assistant", "customer", "assistant"]


@dataclass
class SlowDesk:
    """A booking desk on a real socket: never answers until `answers`, and then with a quote."""

    url: str = ""
    answers: bool = False
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked.set()
        if self.answers:
            quote = {
                "id": str(uuid4()),
                "service": {"code": "ceramic-full", "name": "Ceramic Window Tint"},
                "vehicle_class": "sedan",
                "total_cents": 44900,
                "valid_until": "2099-01-01T00:00:00Z",
            }
            body = json.dumps(quote).encode()
            head = (
                f"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            )
            writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
            await writer.drain()
        else:
            await reader.read()
        writer.close()


@pytest.fixture
async def slow_desk() -> AsyncIterator[SlowDesk]:
    desk = SlowDesk()
    server = await asyncio.start_server(desk.serve, "127.0.0.1", 0)
    desk.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield desk
    server.close()


@asynccontextmanager
async def chat_process(database_url: str, rabbitmq_url: str, desk: SlowDesk):
    """The service as it runs in production, in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "CHAT_DATABASE_URL": database_url,
        "CHAT_RABBITMQ_URL": rabbitmq_url,
        "CHAT_LINK_KEYS_CHAT": KEY,
        "CHAT_SESSION_PUBLIC_KEYS": public_key(KEY),
        "CHAT_PORT": str(port),
        "CHAT_BOOKING_URL": desk.url,
        "CHAT_ANTHROPIC_API_KEY": "",
        "CHAT_ANTHROPIC_ANSWER_SECONDS": "1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "chat",
        "serve",
        env={**os.environ, **settings},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


@pytest.mark.rabbit
@pytest.mark.timeout(180)
async def test_a_process_killed_in_the_middle_of_an_answer_leaves_one_answer_to_the_next(
    chat, database_url, rabbitmq_url, slow_desk
):
    await chat.write("how much is it?")
    async with chat_process(database_url, rabbitmq_url, slow_desk) as first:
        async with asyncio.timeout(60):
            await slow_desk.asked.wait()
        first.send_signal(signal.SIGKILL)
        await first.wait()
    assert authors(await chat.messages()) == ["assistant", "customer"]

    slow_desk.answers = True
    async with chat_process(database_url, rabbitmq_url, slow_desk):

        async def answered():
            return (await chat.row()).answer_due_at is None

        await eventually(answered, within_seconds=90)
    messages = await chat.messages()
    assert authors(messages) == ["assistant", "customer", "assistant"]
    assert "$449.00" in messages[-1].text
    assert await chat.clock.drain() == 0


async def test_who_takes_a_message_with_a_free_seat_begins_its_answer(chat):
    """No clock looks for work here: nothing but the seat can have begun it."""
    received = await receive_message(
        chat.deps, chat.lead, Written("one", text="how much is it?"), desk=chat.clock
    )

    async def answered():
        return (await chat.messages())[-1].reply_to == received.message.id

    await eventually(answered)
    row = await chat.row()
    assert (row.answer_due_at, row.answering_until) == (None, None)


async def test_without_a_free_seat_the_answer_is_left_to_the_clocks(chat, monkeypatch):
    monkeypatch.setattr("chat.schedule.AT_ONCE", 0)
    await receive_message(chat.deps, chat.lead, Written("one", text="how much is it?"), desk=chat.clock)
    assert (await chat.row()).answering_until is None
    monkeypatch.undo()
    assert "$449.00" in (await chat.answered()).text


async def test_an_answer_that_another_worker_writes_is_not_begun_again(chat):
    await chat.write("hi")
    assert await claim_owed(chat.deps) is not None
    with chat.clock.seat() as seat:
        async with transaction(chat.deps.sessions, chat.lead.tenant_id) as session:
            scene = await scene_of(session, chat.lead.tenant_id, chat.lead.subject_id, lock=True)
            seat.owed = await claim(chat.deps, session, scene)
        assert seat.owed is None


ROUND_TRIPS = 20
"""Statements from a message to its stored answer, the tenant of each transaction set: a figure that no busy machine changes."""


async def test_an_answer_takes_so_many_statements(chat):
    statements = []
    engine = chat.deps.sessions.kw["bind"].sync_engine
    listens = (engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    event.listen(*listens)
    await receive_message(chat.deps, chat.lead, Written("one", text="how much is it?"), desk=chat.clock)
    await asyncio.gather(*chat.clock._answers)
    event.remove(*listens)
    assert "$449.00" in (await chat.messages())[-1].text
    assert len(statements) <= ROUND_TRIPS, "\n".join(statements)
