"""leadctl person and leadctl retention: all that is held of a person is handed over; once erased, no table, queue, stream or log names them."""

import asyncio
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import aio_pika
import asyncpg
import httpx2
import pytest
from dotenv import dotenv_values
from notifier.domain.wording import phone_as_read, quoted
from ops.stack.provision import SCHEMAS
from ops.stack.stackfile import StackFile
from ops.streams import read_until_now
from shared.events import SERVICES
from shared.messaging.topology import AUDIT_STREAM, DISCARDED_STREAM, LOG_STREAM, topology
from testkit.customer import Customer, part
from testkit.leadctl import leadctl
from testkit.patience import eventually

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.timeout(400)]

NAME, WORDS = "Zebulon", "aardwolf"
TENANT = "sample-tint"


@pytest.fixture
def settings(state_dir: Path, stack: StackFile) -> dict[str, str]:
    """What `make up` writes for operators."""
    return {name: value or "" for name, value in dotenv_values(state_dir / "stack" / "env").items()}


async def lives_a_life(customer: Customer, http: httpx2.AsyncClient, stack: StackFile) -> dict[str, Any]:
    """A lead through the CRM and one through the form; words, texts and mails both ways, a booking, a hand-off, a note."""
    await customer.asks_the_shop(first_name=NAME, last_name=NAME, service="window tint")
    session = await customer.opens_the_link()
    await customer.says(f"How much is the full car ceramic tint? My {WORDS} rides along.")
    offer = part(await customer.presses("pick_time"), "slots")
    await customer.presses(offer["slots"][0]["action"])
    appointment: dict[str, Any] = part(await customer.presses("confirm:yes"), "appointment")["appointment"]
    await _answers_by_text_and_mail(customer, http, stack)
    await customer.says(f"I want to talk to a person about my {WORDS}")
    await _staff_notes(http, stack, session["conversation"]["id"])
    await _fills_in_the_form(customer, http, stack)
    await customer.received("sms", count=2)
    return appointment


async def _answers_by_text_and_mail(customer: Customer, http: httpx2.AsyncClient, stack: StackFile) -> None:
    text = {"from": customer.phone, "body": f"May the {WORDS} come in?"}
    (await http.post(f"{stack.sandbox}/control/sms", json=text)).raise_for_status()
    [mail, *_] = await customer.received("email")
    answer = {
        "from": customer.email,
        "to": mail["headers"].get("Reply-To") or mail["from"],
        "subject": f"Re: {WORDS}",
        "text": f"The {WORDS} again",
    }
    (await http.post(f"{stack.sandbox}/control/email", json=answer)).raise_for_status()


async def _staff_notes(http: httpx2.AsyncClient, stack: StackFile, conversation_id: str) -> None:
    ops = {"Authorization": f"Bearer {stack.secrets['ops_token']}"}
    admin = f"{stack.services['ingest']}/api/admin/tenants/{TENANT}/staff"
    member = "sam.staff@example.com"
    owner = {"name": "Sam Staff", "role": "owner"}
    (await http.put(f"{admin}/{member}", json=owner, headers=ops)).raise_for_status()
    token = (await http.post(f"{admin}/{member}/tokens", json={"days": 1}, headers=ops)).json()["token"]

    async def noted() -> bool:
        """Chat learns of the member by an event."""
        answer = await http.post(
            f"{stack.gateway}/api/staff/conversations/{conversation_id}/notes",
            json={"text": f"{NAME} brings an {WORDS}"},
            headers={"Authorization": f"Bearer {token}"},
        )
        return answer.status_code == 201

    await eventually(noted)


async def _fills_in_the_form(customer: Customer, http: httpx2.AsyncClient, stack: StackFile) -> None:
    ops = {"Authorization": f"Bearer {stack.secrets['ops_token']}"}
    tenant = (await http.get(f"{stack.services['ingest']}/api/admin/tenants/{TENANT}", headers=ops)).json()
    body = {
        "site_key": tenant["site_keys"][0],
        "location": "Store201",
        "contact": {"name": f"{NAME} {NAME}", "email": customer.email, "phone": customer.phone},
        "interest": "window tint",
        "message": f"For the {WORDS}",
        "consent": {
            "sms": True,
            "email": True,
            "text": "I agree",
            "version": "1",
            "url": f"https://x.example?email={customer.email}",
        },
    }
    for more in ({}, {"website": "http://machine.example"}):
        answer = await http.post(
            f"{stack.gateway}/api/leads", json=body | more, headers={"Idempotency-Key": str(uuid4())}
        )
        assert answer.status_code == 201, answer.text


