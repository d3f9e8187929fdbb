"""Limits hold across replicas, end with their windows, and say truly when to come again."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import Request
from limits import parse
from pydantic import ValidationError
from shared.db.engine import Sessions, asyncpg_url, create_engine, create_sessions, one_statement
from shared.http.limits import Limit, Limits, caller, seconds_to_wait, windows_of
from shared.http.problems import Problem
from shared.messaging.retention import purge
from shared.settings import ServiceSettings
from sqlalchemy import text

DECLARED = (
    Limit("tries", "person", "3/minute", "too many tries"),
    Limit("tries_of_all", "site", "5/minute; 8/hour", "too many tries of all"),
    Limit("cents", "person", "10/day", "spending"),
)


class Moving:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def passes(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Moving:
    return Moving()


@pytest.fixture
def limits(sessions: Sessions, clock: Moving) -> Limits:
    return Limits(sessions, windows_of(DECLARED), clock, secret="of-the-tests")


async def taken(limits: Limits, count: int, *uses: tuple[str, object]) -> list[bool]:
    return [await limits.refusal(*uses) is None for _ in range(count)]


@pytest.mark.postgres
async def test_so_many_and_no_more_for_each_key(limits: Limits) -> None:
    assert await taken(limits, 5, ("tries", "ann")) == [True, True, True, False, False]
    assert await taken(limits, 1, ("tries", "bob")) == [True]


@pytest.mark.postgres
async def test_the_answer_is_429_and_says_when_to_come_again(limits: Limits, clock: Moving) -> None:
    clock.passes(15)
    await taken(limits, 3, ("tries", "ann"))

    with pytest.raises(Problem) as refused:
        await limits.take(("tries", "ann"))
    problem = refused.value
    assert (problem.status, problem.code, problem.extra) == (429, "rate_limited", {"limit": "tries"})
    seconds = int(problem.headers["Retry-After"])
    clock.passes(seconds - 2)
    assert await taken(limits, 1, ("tries", "ann")) == [False]
    clock.passes(2.01)
    assert await taken(limits, 1, ("tries", "ann")) == [True]


@pytest.mark.postgres
async def test_two_replicas_share_a_count_and_many_at_once_get_no_more(
    database_url: str, clock: Moving
) -> None:
    engines = [create_engine(database_url) for _ in range(2)]
    replicas = [
        Limits(create_sessions(engine), windows_of(DECLARED), clock, secret="of-the-tests")
        for engine in engines
    ]

    answers = await asyncio.gather(
        *(replicas[i % 2].refusal(("tries", "ann"), ("tries_of_all", "site")) for i in range(20))
    )

    for engine in engines:
        await engine.dispose()
    assert sum(answer is None for answer in answers) == 3


@pytest.mark.postgres
async def test_a_window_slides(limits: Limits, clock: Moving) -> None:
    """What was used before the window began counts by the share of it that is less than a minute ago."""
    clock.passes(59)
    await taken(limits, 3, ("tries", "ann"))
    clock.passes(2)
    assert await taken(limits, 2, ("tries", "ann")) == [True, False]
    clock.passes(120)
    assert await taken(limits, 4, ("tries", "ann")) == [True, True, True, False]


@pytest.mark.postgres
async def test_all_windows_of_all_limits_count_in_one_statement(
    limits: Limits, clock: Moving, sessions: Sessions
) -> None:
    for _ in range(3):
        assert await limits.refusal(("tries", "ann"), ("tries_of_all", "site")) is None
    refusal = await limits.refusal(("tries", "ann"), ("tries_of_all", "site"))
    assert refusal is not None
    assert refusal.limit == "tries"
    clock.passes(180)
    assert await taken(limits, 5, ("tries_of_all", "site")) == [True] * 4 + [False]
    refusal = await limits.refusal(("tries_of_all", "site"))
    assert refusal is not None
    assert refusal.seconds > 60, "it is the hour's window that is used up"


@pytest.mark.postgres
async def test_who_was_refused_does_not_reach_the_database_again(
    limits: Limits, clock: Moving, sessions: Sessions
) -> None:
    await taken(limits, 4, ("tries", "ann"))
    async with one_statement(sessions) as connection:
        await connection.execute(text("DELETE FROM limit_counts"))
    assert await taken(limits, 1, ("tries", "ann")) == [False]
    clock.passes(61)
    assert await taken(limits, 1, ("tries", "ann")) == [True]


@pytest.mark.postgres
async def test_what_is_paid_for_afterwards(limits: Limits, clock: Moving) -> None:
    ann = ("cents", "ann")
    for _ in range(3):
        assert await limits.used_up(ann) is None
    await limits.add(9.5, ann)
    assert await limits.used_up(ann) is None
    await limits.add(3.25, ann)
    assert await limits.used_up(ann) is not None
    assert await limits.used_up(("cents", "bob")) is None
    clock.passes(2 * 86400)
    assert await limits.used_up(ann) is None


async def test_without_a_database_a_failure_is_answered_as_it_is_and_all_else_as_an_outage() -> None:
    engine = create_engine("postgresql://nobody:none@127.0.0.1:1/none")
    limits = Limits(create_sessions(engine), windows_of(DECLARED), secret="of-the-tests")
    await limits.failed(("tries", "ann"))
    with pytest.raises(OSError, match=r"refused|Connect"):
        await limits.take(("tries", "ann"))
    await engine.dispose()


@pytest.mark.postgres
async def test_counts_that_no_window_needs_are_cleared_away(
    limits: Limits, sessions: Sessions, clock: Moving, database_url: str
) -> None:
    clock.at = datetime.now(UTC)
    await taken(limits, 1, ("tries", "now"))
    clock.passes(-300)
    await taken(limits, 1, ("tries", "before"))
    assert await purge(asyncpg_url(database_url), 35) == 1


@pytest.mark.postgres
async def test_no_address_is_kept(limits: Limits, sessions: Sessions) -> None:
    await taken(limits, 1, ("tries", "ann@example.com"))
    async with one_statement(sessions) as connection:
        rows = (await connection.execute(text("SELECT limit_counts::text FROM limit_counts"))).scalars().all()
    assert len(rows) == 1
    assert "ann" not in rows[0]


@pytest.mark.parametrize(
    ("earlier", "used", "elapsed", "seconds"),
    [
        (0, 10, 15, 45),
        (5, 5, 0, 1),
        (10, 5, 15, 15),
        (10, 10, 59, 1),
        (0, 20, 30, 60),
        (20, 0, 10, 20),
        (0, 0, 0, 1),
    ],
)
def test_when_there_is_room_again(earlier: float, used: float, elapsed: float, seconds: int) -> None:
    """Of 10 a minute."""
    item = parse("10/minute")
    assert seconds_to_wait(item, earlier=earlier, used=used, elapsed_seconds=elapsed) == seconds


class Own(ServiceSettings):
    own_limits = DECLARED


def settings(**limits: str) -> Own:
    return Own(
        database_url="postgresql://sample:sample@localhost/sample", rabbitmq_url="", port=0, limits=limits
    )


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"no_such": "1/day"}, "unknown limits: no_such; there are cents, ops_token_failures_per_ip"),
        ({"tries": "often"}, "tries: 'often' is neither like '120/minute; 1000/hour' nor 'off'"),
        ({"tries": ""}, "tries: '' is neither"),
    ],
)
def test_a_limit_that_is_not_there_or_not_readable_is_refused_at_the_start(
    limits: dict[str, str], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        settings(**limits)


@pytest.mark.postgres
async def test_a_limit_is_changed_and_switched_off_by_settings(sessions: Sessions) -> None:
    limits = Limits(
        sessions, settings(tries="1/hour", tries_of_all="off").limit_windows(), secret="of-the-tests"
    )
    assert await taken(limits, 2, ("tries", "ann")) == [True, False]
    assert await taken(limits, 20, ("tries_of_all", "site")) == [True] * 20


@pytest.mark.postgres
async def test_the_name_of_what_is_counted_cannot_be_guessed_without_the_secret(sessions: Sessions) -> None:
    for secret in ("one", "other"):
        address = f"postgresql://a:{secret}@127.0.0.1/x"
        limits = Own(database_url=address, rabbitmq_url="", port=0).limits_in(sessions)
        assert await taken(limits, 1, ("tries", "+16195550111")) == [True]
    async with one_statement(sessions) as connection:
        keys = (await connection.execute(text("SELECT key FROM limit_counts"))).scalars().all()
    assert len(set(keys)) == 2
    assert not [key for key in keys if hashlib.sha256(b"+16195550111").hexdigest()[:32] in key]


@pytest.mark.parametrize(
    ("host", "counted_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
    ],
)
def test_the_addresses_of_one_line_are_one_caller(host: str, counted_as: str) -> None:
    assert caller(Request({"type": "http", "client": (host, 1)})) == counted_as
