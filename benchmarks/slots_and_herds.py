"""Figures of free times and of booking, in a database of their own on the stack's PostgreSQL.

`python benchmarks/slots_and_herds.py` prints them alone; `make bench` has them in its table.
"""

import asyncio
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import uvicorn
from booking.actions.placing import take
from booking.api import build_api
from booking.deps import Deps
from booking.domain.capacity import Busy, Capacity, Footprint, Technician
from booking.domain.errors import SlotTaken
from booking.domain.slots import Job, Opening, Shop, free_jobs, midnight, possible_jobs, slot_of
from booking.settings import Settings
from booking.store import occupancies
from booking.store.occupancies import Claim
from fastapi import FastAPI
from ops.stack.infrastructure import servers
from ops.stack.model import Servers
from rich.console import Console
from shared.db.engine import Sessions, create_engine, create_sessions, transaction
from shared.http.app import create_app
from shared.http.links import Link, LinkPurpose, mint
from shared.messaging.broker import Messaging
from shared.staff_sessions import public_key
from testkit.databases import Databases

ZONE = ZoneInfo("America/Los_Angeles")
BAYS = 4
DAYS = 30
SHOPS = 200
CLIENTS = 64
CONNECTIONS = 32
"""Of the 64 clients together; a PostgreSQL as installed takes 100, and the stack has its own."""
HOT_BAYS = 3
READS = 200
ROUNDS = 3
SECONDS = 3
KEYS = ("sample-link-key-of-the-bench",)
TENANT = UUID(int=1)
Row = tuple[str, str, str, str]


def percentiles(times: Sequence[float]) -> str:
    """p50 / p95 of seconds, as milliseconds."""
    ordered = sorted(times)
    return f"{ordered[len(ordered) // 2] * 1000:.1f} / {ordered[int(len(ordered) * 0.95)] * 1000:.1f}"


async def figures(where: Servers) -> list[Row]:
    databases = Databases(where)
    try:
        return [
            in_the_domain(),
            *[await over_http(databases, bookings) for bookings in (10, 1_000, 100_000)],
            *await herds(databases),
        ]
    finally:
        await databases.drop_all()


@dataclass(frozen=True)
class Taken:
    """A sample booking of two hours: in which bay of which shop, with the technician of the same number."""

    shop: int
    number: int
    start: datetime


def sample_bookings(shop: int, count: int, seed: int = 1) -> list[Taken]:
    """Two hours each, five a day in each bay from eight to six, as many as wanted, from tomorrow on."""
    first = datetime.now(ZONE).date() + timedelta(days=1)
    places = [
        (number, midnight(ZONE, first + timedelta(days=day)) + timedelta(hours=8 + 2 * slot))
        for day in range(DAYS)
        for number in range(BAYS)
        for slot in range(5)
    ]
    chosen = random.Random(seed).sample(places, count)
    return [Taken(shop, number, start) for number, start in chosen]


def in_the_domain() -> Row:
    busy = {n: Busy.of((t.start, t.start + timedelta(hours=2)) for t in sample_bookings(0, 500) if t.number == n)
            for n in range(BAYS)}  # fmt: skip
    capacity = Capacity(
        {UUID(int=n): taken for n, taken in busy.items()},
        {UUID(int=100 + n): Technician(frozenset(), taken) for n, taken in busy.items()},
    )
    shop = Shop(ZONE, tuple(Opening(n, 480, 1080) for n in range(7)), frozenset(), timedelta(0), 90, 30)
    job = Job(timedelta(hours=2), timedelta(0))
    now = datetime.now(UTC)
    days = [now.astimezone(ZONE).date() + timedelta(days=n) for n in range(DAYS)]
    times, found = [], 0
    for _ in range(READS):
        started = time.perf_counter()
        found = len([slot_of(ZONE, one) for one in free_jobs(possible_jobs(shop, job, days, now), capacity)])
        times.append(time.perf_counter() - started)
    return (
        f"slots of {DAYS} days, {BAYS} bays, 500 bookings: in the domain, p50 / p95",
        percentiles(times),
        f"{READS}, {found} slots found",
        "",
    )