def spellings(word: str) -> Iterator[str]:
    """As text, as the shop is shown it, and each as PostgreSQL shows bytes."""
    shown = {word, word.lower(), quoted(word).lower(), phone_as_read(word)}
    yield from {one.lower() for one in shown}
    yield from {one.encode().hex() for one in shown}


async def tenant_id(stack: StackFile) -> str:
    connection = await asyncpg.connect(stack.databases["ingest"])
    try:
        return str(await connection.fetchval("SELECT id FROM tenants WHERE slug = $1", TENANT))
    finally:
        await connection.close()


async def tables_that_name(stack: StackFile, words: list[str]) -> set[str]:
    """Of all schemas, each as its own service sees the sample tenant."""
    found, tenant = set(), await tenant_id(stack)
    for service in SERVICES:
        connection = await asyncpg.connect(stack.databases[service])
        try:
            await connection.execute("SELECT set_config('app.tenant_id', $1, false)", tenant)
            names = await connection.fetch(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = $1", SCHEMAS[service]
            )
            for (name,) in names:
                rows = await connection.fetch(f"SELECT t::text AS row FROM {SCHEMAS[service]}.{name} t")  # noqa: S608
                everything = "\n".join(row["row"] for row in rows).lower()
                found |= {f"{service}.{name}: {w}" for w in words for s in spellings(w) if s in everything}
        finally:
            await connection.close()
    return found


async def messages_that_name(url: str, words: list[str]) -> set[str]:
    """In streams, and in every queue of the topology that nobody empties at once."""
    found = set()
    for stream in (LOG_STREAM, DISCARDED_STREAM, AUDIT_STREAM):
        async with read_until_now(url, stream, None) as messages:
            bodies = b"\n".join([message.body.lower() async for message in messages])
        found |= {f"{stream}: {w}" for w in words for s in spellings(w) if s.encode() in bodies}
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        for queue in topology().queues:
            if queue.name in {LOG_STREAM, DISCARDED_STREAM, AUDIT_STREAM}:
                continue
            waiting = await channel.get_queue(queue.name)
            while message := await waiting.get(fail=False):
                body = message.body.lower()
                found |= {f"{queue.name}: {w}" for w in words for s in spellings(w) if s.encode() in body}
    return found


def logs_that_name(state_dir: Path, words: list[str]) -> set[str]:
    found = set()
    for path in (state_dir / "stack").rglob("*.log*"):
        content = path.read_text(errors="replace").lower()
        found |= {f"{path.name}: {w}" for w in words for s in spellings(w) if s in content}
    return found


async def nothing_names(stack: StackFile, state_dir: Path, words: list[str]) -> None:
    async def clean() -> bool:
        return not await tables_that_name(stack, words)

    await eventually(clean, within_seconds=30, every_seconds=1)
    assert await messages_that_name(stack.rabbitmq_url, words) == set()
    assert logs_that_name(state_dir, words) == set()


async def test_what_is_held_is_handed_over_and_then_erased_everywhere_and_for_good(
    http: httpx2.AsyncClient,
    stack: StackFile,
    new_customer: Any,
    settings: dict[str, str],
    state_dir: Path,
    tmp_path: Path,
) -> None:
    customer, other = new_customer(), new_customer()
    await other.asks_the_shop(first_name="Olga")
    await other.opens_the_link()
    appointment = await lives_a_life(customer, http, stack)
    words = [customer.email, customer.phone, customer.phone.removeprefix("+1"), NAME, WORDS]

    exported = tmp_path / "person.zip"
    await run(settings, "person", "export", customer.phone, "--tenant", TENANT, "--out", str(exported))
    everything_is_exported(exported, customer)

    would_go = await leadctl(settings, "person", "erase", customer.email, "--tenant", TENANT, "--dry-run")
    assert would_go["chat"]["chat_messages"] > 3
    assert await tables_that_name(stack, words)

    await leadctl(
        settings, "person", "erase", customer.email, "--tenant", TENANT, "--yes", "--reason", "asked us to"
    )
    await nothing_names(stack, state_dir, words)

    await others_stay(stack, other, appointment)
    await links_answer_like_unknown_ones(customer, appointment)
    await replays_bring_nobody_back(settings)
    await nothing_names(stack, state_dir, words)


