"""Figures of the running stack, each beside its load and this machine's own limit: `make bench`.

Sends to loopback only. Nothing here passes or fails; numbers are printed to be read.
"""

import asyncio
import os
import platform
import re
import secrets
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiosmtplib
import asyncpg
import chat_figures
import claude
import httpx2
import intake
import slots_and_herds
from budget import budget_rows
from messaging import messaging_rows
from ops.stack.infrastructure import servers
from ops.stack.stackfile import StackFile, read_stack
from replay import replay_beside_live
from rich.console import Console
from rich.progress import track
from rich.table import Table
from testkit import shopmonkey
from testkit.shopmonkey import body_of, signed_headers

STATE_DIR = Path(os.environ.get("STATE_DIR", ".run"))
LEADS = 200
LEADS_PER_SECOND = 5
WEBHOOKS = 300
CHATS = 40
SLOT_READS = 100
LIMIT_ROUNDS = 200
PAUSE_SECONDS = 3.1
"""Under the limit of 20 messages a minute."""

console = Console()
Row = tuple[str, str, str, str]


def percentile(times: Sequence[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def ms(times: Sequence[float], high: float) -> str:
    """p50 and the given high percentile of seconds, as milliseconds."""
    return f"{percentile(times, 0.5) * 1000:.1f} / {percentile(times, high) * 1000:.1f}"


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def main() -> None:
    stack = read_stack(STATE_DIR)
    if stack is None:
        sys.exit("The stack is not up: `make up` starts it.")
    wanted = sys.argv[1:] or list(PARTS)
    rows: list[Row] = []
    async with httpx2.AsyncClient(timeout=70, trust_env=False) as http:
        try:
            for part in wanted:
                rows += await PARTS[part](stack, http)
        finally:
            show(rows)


async def tour_rows(stack: StackFile, http: httpx2.AsyncClient) -> list[Row]:
    limits = await machine_limits(stack, http)
    return [
        await webhook_answers(stack, http, limits),
        await leads_to_mail(stack, http, limits),
        *await conversations(stack, http, limits),
    ]


async def replay_rows(_: StackFile, __: httpx2.AsyncClient) -> list[Row]:
    return [await replay_beside_live(await servers(STATE_DIR), ms)]


async def lead_rows(stack: StackFile, http: httpx2.AsyncClient) -> list[Row]:
    return await budget_rows(stack, http, STATE_DIR)


async def intake_rows(_: StackFile, __: httpx2.AsyncClient) -> list[Row]:
    return await intake.figures(await servers(STATE_DIR))


async def event_rows(_: StackFile, __: httpx2.AsyncClient) -> list[Row]:
    return await messaging_rows(STATE_DIR)


async def booking_rows(_: StackFile, __: httpx2.AsyncClient) -> list[Row]:
    return await slots_and_herds.figures(await servers(STATE_DIR))


PARTS: dict[str, Callable[[StackFile, httpx2.AsyncClient], Awaitable[list[Row]]]] = {
    "tour": tour_rows,
    "events": event_rows,
    "booking": booking_rows,
    "chat": chat_figures.figures,
    "claude": claude.figures,
    "replay": replay_rows,
    "intake": intake_rows,
    "budget": lead_rows,
}
"""In this order; `python benchmarks/run.py booking chat` measures only these."""


ONE_ROW = "INSERT INTO inbox (consumer, event_id) VALUES ('bench', gen_random_uuid())"


async def machine_limits(stack: StackFile, http: httpx2.AsyncClient) -> dict[str, list[float]]:
    """One HTTP round trip through the gateway, one commit, one mail: what nothing of ours can be faster than."""
    connection = await asyncpg.connect(stack.databases["chat"])
    host, port = stack.smtp.split(":")
    async with aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False) as smtp:
        limits = {
            "http": [await timed(lambda: http.get(f"{stack.gateway}/healthz")) for _ in range(LIMIT_ROUNDS)],
            "commit": [await timed(lambda: connection.execute(ONE_ROW)) for _ in range(LIMIT_ROUNDS)],
            "mail": [await timed(lambda: smtp.send_message(sample_mail())) for _ in range(LIMIT_ROUNDS)],
        }
    await connection.execute("DELETE FROM inbox WHERE consumer = 'bench'")
    await connection.close()
    return limits


def sample_mail() -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "bench@example.com", "bench.limit@example.com", "limit"
    mail.set_content("sample")
    return mail


async def webhook_answers(stack: StackFile, http: httpx2.AsyncClient, limits: dict[str, list[float]]) -> Row:
    """Rows of a table that is no lead, one after another: the door alone, with signature, dedupe, row and outbox."""
    secret, times = stack.secrets["webhook_secret"], []
    for _ in track(range(WEBHOOKS), "webhooks", console=console, transient=True):
        times.append(await timed(lambda: deliver(stack, http, secret)))
    limit = f"gateway round trip {ms(limits['http'], 0.99)}; one commit {ms(limits['commit'], 0.99)}"
    return "webhook answer, p50 / p99", ms(times, 0.99), f"{WEBHOOKS}, one at a time", limit


async def deliver(stack: StackFile, http: httpx2.AsyncClient, secret: str) -> None:
    body = body_of({"id": str(uuid4())}, table="label")
    await expect(202, shopmonkey.deliver(http, stack.gateway, body, signed_headers(secret, body)))


async def expect(status: int, answer: Awaitable[httpx2.Response]) -> httpx2.Response:
    received = await answer
    if received.status_code != status:
        sys.exit(f"{received.request.url}: {received.status_code} {received.text[:300]}")
    return received


async def leads_to_mail(stack: StackFile, http: httpx2.AsyncClient, limits: dict[str, list[float]]) -> Row:
    """From the moment the shop's lead exists (before its webhook is sent) to the mail server's acceptance."""
    run = secrets.token_hex(4)
    sent: dict[str, datetime] = {}
    senders = []
    for number in track(range(LEADS), "leads", console=console, transient=True):
        email = f"bench.{run}.{number}@example.com"
        sent[email] = datetime.now(UTC)
        senders.append(asyncio.create_task(send_lead(stack, http, email, number)))
        await asyncio.sleep(1 / LEADS_PER_SECOND)
    await asyncio.gather(*senders)
    await asyncio.sleep(2)
    arrived = {
        email: datetime.fromisoformat(mail["received_at"])
        for email in sent
        for mail in (await inbox(stack, http, email))[:1]
    }
    if missing := len(sent) - len(arrived):
        console.print(f"[red]{missing} of {LEADS} leads had no e-mail after 2 s[/red]")
    times = [(arrived[email] - sent[email]).total_seconds() for email in arrived]
    limit = f"one mail alone {ms(limits['mail'], 0.95)}"
    return (
        "lead received → e-mail accepted, p50 / p95",
        ms(times, 0.95),
        f"{LEADS} at {LEADS_PER_SECOND} a second",
        limit,
    )


async def send_lead(stack: StackFile, http: httpx2.AsyncClient, email: str, number: int) -> None:
    body = {
        "email": email,
        "phone": f"+1619556{number:04d}",
        "location": ("Store094", "Store201")[number % 2],
    }
    await expect(201, http.post(f"{stack.sandbox}/control/leads", json=body))


async def inbox(stack: StackFile, http: httpx2.AsyncClient, email: str) -> list[dict[str, Any]]:
    answer = await http.get(f"{stack.sandbox}/control/inbox", params={"to": email, "channel": "email"})
    messages: list[dict[str, Any]] = answer.json()
    return messages


async def conversations(
    stack: StackFile, http: httpx2.AsyncClient, limits: dict[str, list[float]]
) -> list[Row]:
    token = await chat_token(stack, http)
    headers = {"Authorization": f"Bearer {token}"}
    firsts = [
        await first_of_many(stack, http, headers)
        for _ in track(range(CHATS), "chat", console=console, transient=True)
    ]
    quote = await expect(
        201,
        http.post(f"{stack.gateway}/api/booking/quotes", json={"service": "full-ceramic"}, headers=headers),
    )
    url = f"{stack.gateway}/api/booking/slots"
    params = {"quote_id": quote.json()["id"], "days": 14}
    slots = [
        await timed(lambda: expect(200, http.get(url, params=params, headers=headers)))
        for _ in range(SLOT_READS)
    ]
    limit = f"gateway round trip {ms(limits['http'], 0.95)}"
    return [
        (
            "chat message → first streamed byte, p50 / p95",
            ms(firsts, 0.95),
            f"{CHATS}, deterministic assistant",
            limit,
        ),
        ("slots of 14 days, p50 / p95", ms(slots, 0.95), f"{SLOT_READS}, one at a time", limit),
    ]


async def first_of_many(stack: StackFile, http: httpx2.AsyncClient, headers: dict[str, str]) -> float:
    question = "How much is the full car ceramic tint?"
    seconds = await chat_figures.first_byte(http, stack.gateway, headers, question)
    await asyncio.sleep(PAUSE_SECONDS)
    return seconds


async def chat_token(stack: StackFile, http: httpx2.AsyncClient) -> str:
    email = f"bench.chat.{secrets.token_hex(4)}@example.com"
    await send_lead(stack, http, email, secrets.randbelow(10_000))
    for _ in range(200):
        if mails := await inbox(stack, http, email):
            link = re.search(r"/c/([\w.=-]+)", mails[0]["text"])
            if link:
                return link[1]
        await asyncio.sleep(0.05)
    sys.exit("no chat link arrived")


def show(rows: list[Row]) -> None:
    table = Table(title=f"{platform.machine()}, {os.cpu_count()} cores, ms", title_justify="left")
    for column in ("figure", "measured", "load", "this machine alone"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)


if __name__ == "__main__":
    asyncio.run(main())