async def over_http(databases: Databases, bookings: int) -> Row:
    """One shop of 200, its share of all bookings (500 of 100,000) within the 30 days asked for."""
    async with databases.migrated("booking") as url:
        await fill(url, bookings)
        path, headers = await question(url)
        with served(url) as port:
            times = {}
            for wanted in (path, "/livez"):
                connection = HTTPConnection("127.0.0.1", port)
                times[wanted] = [read(connection, wanted, headers) for _ in range(READS + 20)][20:]
    return (
        f"slots of {DAYS} days, {BAYS} bays: over HTTP with {bookings:,} bookings in {SHOPS} shops, p50 / p95",
        percentiles(times[path]),
        f"{READS}, one at a time",
        f"an empty answer of the same server {percentiles(times['/livez'])}",
    )


def read(connection: HTTPConnection, path: str, headers: dict[str, str]) -> float:
    started = time.perf_counter()
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        sys.exit(f"{path}: {answer.status} {body[:300]!r}")
    return time.perf_counter() - started


async def fill(url: str, bookings: int) -> None:
    """200 shops of 4 bays and 4 technicians, and their bookings, evenly and in the next 30 days."""
    connection = await asyncpg.connect(url)
    await connection.execute("SELECT set_config('app.tenant_id', $1, false)", str(TENANT))
    await connection.execute("INSERT INTO tenants VALUES ($1, 'sample-bench')", TENANT)
    for shop in range(SHOPS):
        await open_shop(connection, shop)
    share, rest = divmod(bookings, SHOPS)
    taken = [t for shop in range(SHOPS) for t in sample_bookings(shop, share + (shop < rest), shop)]
    records = [record for one in taken for record in rows_of(one)]
    for n in range(0, len(records), 10_000):
        await connection.execute(
            "INSERT INTO occupancies (tenant_id, location_id, id, bay_id, technician_id, starts_at, ends_at, kind, "
            "holder_id) SELECT $1, r.*, 'appointment', gen_random_uuid() FROM unnest($2::uuid[], $3::uuid[], "
            "$4::uuid[], $5::uuid[], $6::timestamptz[], $7::timestamptz[]) AS r",
            TENANT, *map(list, zip(*records[n : n + 10_000], strict=True)),
        )  # fmt: skip
    await connection.execute("ANALYZE")
    await connection.close()


def rows_of(taken: Taken) -> Iterator[tuple[object, ...]]:
    end = taken.start + timedelta(hours=2)
    yield shop_id(taken.shop), uuid4(), bay_id(taken.shop, taken.number), None, taken.start, end
    yield shop_id(taken.shop), uuid4(), None, worker_id(taken.shop, taken.number), taken.start, end


def shop_id(shop: int) -> UUID:
    # The lock of a location is made of the first half of its id.
    return UUID(int=(shop + 1) << 64)


def bay_id(shop: int, number: int) -> UUID:
    return UUID(int=(1 << 100) + shop * 100 + number)


def worker_id(shop: int, number: int) -> UUID:
    return UUID(int=(2 << 100) + shop * 100 + number)


async def open_shop(
    connection: asyncpg.Connection, shop: int, *, bays: int = BAYS, crew: bool = True
) -> None:
    place = (TENANT, shop_id(shop))
    await connection.execute(
        "INSERT INTO locations VALUES ($1, $2, 1, $3, 'Sample', 'America/Los_Angeles', '', '', '', true)",
        *place, f"S{shop}",
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO location_rules (tenant_id, location_id, minimum_notice_minutes, horizon_days, grid_minutes) "
        "VALUES ($1, $2, 0, 90, 30)",
        *place,
    )
    await connection.executemany(
        "INSERT INTO location_hours VALUES ($1, $2, $3, 480, 1080)", [(*place, n) for n in range(7)]
    )
    await connection.executemany(
        "INSERT INTO bays VALUES ($1, $2, $3, $4, true)",
        [(*place, bay_id(shop, n), f"Bay {n}") for n in range(bays)],
    )
    if crew:
        await connection.executemany(
            "INSERT INTO technicians VALUES ($1, $2, $3, $4, '{}', true)",
            [(*place, worker_id(shop, n), f"Sample {n}") for n in range(bays)],
        )