def everything_is_exported(path: Path, customer: Customer) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as archive:
        parts = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    manifest = parts["manifest.json"]
    assert set(parts) == {*(f"{service}.json" for service in SERVICES), "manifest.json"}
    assert len(manifest["leads"]) == 2
    assert set(manifest["sha256"]) == set(parts) - {"manifest.json"}
    for service, table in (
        ("ingest", "webhook_deliveries"), ("ingest", "lead_sources"), ("chat", "chat_messages"), ("chat", "handoffs"),
        ("chat", "staff_notes"), ("chat", "timeline"), ("booking", "appointments"), ("crm-sync", "external_refs"),
        ("notifier", "deliveries"), ("notifier", "inbound_messages"), ("notifier", "consents"),
    ):  # fmt: skip
        assert any(tables[table] for tables in parts[f"{service}.json"].values()), (service, table)
    assert WORDS in json.dumps(parts["chat.json"])
    assert customer.email in json.dumps(parts["notifier.json"])


async def others_stay(stack: StackFile, other: Customer, appointment: dict[str, Any]) -> None:
    assert (await other.session())["lead"]["first_name"] == "Olga"
    assert await tables_that_name(stack, [other.email])
    connection = await asyncpg.connect(stack.databases["booking"])
    try:
        tenant = await connection.fetchval("SELECT id::text FROM tenants WHERE slug = $1", TENANT)
        await connection.execute("SELECT set_config('app.tenant_id', $1, false)", tenant)
        sold = await connection.fetchval(
            "SELECT count(*) FROM occupancies WHERE holder_id = $1::uuid", appointment["id"]
        )
        kept = await connection.fetchval(
            "SELECT total_cents FROM appointments WHERE id = $1::uuid", appointment["id"]
        )
    finally:
        await connection.close()
    assert sold > 0
    assert kept == appointment["total_cents"]


async def links_answer_like_unknown_ones(customer: Customer, appointment: dict[str, Any]) -> None:
    assert (await customer.get("/api/chat/session/me")).status_code in {401, 404}
    assert (await customer.get(f"/api/booking/appointments/{appointment['id']}")).status_code == 404


async def replays_bring_nobody_back(settings: dict[str, str]) -> None:
    for service in ("chat", "booking", "crm-sync", "notifier"):
        await leadctl(
            settings,
            "events",
            "replay",
            "--again",
            "--to",
            service,
            "--since",
            "1h",
            "--reason",
            "sample",
            "--rate",
            "0",
        )


async def run(settings: dict[str, str], *arguments: str) -> None:
    command = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("leadctl")), *arguments, env=settings
    )
    assert await command.wait() == 0


