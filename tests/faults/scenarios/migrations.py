"""A column comes and goes while customers book, with the service's old and new version side by side."""

import asyncio
import shutil
import sys
from pathlib import Path

from ops.stack.environment import PACKAGES
from ops.stack.provision import owner_url
from ops.stack.shell import Outcome
from ops.stack.shell import run as shell
from ops.stack.state import secret

from faults.scenarios.table import Run, scenario
from faults.system import ROOT, System

SERVICE = "booking"
TABLE = "booking.appointments"
COLUMN = "shade"
FIELD = "    cancel_reason: str | None\n"
REVISION = "faults"
MIGRATION = f'''"""Planted by the fault suite."""

import sqlalchemy as sa
from alembic import op

revision = "{REVISION}"
down_revision = "%s"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("appointments", sa.Column("{COLUMN}", sa.Text(), nullable=True), schema="booking")


def downgrade() -> None:
    op.drop_column("appointments", "{COLUMN}", schema="booking")
'''
CONTRACT = (
    "import os\nfrom alembic import command\nfrom shared.db.migrate import config\n"
    f"command.downgrade(config('{PACKAGES[SERVICE]}', os.environ['BOOKING_MIGRATION_DATABASE_URL']), '-1')\n"
)


@scenario(22)
async def a_column_comes_and_goes_under_load(run: Run) -> None:
    """Expand under the old version, both versions at once, contract under the one that is left. No customer is refused."""
    system = run.system
    newer = await newer_version(system)
    await books(run)
    async with system.admin() as reader, reader.transaction():
        await reader.execute(f"LOCK TABLE {TABLE} IN ACCESS SHARE MODE")
        held_up, _ = await asyncio.gather(nobody_refused(run, migrate(system, newer)), books(run))
        assert not held_up.ok, held_up.output
        assert "lock timeout" in held_up.output, held_up.output
    assert not await has_column(system)
    expanded = await nobody_refused(run, migrate(system, newer))
    assert expanded.ok, expanded.output
    async with system.with_replicas([SERVICE], {"PYTHONPATH": str(newer)}):
        await asyncio.gather(*(books(run) for _ in range(4)))
    contracted = await nobody_refused(run, python(system, newer, "-c", CONTRACT))
    assert contracted.ok, contracted.output
    assert not await has_column(system)
    await books(run)
    run.injected.append("column added (after one lock time-out), used by a second version, dropped")


async def books(run: Run) -> None:
    _, told = run.load.new_story(books=True)
    await told


async def nobody_refused(run: Run, migration: asyncio.Future[Outcome]) -> Outcome:
    """Nor held up for longer than the migration's own time-out; a refusal would be a 5xx or no answer."""
    before = len(run.load.refused)
    outcome = await migration
    assert not run.load.refused[before:]
    return outcome


async def newer_version(system: System) -> Path:
    """The service's own code with one migration and one field more, found before the installed one."""
    folder = system.state_dir / "newer"
    package = PACKAGES[SERVICE]
    copy = folder / package
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "services" / SERVICE / "src" / package, copy)
    tables = (copy / "tables.py").read_text()
    before, found, after = tables.rpartition(FIELD)
    assert found
    (copy / "tables.py").write_text(f"{before}{FIELD}    {COLUMN}: str | None = None\n{after}")
    [head] = await system.rows("SELECT version_num FROM booking.alembic_version")
    (copy / "migrations" / "versions" / "9999_faults.py").write_text(MIGRATION % head["version_num"])
    return folder


def migrate(system: System, newer: Path) -> "asyncio.Future[Outcome]":
    return python(system, newer, "-m", PACKAGES[SERVICE], "migrate")


def python(system: System, newer: Path, *arguments: str) -> "asyncio.Future[Outcome]":
    owner = owner_url(system.stack.databases[SERVICE], secret(system.state_dir, "database"))
    settings = {"BOOKING_MIGRATION_DATABASE_URL": owner, "PYTHONPATH": str(newer)}
    return asyncio.ensure_future(shell(sys.executable, *arguments, env=settings, timeout_seconds=120))


async def has_column(system: System) -> bool:
    schema, table = TABLE.split(".")
    return bool(
        await system.rows(
            "SELECT 1 FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2 AND column_name = $3",
            schema,
            table,
            COLUMN,
        )
    )