async def question(url: str) -> tuple[str, dict[str, str]]:
    """A lead of the first shop with a quote: the path that asks for its free times."""
    lead, quote, now = uuid4(), uuid4(), datetime.now(UTC)
    connection = await asyncpg.connect(url)
    await connection.execute("SELECT set_config('app.tenant_id', $1, false)", str(TENANT))
    await connection.execute(
        "INSERT INTO leads VALUES ($1, $2, $3, 1, '{\"name\": \"Sample\"}', NULL, 'bench')",
        TENANT, lead, shop_id(0),
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO quotes (tenant_id, location_id, lead_id, id, service_code, service_name, lines, total_cents, "
        "kind, duration_minutes, buffer_minutes, catalog_version, valid_until, created_at) "
        "VALUES ($1, $2, $3, $4, 'sample', 'Sample', '[]', 0, 'exact', 120, 0, 1, $5, $6)",
        TENANT, shop_id(0), lead, quote, now + timedelta(days=1), now,
    )  # fmt: skip
    await connection.close()
    token = mint(LinkPurpose.CHAT, Link(TENANT, lead), keys=KEYS, expires_at=now + timedelta(days=1))
    first: date = now.astimezone(ZONE).date() + timedelta(days=1)
    path = f"/api/booking/slots?quote_id={quote}&from={first}&days={DAYS}"
    return path, {"Authorization": f"Bearer {token}"}


@contextmanager
def served(url: str) -> Iterator[int]:
    """The service's own doors in a process of their own, without RabbitMQ."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, __file__, "serve", url, str(port)])  # noqa: S603
    try:
        for _ in range(400):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def serve(url: str, port: int) -> None:
    settings = Settings(
        database_url=url,
        rabbitmq_url="amqp://unused",
        link_keys_chat=KEYS[0],
        link_keys_manage=KEYS[0],
        session_public_keys=public_key(KEYS[0]),
        limits={"reads_per_link": "off"},
    )
    deps = Deps(
        create_sessions(create_engine(url)),
        "https://leads.example",
        dict.fromkeys(LinkPurpose, KEYS),
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    app = create_app(
        "booking",
        routers=[build_api(deps)],
        sessions=deps.sessions,
        messaging=Messaging(settings, "booking"),
        limits=settings.limits_in(deps.sessions),
        lifespan=lifespan,
    )
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


async def herds(databases: Databases) -> list[Row]:
    """The claim of the service itself, each in its transaction; the control is the same without the constraints."""
    places: dict[str, Callable[[int], tuple[int, int]]] = {
        f"one slot with {HOT_BAYS} bays": lambda attempt: (attempt // (CLIENTS * 4), 0),
        "one shop": lambda attempt: (attempt // 5000, random.randrange(2000)),
        f"{SHOPS} shops": lambda _: (random.randrange(SHOPS), random.randrange(2000)),
    }
    rows = []
    for name, place in places.items():
        guarded, control = [], []
        for _ in range(ROUNDS):
            guarded.append(await herd(databases, place, guard=True))
            control.append(await herd(databases, place, guard=False))
        ours, other = (
            sorted(rounds, key=lambda one: one.attempts)[ROUNDS // 2] for rounds in (guarded, control)
        )
        lost = sum(one.double for one in guarded), sum(one.deadlocks for one in guarded)
        rows.append(
            (
                f"booking, {CLIENTS} clients on {CONNECTIONS} connections, {name}: attempts a second (won); double; deadlocks",
                f"{ours.attempts:.0f} ({ours.won:.0f}); {lost[0]}; {lost[1]}",
                f"median of {ROUNDS} runs of {SECONDS} s, bay and technician",
                (
                    f"without the constraints {other.attempts:.0f} ({other.won:.0f}), double {other.double}; "
                    f"single-row inserts, as many clients: {ours.inserts:.0f} commits a second"
                ),
            )
        )
    return rows


@dataclass(frozen=True)
class Herd:
    attempts: float
    won: float
    double: int
    deadlocks: int
    inserts: float


async def herd(databases: Databases, place: Callable[[int], tuple[int, int]], *, guard: bool) -> Herd:
    """`place`: number of the attempt to shop and hour."""
    async with databases.migrated("booking") as url:
        connection = await asyncpg.connect(url)
        await connection.execute("SELECT set_config('app.tenant_id', $1, false)", str(TENANT))
        await connection.execute("INSERT INTO tenants VALUES ($1, 'sample-bench')", TENANT)
        for shop in range(SHOPS):
            await open_shop(connection, shop, bays=HOT_BAYS)
        if not guard:
            await drop_guards(databases.owner_url(url))
        engine = create_engine(url, CONNECTIONS)
        won = await together(claimer(create_sessions(engine), place))
        await engine.dispose()  # first: the database has room for one such pool beside a running stack
        inserts = await commits(url) if guard else 0
        double = await connection.fetchval(
            "SELECT count(*) FROM occupancies a JOIN occupancies b ON a.id < b.id AND a.during && b.during "
            "AND (a.bay_id = b.bay_id OR a.technician_id = b.technician_id)"
        )
        deadlocks = await connection.fetchval(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        )
        await connection.close()
    attempts = len(won) / SECONDS
    return Herd(attempts, sum(won) / SECONDS, double, deadlocks, inserts)


async def together(attempt: Callable[[int], Awaitable[bool]]) -> list[bool]:
    """What all clients' attempts of so many seconds answered."""
    answers: list[bool] = []
    end = time.monotonic() + SECONDS
    begun = 0

    async def client() -> None:
        nonlocal begun
        while time.monotonic() < end:
            begun += 1
            answers.append(await attempt(begun))

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return answers


def claimer(sessions: Sessions, place: Callable[[int], tuple[int, int]]) -> Callable[[int], Awaitable[bool]]:
    first = datetime(2027, 1, 4, 16, tzinfo=UTC)

    async def attempt(number: int) -> bool:
        shop, hour = place(number)
        start = first + timedelta(hours=hour)
        end = start + timedelta(hours=2)
        claim = Claim(TENANT, shop_id(shop % SHOPS), "appointment", uuid4(), uuid4())
        try:
            async with transaction(sessions, TENANT) as session:
                await occupancies.share_location(session, claim.location_id)
                await take(session, claim, Footprint((start, end), ((start, end),), end))
        except SlotTaken:
            return False
        return True

    return attempt


async def drop_guards(owner_url: str) -> None:
    connection = await asyncpg.connect(owner_url)
    await connection.execute("ALTER TABLE occupancies DROP CONSTRAINT no_double_booking")
    await connection.execute("ALTER TABLE occupancies DROP CONSTRAINT one_job_per_technician")
    await connection.close()


async def commits(url: str) -> float:
    pool = await asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS)

    async def insert(_: int) -> bool:
        await pool.execute("INSERT INTO inbox (consumer, event_id) VALUES ('bench', gen_random_uuid())")
        return True

    done = await together(insert)
    await pool.close()
    return len(done) / SECONDS


async def alone() -> None:
    for row in await figures(await servers(Path(os.environ.get("STATE_DIR", ".run")))):
        Console().print(*row, sep=" | ")


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], int(sys.argv[3]))
    else:
        asyncio.run(alone())
