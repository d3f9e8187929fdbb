"""Stops a service at a chosen statement: a trigger, put there from outside, waits for us or fails."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from testkit.patience import eventually

from faults.system import PATIENCE_SECONDS, System

LOCK = 760_031
_WAITING = """
SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.objid = $1 AND NOT l.granted AND starts_with(a.usename, $2)
"""
_END_WAITING = """
SELECT pid, pg_terminate_backend(pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
WHERE l.locktype = 'advisory' AND l.objid = $1 AND NOT l.granted AND starts_with(a.usename, $2)
"""


class Gate:
    def __init__(self, system: System, service: str) -> None:
        self._system = system
        self._service = service

    async def reached(self) -> None:
        """The service stands at the gate, inside its transaction."""

        async def waiting() -> bool:
            [row] = await self._system.rows(_WAITING, LOCK, self._system.role(self._service).decode())
            return bool(row["count"])

        await eventually(waiting, within_seconds=PATIENCE_SECONDS)

    async def forget_the_dead(self) -> None:
        """The server does not see by itself that who waits here was killed; the next one must be told from it."""
        ended = await self._system.rows(_END_WAITING, LOCK, self._system.role(self._service).decode())
        pids = [row["pid"] for row in ended]

        async def are_gone() -> bool:
            return not await self._system.rows("SELECT 1 FROM pg_stat_activity WHERE pid = ANY($1)", pids)

        await eventually(are_gone, within_seconds=PATIENCE_SECONDS)


@asynccontextmanager
async def gate(
    system: System, service: str, table: str, statement: str, when: str = "true"
) -> AsyncIterator[Gate]:
    """Until the block ends, whoever does `statement` (INSERT, UPDATE) to `table` with a row for which `when` holds waits."""
    async with system.admin() as connection:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        body = f"BEGIN PERFORM pg_advisory_xact_lock_shared({LOCK}); RETURN NEW; END"
        async with planted(system, table, statement, when, body):
            try:
                yield Gate(system, service)
            finally:  # first, or whoever waits here would keep the trigger from being removed
                await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)


@asynccontextmanager
async def failing(system: System, table: str, sqlstate: str) -> AsyncIterator[None]:
    """Until the block ends every INSERT into the table fails as the server would fail it, e.g. 53100 for a full disk."""
    body = f"BEGIN RAISE EXCEPTION 'injected fault' USING ERRCODE = '{sqlstate}'; END"
    async with planted(system, table, "INSERT", "true", body):
        yield


@asynccontextmanager
async def planted(system: System, table: str, statement: str, when: str, body: str) -> AsyncIterator[None]:
    async with system.admin() as connection:
        await connection.execute(
            f"CREATE OR REPLACE FUNCTION public.fault() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"
        )
        await connection.execute(
            f"CREATE TRIGGER fault BEFORE {statement} ON {table} FOR EACH ROW WHEN ({when}) "
            "EXECUTE FUNCTION public.fault()"
        )
    try:
        yield
    finally:
        async with system.admin() as connection:
            await connection.execute(f"DROP TRIGGER fault ON {table}")
