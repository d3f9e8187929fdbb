"""The webhook's door of an ingest that runs alone, in turns with `pgbench` that writes the same rows in one statement ("C")."""

import asyncio
import json
import os
import re
import secrets
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import asyncpg
import httpx2
from budget import backends, milliseconds
from ops.stack.infrastructure import Servers, drop_database, provision_database
from ops.stack.ports import free_port
from ops.stack.provision import owner_url
from shared.db.migrate import upgrade
from testkit.secrets import AS_OPERATOR, KEY, OPERATORS
from testkit.shopmonkey import body_of, signed_headers

Row = tuple[str, str, str, str]

CONNECTIONS = (1, 16)
SECONDS = int(os.environ.get("BENCH_SECONDS", "5"))
ROUNDS = 3
WAIT_SECONDS = 300
SECRET = "sample-webhook-secret"  # noqa: S105 - of this run alone
BODY = body_of(
    {"id": "label-1", "name": "Sample", "color": "blue", "note": "sample words " * 8}, table="label"
)
PATH = "/webhooks/shopmonkey/sample-tint"
_C = """
WITH kept AS (
  INSERT INTO webhook_deliveries (tenant_id, webhook_id, id, body, headers, received_at, attempts, status, event_id)
  VALUES ('{tenant}', gen_random_uuid()::text, gen_random_uuid(), '{body}', '{headers}', now(), 1, 'accepted', gen_random_uuid())
  RETURNING id, event_id
)
INSERT INTO outbox (event_id, type, key, body, created_at) SELECT event_id, 'bench', id::text, '{event}', now() FROM kept;
"""
_PER_SECOND = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


@dataclass(frozen=True)
class Ingest:
    port: int
    pid: int
    database_url: str
    tenant_id: str


@dataclass(frozen=True)
class Round:
    """`seconds`: of each request."""

    per_second: float
    seconds: list[float]
    ingest_ms: float
    postgres_ms: float


async def figures(servers: Servers) -> list[Row]:
    with TemporaryDirectory() as folder:
        async with ingest_alone(servers, Path(folder)) as ingest:
            admin = await asyncpg.connect(servers.postgres_admin_url)
            try:
                return [await _beside_pgbench(ingest, admin, Path(folder), count) for count in CONNECTIONS]
            finally:
                await admin.close()


