"""F13: what one service's database account can do to the others, and what a copy of the tables gives away."""

import secrets

import asyncpg
from ops.stack.provision import SCHEMAS

from attack.table import Fell, attack
from attack.target import Target


@attack("F13")
async def listening_to_conversations(target: Target) -> str:
    """LISTEN on chat's channels with the account of booking, while a customer and the assistant talk."""
    customer = await target.greeted()
    word = f"violet-{secrets.token_hex(4)}"
    heard: list[str] = []

    def hear(*told: object) -> None:
        heard.append(str(told[-1]))

    async with target.as_service("booking") as connection:
        channels = await _channels(target)
        for channel in channels:
            await connection.add_listener(channel, hear)
        replies = await customer.says(f"My code word is {word}. What are your opening hours?")
        await customer.says("And how much is the full car ceramic tint?")
        for channel in channels:
            await connection.remove_listener(channel, hear)
    words = [
        word,
        *(sentence for reply in replies for sentence in reply["text"].split(". ") if len(sentence) > 12),
    ]
    if found := [one for one in words if any(one in told for told in heard)]:
        raise Fell(f"{len(heard)} notices heard, among them {found[0][:40]!r}")
    return f"{len(heard)} notices heard on {channels}, none with words of the conversation"


async def _channels(target: Target) -> list[str]:
    """Those that somebody listens to, as far as the server shows their statements; else the known one."""
    async with target.as_administrator() as connection:
        rows = await connection.fetch("SELECT DISTINCT query FROM pg_stat_activity WHERE query ~* '^LISTEN'")
    names = {row["query"].split()[-1].strip('";') for row in rows}
    return sorted(names | {"chat_feed"})


@attack("F13")
async def outbox_without_a_tenant(target: Target) -> str:
    """The events of the outbox with each service's account and no tenant named, and then a made-up one."""
    await target.greeted()
    read = {}
    for service, schema in SCHEMAS.items():
        async with target.as_service(service) as connection:
            for tenant in ("", "00000000-0000-4000-8000-000000000000"):
                await connection.execute("SELECT set_config('app.tenant_id', $1, false)", tenant)
                count = await _count(connection, f"SELECT count(body) FROM {schema}.outbox")  # noqa: S608
                read[service] = read.get(service, 0) + count
    if open_ones := {service: count for service, count in read.items() if count}:
        raise Fell(f"events read without their tenant: {open_ones}")
    return f"{len(read)} outboxes, no event without its tenant"


async def _count(connection: asyncpg.Connection, query: str) -> int:
    try:
        return int(await connection.fetchval(query))
    except asyncpg.PostgresError:
        return 0


@attack("F13")
async def row_security_switched_off(target: Target) -> str:
    """Each service's account switches off, bypasses or replaces the row security of its own tables."""
    worked = []
    for service, schema in SCHEMAS.items():
        async with target.as_service(service) as connection:
            tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
            for table in tables:
                worked += [
                    f"{service}: {s}" for s in _switches(schema, table[0]) if await _works(connection, s)
                ]
            takes = ("SET ROLE postgres", "SET SESSION AUTHORIZATION postgres")
            worked += [f"{service}: {s}" for s in takes if await _works(connection, s)]
    if worked:
        raise Fell(f"{len(worked)} statements worked, among them {worked[0]}")
    return "no service's account may change its tables' security"


def _switches(schema: str, table: str) -> tuple[str, ...]:
    name = f'{schema}."{table}"'
    return (
        f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY everybody ON {name} USING (true)",
        f"DROP TABLE {name}",
    )


async def _works(connection: asyncpg.Connection, statement: str) -> bool:
    """Undone at once."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(f"SET LOCAL lock_timeout = '200ms'; {statement}")
    except asyncpg.LockNotAvailableError:
        return True
    except asyncpg.PostgresError:
        return False
    else:
        return True
    finally:
        await transaction.rollback()


@attack("F13")
async def secrets_in_a_copy_of_the_tables(target: Target) -> str:
    """Every text of every table, searched for the webhooks' secret, the operators' token and the keys."""
    known = {name: value for name, value in target.stack.secrets.items() if len(value) > 15}
    found = [
        f"{name} in {place}" for name, value in known.items() for place in await places_of(target, value)
    ]
    if found:
        raise Fell("; ".join(found))
    return f"{len(known)} secrets, none in a table"


async def places_of(target: Target, words: str) -> list[str]:
    """The tables of all schemas with a row whose text holds the words; bytes are read as text and as hex."""
    async with target.as_administrator() as connection:
        tables = await connection.fetch(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY($1)", list(SCHEMAS.values())
        )
        found = []
        for schema, table in tables:
            held = await connection.fetchval(
                f'SELECT EXISTS (SELECT 1 FROM {schema}."{table}" AS t'  # noqa: S608 - our own names
                " WHERE position(lower($1) IN lower(t::text)) > 0 OR position($2 IN t::text) > 0)",
                words,
                words.encode().hex(),
            )
            if held:
                found.append(f"{schema}.{table}")
        return found