async def as_ingest(stack: StackFile, statement: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(stack.databases["ingest"])
    try:
        await connection.execute("SELECT set_config('app.tenant_id', $1, false)", await tenant_id(stack))
        rows: list[asyncpg.Record] = await connection.fetch(statement, *arguments)
        return rows
    finally:
        await connection.close()


async def said_stop(customer: Customer, http: httpx2.AsyncClient, stack: StackFile) -> None:
    """And ingest has heard of it: from then on nothing more is under way."""
    text = {"from": customer.phone, "body": f"Please stop texting me. {WORDS}"}
    (await http.post(f"{stack.sandbox}/control/sms", json=text)).raise_for_status()

    async def known() -> bool:
        rows = "SELECT FROM opt_outs WHERE channel = 'sms' AND address = $1"
        return bool(await as_ingest(stack, rows, customer.phone))

    await eventually(known)


async def quiet_for(stack: StackFile, customer: Customer, days: int) -> None:
    """As if nothing had been heard of the customer for so long; the appointment is over, too."""
    since = "UPDATE leads SET active_at = now() - make_interval(days => $2) WHERE email = $1 RETURNING 1"
    assert await as_ingest(stack, since, customer.email, days)


async def test_an_old_lead_leaves_no_trace_a_young_one_stays_and_a_stop_holds(
    http: httpx2.AsyncClient, stack: StackFile, new_customer: Any, settings: dict[str, str], state_dir: Path
) -> None:
    old, young, back = new_customer(), new_customer(), new_customer()
    await young.asks_the_shop(first_name="Yolanda")
    await young.opens_the_link()
    await lives_a_life(old, http, stack)
    await said_stop(old, http, stack)
    words = [old.email, old.phone, old.phone.removeprefix("+1"), NAME, WORDS]
    await quiet_for(stack, old, 729)
    await quiet_for(stack, young, 729)
    assert leads_due(await leadctl(settings, "retention", "run", "--dry-run")) == 0

    await quiet_for(stack, old, 731)
    assert leads_due(await leadctl(settings, "retention", "show")) == 2
    removed = await leadctl(settings, "retention", "run")
    assert removed["ingest"]["leads"] == 2
    assert removed["broker"][LOG_STREAM] > 0
    await nothing_names(stack, state_dir, words)
    assert (await young.session())["lead"]["first_name"] == "Yolanda"
    assert await tables_that_name(stack, [young.email])

    again = await leadctl(settings, "retention", "run")
    assert (again["ingest"]["leads"], again["broker"][LOG_STREAM]) == (0, 0)
    back.phone = old.phone
    texts = len(await back.inbox("sms"))
    await back.asks_the_shop(first_name="Back")
    await back.received("email")
    await nothing_is_planned(stack, back)
    assert len(await back.inbox("sms")) == texts


def leads_due(shown: dict[str, Any]) -> int:
    return next(kind["rows"] for kind in shown["kinds"] if kind["kind"] == "leads")


async def nothing_is_planned(stack: StackFile, customer: Customer) -> None:
    """Of the first texts to the customer, each was sent or suppressed."""

    async def settled() -> bool:
        connection = await asyncpg.connect(stack.databases["notifier"])
        try:
            await connection.execute("SELECT set_config('app.tenant_id', $1, false)", await tenant_id(stack))
            states = await connection.fetch(
                "SELECT state FROM deliveries WHERE channel = 'sms' AND address = $1", customer.phone
            )
        finally:
            await connection.close()
        return bool(states) and not {row["state"] for row in states} & {"planned", "sending"}

    await eventually(settled)


STRANGER_S_WORD = "quokka"


async def writes_as_a_stranger(customer: Customer, http: httpx2.AsyncClient, stack: StackFile) -> None:
    """Known to nobody: words that go to no conversation, and an opt-out. And who worked at the shop once."""
    for words in (f"May a {STRANGER_S_WORD} come in?", "STOP"):
        text = {"from": customer.phone, "body": words}
        (await http.post(f"{stack.sandbox}/control/sms", json=text)).raise_for_status()
    ops = {"Authorization": f"Bearer {stack.secrets['ops_token']}"}
    door = f"{stack.services['ingest']}/api/admin/tenants/{TENANT}/staff/{customer.email}"
    for active in (True, False):
        member = {"name": STRANGER_S_WORD, "role": "owner", "active": active}
        (await http.put(door, json=member, headers=ops)).raise_for_status()

    async def kept_everywhere() -> bool:
        named = await tables_that_name(stack, [customer.phone, STRANGER_S_WORD])
        tables = {place.partition(":")[0] for place in named}
        return {"notifier.inbound_messages", "notifier.consents", "ingest.opt_outs", "chat.staff"} <= tables

    await eventually(kept_everywhere)


async def writes_in_another_s_matter(
    stranger: Customer, other: Customer, http: httpx2.AsyncClient, stack: StackFile
) -> None:
    """The shop is told of it, with the address as it may be shown."""
    [mail, *_] = await other.received("email")
    answer = {
        "from": stranger.email,
        "to": mail["from"],
        "subject": "Re: yours",
        "text": f"A {STRANGER_S_WORD} asks",
        "headers": {"In-Reply-To": mail["headers"]["Message-ID"]},
    }
    (await http.post(f"{stack.sandbox}/control/email", json=answer)).raise_for_status()

    async def told() -> bool:
        named = await tables_that_name(stack, [stranger.email])
        return any(place.startswith("notifier.deliveries") for place in named)

    await eventually(told)


async def test_who_is_no_lead_is_handed_over_and_erased_too(
    http: httpx2.AsyncClient,
    stack: StackFile,
    new_customer: Any,
    settings: dict[str, str],
    state_dir: Path,
    tmp_path: Path,
) -> None:
    customer, other = new_customer(), new_customer()
    await other.asks_the_shop(first_name="Olga")
    await writes_in_another_s_matter(customer, other, http, stack)
    await writes_as_a_stranger(customer, http, stack)
    exported = tmp_path / "person.zip"
    await run(settings, "person", "export", customer.phone, "--tenant", TENANT, "--out", str(exported))
    with zipfile.ZipFile(exported) as archive:
        assert STRANGER_S_WORD in archive.read("notifier.json").decode()
    for address in (customer.phone, customer.email):
        await leadctl(
            settings, "person", "erase", address, "--tenant", TENANT, "--yes", "--reason", "asked us to"
        )
    words = [customer.email, customer.phone, customer.phone.removeprefix("+1"), STRANGER_S_WORD]
    await nothing_names(stack, state_dir, words)