async def _beside_pgbench(ingest: Ingest, admin: asyncpg.Connection, folder: Path, count: int) -> Row:
    ours, c = list[Round](), list[float]()
    for _ in range(ROUNDS):
        c.append(await _pgbench(ingest, folder, count))
        ours.append(await _round(ingest, admin, count))
    one = sorted(ours, key=lambda found: found.per_second)[ROUNDS // 2]
    limit = sorted(c)[ROUNDS // 2]
    times = sorted(one.seconds)
    p50, p99 = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    return (
        f"webhooks a second at {count}",
        f"{one.per_second:.0f} ({one.per_second / limit:.0%} of C), p50 / p99 {p50:.1f} / {p99:.1f} ms",
        (
            f"{ROUNDS} rounds of {SECONDS} s, the middle one; {one.ingest_ms:.2f} + {one.postgres_ms:.2f} ms of processor "
            "time each (ingest + PostgreSQL)"
        ),
        f"C: {limit:.0f}",
    )


async def _round(ingest: Ingest, admin: asyncpg.Connection, count: int) -> Round:
    before = await _spent(ingest, admin)
    until = time.perf_counter() + SECONDS
    began = time.perf_counter()
    found = await asyncio.gather(*(_sender(ingest.port, until) for _ in range(count)))
    took = time.perf_counter() - began
    seconds = [one for each in found for one in each]
    after = await _spent(ingest, admin)
    ours, theirs = ((now - then) / len(seconds) for now, then in zip(after, before, strict=True))
    return Round(len(seconds) / took, seconds, ours, theirs)


async def _spent(ingest: Ingest, admin: asyncpg.Connection) -> tuple[float, float]:
    pids = await backends(admin, urlsplit(ingest.database_url).path.removeprefix("/"))
    return milliseconds(ingest.pid), sum(map(milliseconds, pids))


async def _sender(port: int, until: float) -> list[float]:
    """A client that costs little: one connection, one request after another."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    times = []
    while (sent := time.perf_counter()) < until:
        headers = signed_headers(SECRET, BODY) | {"content-length": str(len(BODY)), "host": "ingest"}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + BODY)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 202"):
            raise SystemExit(answer.decode())
        await reader.readexactly(int(re.search(rb"content-length: (\d+)", answer)[1]))  # type: ignore[index]  # it has one
        times.append(time.perf_counter() - sent)
    writer.close()
    await writer.wait_closed()
    return times


async def _pgbench(ingest: Ingest, folder: Path, count: int) -> float:
    script, body = folder / "c.sql", BODY.decode().replace("'", "''")
    headers = "{}"
    script.write_text(_C.format(tenant=ingest.tenant_id, body=body, headers=headers, event=body + " " * 400))
    process = await asyncio.create_subprocess_exec(
        "pgbench", "-n", "-M", "prepared", "-c", str(count), "-T", str(SECONDS), "-f", script, ingest.database_url,
        env={**os.environ, "PGOPTIONS": f"-c app.tenant_id={ingest.tenant_id}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, failed = await process.communicate()
    if process.returncode:
        raise SystemExit(failed.decode())
    return float(_PER_SECOND.search(told.decode())[1])  # type: ignore[index]  # it says so


@asynccontextmanager
async def ingest_alone(servers: Servers, folder: Path) -> AsyncIterator[Ingest]:
    """On a database of its own, without a broker."""
    name, port = f"bench_{secrets.token_hex(3)}", free_port()
    databases = await provision_database(servers.postgres_admin_url, name, ["ingest"], secret=name)
    try:
        await asyncio.to_thread(upgrade, "ingest", owner_url(databases["ingest"], name))
        with (folder / "ingest.log").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "ingest", "serve",
                env=os.environ | _settings(databases["ingest"], port), stdout=output, stderr=output,
            )  # fmt: skip
        try:
            yield Ingest(port, process.pid, databases["ingest"], await _ready(port))
        finally:
            process.terminate()
            await process.wait()
    finally:
        await drop_database(servers.postgres_admin_url, name, ["ingest"])


def _settings(database_url: str, port: int) -> Mapping[str, str]:
    keys = ("LINK_KEYS_LOGIN", "SESSION_KEYS", "DATA_KEYS", "CHALLENGE_KEYS", "PERSON_KEY")
    return {
        "INGEST_DATABASE_URL": database_url,
        "INGEST_RABBITMQ_URL": "amqp://127.0.0.1:1",
        "INGEST_PORT": str(port),
        "INGEST_OPERATORS": json.dumps(OPERATORS),
        **{f"INGEST_{name}": KEY for name in keys},
    }


async def _ready(port: int) -> str:
    """The id of the tenant, whom the door knows by a first webhook."""
    tenant = {
        "name": "Sample Tint", "webhook_secrets": [SECRET], "site_keys": [], "demo_mode": True, "allow_list": [],
        "crm_account": "default",
        "crm_lead_rule": {"workflow_columns": ["Website Leads"], "keywords": ["tint"], "max_age_days": 30},
    }  # fmt: skip
    until = time.monotonic() + WAIT_SECONDS
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as http:
        while True:
            try:
                answer = await http.put("/api/admin/tenants/sample-tint", json=tenant, headers=AS_OPERATOR)
                break
            except httpx2.TransportError:
                if time.monotonic() > until:
                    raise
                await asyncio.sleep(0.2)
        if answer.status_code != 200:
            raise SystemExit(answer.text)
        await http.post(PATH, content=BODY, headers=signed_headers(SECRET, BODY))
        return str(answer.json()["id"])
