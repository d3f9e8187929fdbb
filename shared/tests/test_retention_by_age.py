"""Ages are settings, and the job begins in its hour, once a night."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from pydantic import ValidationError
from shared.db.engine import Sessions, transaction
from shared.retention import Kind, Remover, Retention, ages_of, nightly
from shared.settings import ServiceSettings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from testkit.patience import eventually

KINDS = (
    Kind(
        name="letters", what="letters", table="letters", days=90, since="at", after="they came", least_days=30
    ),
    Kind(name="notes", what="notes", table="notes", days=7, since="at", after="they came"),
)
TENANTS = [UUID(int=7), UUID(int=8)]


class Settings(ServiceSettings):
    own_retention: ClassVar[Retention] = Retention(KINDS)


def settings(**changed: object) -> Settings:
    return Settings(
        database_url="postgresql://sample:sample@localhost/sample", rabbitmq_url="", port=0, **changed
    )


def test_ages_are_the_defaults_but_for_what_is_set() -> None:
    assert settings().retention_ages() == {"letters": 90, "notes": 7}
    assert settings(retention={"letters": 30, "notes": "off"}).retention_ages() == {
        "letters": 30,
        "notes": None,
    }
    assert settings(retention={"notes": 0}).retention_ages()["notes"] is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"lettres": 30}, "unknown kinds: lettres; there are letters, notes"),
        ({"letters": 29}, "letters: 29 is neither from 30"),
        ({"notes": -1}, "notes: -1"),
        ({"notes": 40_000}, "notes: 40000"),
        ({"notes": "soon"}, "retention.notes"),
    ],
)
def test_what_is_no_age_stops_the_start(wrong: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        settings(retention=wrong)


def test_it_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RETENTION", '{"letters": 45, "notes": "off"}')
    assert settings().retention_ages() == {"letters": 45, "notes": None}


class Counted(Remover):
    def __init__(self, now: datetime) -> None:
        self.runs = 0
        self.now = lambda: now

    async def run(self) -> None:
        self.runs += 1


async def runs_at(*hours: int) -> list[int]:
    counted = Counted(datetime(2026, 11, 22, 0, 30, tzinfo=UTC))
    clock = nightly(counted, "sample", hour=9)
    seen = []
    async with clock.running():
        for hour in hours:
            counted.now = lambda hour=hour: datetime(2026, 11, 22 + hour // 24, hour % 24, 30, tzinfo=UTC)
            clock.wake()
            for _ in range(5):
                await asyncio.sleep(0)
            seen.append(counted.runs)
    return seen


async def test_it_runs_once_a_night_in_its_hour() -> None:
    assert await runs_at(8, 9, 9, 10, 24 + 8, 24 + 9) == [0, 1, 1, 1, 1, 2]


NOTES = Retention((Kind(name="effects", what="", table="notes", days=7, since="at", after=""),))


@pytest.fixture
async def notes(sessions: Sessions, owner_database_url: str) -> Sessions:
    """A table of the service's own, under row-level security."""
    import asyncpg  # noqa: PLC0415

    connection = await asyncpg.connect(owner_database_url)
    await connection.execute("""
        CREATE TABLE notes (tenant_id uuid, at timestamptz);
        ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON notes USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
    """)
    await connection.close()
    return sessions


async def fill(sessions: Sessions, *, old: int, young: int) -> None:
    for tenant_id in TENANTS:
        async with transaction(sessions, tenant_id) as session:
            for count, days in ((old, 8), (young, 6)):
                await session.execute(
                    text(
                        "INSERT INTO notes SELECT :tenant, now() - make_interval(days => :days) FROM generate_series(1, :n)"
                    ),
                    {"tenant": tenant_id, "days": days, "n": count},
                )


async def left(sessions: Sessions) -> int:
    count = 0
    for tenant_id in TENANTS:
        async with transaction(sessions, tenant_id) as session:
            count += await session.scalar(text("SELECT count(*) FROM notes")) or 0
    return count


async def tenants(_: AsyncSession) -> Sequence[UUID]:
    return TENANTS


@pytest.mark.postgres
async def test_replicas_share_the_work_of_all_tenants_in_batches(
    notes: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.retention.BATCH_ROWS", 20)
    await fill(notes, old=100, young=3)
    removers = [Remover(notes, NOTES, ages_of(NOTES.kinds, {}), tenants) for _ in range(3)]
    [due] = await removers[0].due()
    assert (due.rows, due.days) == (200, 7)
    before = REGISTRY.get_sample_value("retention_removed_total", {"kind": "effects"}) or 0
    step = await removers[0].step("effects")
    assert (step.removed, step.more) == (40, True)
    await asyncio.gather(*(remover.run() for remover in removers))

    async def done() -> bool:
        return await left(notes) == 6

    await eventually(done)
    assert REGISTRY.get_sample_value("retention_removed_total", {"kind": "effects"}) == before + 200


@pytest.mark.postgres
async def test_a_kind_that_is_off_keeps_its_rows(notes: Sessions) -> None:
    await fill(notes, old=2, young=0)
    remover = Remover(notes, NOTES, ages_of(NOTES.kinds, {"effects": "off"}), tenants)
    await remover.run()
    [due] = await remover.due()
    assert (due.rows, due.days) == (0, None)
    assert await left(notes) == 4


@pytest.mark.postgres
async def test_a_kind_that_fails_does_not_keep_the_others(notes: Sessions) -> None:
    broken = Kind(name="broken", what="", table="nowhere", days=7, since="at", after="")
    both = Retention((broken, *NOTES.kinds))
    await fill(notes, old=2, young=1)
    await Remover(notes, both, ages_of(both.kinds, {}), tenants).run()
    assert await left(notes) == 2
