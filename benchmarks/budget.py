"""What a lead costs: processor time of each process and counters of the database, from its webhook until all is quiet.

A machine that others use, too, makes wall time worthless; these stay what they are.
"""

import asyncio
import os
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import asyncpg
import httpx2
from ops.stack.infrastructure import Servers, recorded_servers
from ops.stack.stackfile import StackFile

Row = tuple[str, str, str, str]

LEADS = int(os.environ.get("BENCH_LEADS", "200"))
PER_SECOND = float(os.environ.get("BENCH_LEADS_PER_SECOND", "5"))
IDLE_SECONDS = 30
REPORTED_SECONDS = 11
"""PostgreSQL counts a session's transactions at the latest ten seconds after its last one."""
_TICK = os.sysconf("SC_CLK_TCK")
_PUBLISHED = re.compile(r"^events_published_total\{.*\} ([\d.e+]+)$", re.MULTILINE)

_COUNTERS = """
SELECT xact_commit + xact_rollback AS transactions, tup_inserted + tup_updated + tup_deleted AS rows
FROM pg_stat_database WHERE datname = $1
"""
_OUTBOXES = " + ".join(
    f"(SELECT count(*) FROM {schema}.outbox WHERE published_at IS NULL)"  # noqa: S608 - our own names
    for schema in ("ingest", "chat", "booking", "crm", "notify")
)
_LEFT = (
    f"SELECT $2 - (SELECT count(*) FROM ingest.leads WHERE email LIKE $1 AND status <> 'new') + {_OUTBOXES}"  # noqa: S608 - as above
)
_WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"


async def budget_rows(stack: StackFile, http: httpx2.AsyncClient, state_dir: Path) -> list[Row]:
    servers = recorded_servers(state_dir)
    if servers is None:
        raise SystemExit("The stack is not up: `make up` starts it.")
    admin = await asyncpg.connect(servers.postgres_admin_url)
    try:
        look = _Look(stack, http, servers, admin)
        idle = await _idle(look)
        before, began = await look.counters(), time.monotonic()
        run = await _send_leads(stack, http)
        await _until_worked_off(servers, look.database, run)
        seconds = time.monotonic() - began
        spent = _between(before, await look.counters())
    finally:
        await admin.close()
    share = seconds / IDLE_SECONDS
    costs = {name: spent[name] - idle[name] * share for name in spent}
    return [*_times(costs), *_counted(costs), _at_rest(idle)]


Counts: TypeAlias = dict[str, float]


class _Look:
    """At all that counts, with `cpu <process>` in milliseconds."""

    def __init__(
        self, stack: StackFile, http: httpx2.AsyncClient, servers: Servers, admin: asyncpg.Connection
    ) -> None:
        self._stack, self._http, self._admin = stack, http, admin
        self.database = urlsplit(stack.databases["ingest"]).path.removeprefix("/")
        self._private = {server.kind: server.pid for server in servers.private if server.pid}

    async def counters(self) -> Counts:
        found = {f"cpu {name}": milliseconds(pid) for name, pid in self._stack.processes.items()}
        found["cpu postgresql"] = sum(milliseconds(pid) for pid in await self._backends())
        if "rabbitmq" in self._private:
            found["cpu rabbitmq"] = sum(milliseconds(pid) for pid in _family(self._private["rabbitmq"]))
        row = await self._admin.fetchrow(_COUNTERS, self.database)
        found |= {name: float(count) for name, count in row.items()}
        found["wal"] = float(await self._admin.fetchval(_WAL))
        found["events"] = 0
        for url in self._stack.services.values():
            told = (await self._http.get(f"{url}/metrics")).text
            found["events"] += sum(float(count) for count in _PUBLISHED.findall(told))
        return found

    async def _backends(self) -> list[int]:
        """Of a server of our own all its processes, else those that work for our database."""
        if "postgres" in self._private:
            return _family(self._private["postgres"])
        return await backends(self._admin, self.database)


def _between(before: Counts, after: Counts) -> Counts:
    return {name: count - before.get(name, 0) for name, count in after.items()}


async def _idle(look: _Look) -> Counts:
    await asyncio.sleep(REPORTED_SECONDS)
    before = await look.counters()
    await asyncio.sleep(IDLE_SECONDS)
    return _between(before, await look.counters())


async def _until_worked_off(servers: Servers, database: str, run: str) -> None:
    """Every lead has its first message, and nothing waits to be told; a while later nobody works on the last events either."""
    where = urlsplit(servers.postgres_admin_url)._replace(path=f"/{database}").geturl()
    connection = await asyncpg.connect(where)
    try:
        while await connection.fetchval(_LEFT, f"budget.{run}.%", LEADS):  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(REPORTED_SECONDS)
    finally:
        await connection.close()
    await asyncio.sleep(REPORTED_SECONDS)


async def _send_leads(stack: StackFile, http: httpx2.AsyncClient) -> str:
    run = secrets.token_hex(4)
    for number in range(LEADS):
        lead = {
            "email": f"budget.{run}.{number}@example.com",
            "phone": f"+1619{secrets.randbelow(8_000_000) + 2_000_000}",
            "location": ("Store094", "Store201")[number % 2],
        }
        answer = await http.post(f"{stack.sandbox}/control/leads", json=lead)
        answer.raise_for_status()
        await asyncio.sleep(1 / PER_SECOND)
    return run


async def backends(connection: asyncpg.Connection, database: str) -> list[int]:
    rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE datname = $1", database)
    return [row["pid"] for row in rows]


def milliseconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) * 1000 / _TICK


def _family(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        if children.exists():
            found.extend(map(int, children.read_text().split()))
    return found


def _times(costs: Mapping[str, float]) -> list[Row]:
    times = {name.removeprefix("cpu "): spent / LEADS for name, spent in costs.items() if name[:4] == "cpu "}
    ours = sum(spent for name, spent in times.items() if name != "sandbox")
    each = ", ".join(f"{name} {spent:.1f}" for name, spent in sorted(times.items(), key=lambda one: -one[1]))
    load = f"{LEADS} leads at {PER_SECOND:g} a second, until quiet"
    return [("processor time per lead without the sandbox, ms", f"{ours:.0f}", load, each)]


def _counted(costs: Mapping[str, float]) -> list[Row]:
    counted = {name: costs[name] / LEADS for name in ("transactions", "rows", "events", "wal")}
    told = (
        f"{counted['transactions']:.1f} transactions, {counted['rows']:.1f} rows written, {counted['events']:.1f} events, "
        f"{counted['wal'] / 1000:.0f} kB of WAL"
    )
    return [("counted per lead", told, "the same", "WAL: of the whole server")]


def _at_rest(idle: Mapping[str, float]) -> Row:
    cpu = sum(spent for name, spent in idle.items() if name[:4] == "cpu ") / IDLE_SECONDS
    told = f"{idle['transactions'] / IDLE_SECONDS:.1f}"
    return (
        "at rest, transactions a second",
        told,
        f"{IDLE_SECONDS} s",
        f"{cpu:.0f} ms of processor time a second",
    )
