"""Rows leave when their time is over, and none that is still to be published."""

from uuid import uuid4

import pytest
from pydantic import ValidationError
from shared.db.engine import Sessions, relay_url, transaction
from shared.messaging import retention
from shared.settings import ServiceSettings
from sqlalchemy import text

pytestmark = pytest.mark.postgres

DAYS = 35
TENANT = uuid4()


async def add_event(sessions: Sessions, type_: str, *, age: int, published: bool) -> None:
    async with transaction(sessions, TENANT) as session:
        await session.execute(
            text(
                "INSERT INTO outbox (event_id, type, key, body, created_at, published_at) VALUES (:id, :type, 'k', '', "
                "now() - make_interval(days => :age), CASE WHEN :published THEN now() - make_interval(days => :age) END)"
            ),
            {"id": uuid4(), "type": type_, "age": age, "published": published},
        )


async def add_inbox(sessions: Sessions, consumer: str, *, age: int) -> None:
    async with transaction(sessions, TENANT) as session:
        await session.execute(
            text("INSERT INTO inbox VALUES (:consumer, :id, now() - make_interval(days => :age))"),
            {"consumer": consumer, "id": uuid4(), "age": age},
        )


async def left(sessions: Sessions) -> list[str]:
    async with transaction(sessions, TENANT) as session:
        found = await session.execute(text("SELECT type FROM outbox UNION ALL SELECT consumer FROM inbox"))
        return sorted(found.scalars())


async def test_what_is_old_leaves_in_batches_and_what_was_never_published_stays(
    sessions: Sessions, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    for _ in range(3):
        await add_event(sessions, "waiting since long", age=90, published=False)
    for _ in range(5):
        await add_event(sessions, "old", age=DAYS + 1, published=True)
        await add_inbox(sessions, "old", age=DAYS + 1)
    await add_event(sessions, "within the time", age=DAYS - 1, published=True)
    await add_inbox(sessions, "done within the time", age=DAYS - 1)
    assert await retention.purge(relay_url(database_url), DAYS) == 10
    assert await left(sessions) == ["done within the time", *["waiting since long"] * 3, "within the time"]


def test_a_time_shorter_than_the_logs_is_refused() -> None:
    with pytest.raises(ValidationError, match="retention_days"):
        ServiceSettings(
            database_url="postgresql://sample:sample@localhost/sample", rabbitmq_url="", port=0,
            retention_days=30,
        )  # fmt: skip
