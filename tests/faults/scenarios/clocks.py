"""Our own machines' clocks are off, and step back while the services run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from ops.stack.apt import apt_install, can_apt_install

from faults.scenarios.processes import some_services
from faults.scenarios.table import Run, scenario

OFF_SECONDS = 600
LIBRARIES = Path("/usr/lib")
_MOMENTS = """
SELECT 'ingest.leads' AS what, received_at AS at FROM ingest.leads WHERE email = ANY($1)
UNION ALL SELECT 'booking.quotes', created_at FROM booking.quotes WHERE lead_id = ANY($2)
UNION ALL SELECT 'booking.quotes until', valid_until - interval '48 hours' FROM booking.quotes WHERE lead_id = ANY($2)
UNION ALL SELECT 'booking.appointments', created_at FROM booking.appointments WHERE lead_id = ANY($2)
UNION ALL SELECT 'chat.messages', m.created_at FROM chat.conversations c
  JOIN chat.chat_messages m ON m.conversation_id = c.id WHERE c.lead_id = ANY($2)
UNION ALL SELECT 'notify.deliveries', created_at FROM notify.deliveries WHERE lead_id = ANY($2)
UNION ALL SELECT 'notify.deliveries sent', sent_at FROM notify.deliveries WHERE lead_id = ANY($2) AND sent_at IS NOT NULL
UNION ALL SELECT 'event of ' || type, (convert_from(body, 'UTF8')::jsonb ->> 'time')::timestamptz
  FROM (SELECT * FROM ingest.outbox UNION ALL SELECT * FROM chat.outbox UNION ALL SELECT * FROM booking.outbox
        UNION ALL SELECT * FROM crm.outbox UNION ALL SELECT * FROM notify.outbox) o WHERE o.created_at > $3
"""
"""All that decides what is due when: each moment must lie within the scenario, by the database's clock."""
_EARLY = """
SELECT template, channel, due_at, sent_at FROM notify.deliveries
WHERE lead_id = ANY($1) AND (sent_at < due_at OR touch > 0 AND sent_at IS NOT NULL)
"""


@scenario(21)
async def own_clocks_off_and_stepping_back(run: Run) -> None:
    """Ten minutes ahead, then ten minutes behind, and at last right again: nothing is early, late or twice."""
    began = await database_clock(run)
    services = some_services(run)
    async with own_clock(run, services) as clock:
        await lead_told_in_full(run)
        clock.write_text(f"{-OFF_SECONDS}\n")
        await lead_told_in_full(run)
        run.injected.append(f"{', '.join(services)} 10 min ahead, then 10 min behind")
    assert await moments_outside(run, began) == []
    assert await early(run) == []


@asynccontextmanager
async def own_clock(run: Run, services: list[str]) -> AsyncIterator[Path]:
    """The wall clock of these services, and of nobody else, runs ahead; the file sets it anew while they run."""
    clock = run.system.state_dir / "clock"
    clock.write_text(f"{OFF_SECONDS:+}\n")
    settings = {
        "LD_PRELOAD": await faketime(),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    async with run.system.with_settings(dict.fromkeys(services, settings)):
        yield clock


async def faketime() -> str:
    found = library()
    if found is None and can_apt_install():
        await apt_install("libfaketime")
        found = library()
    if found is None:
        pytest.skip("libfaketime is missing: apt-get install -y --no-install-recommends libfaketime")
    return str(found)


def library() -> Path | None:
    return next(LIBRARIES.glob("*/faketime/libfaketimeMT.so.1"), None)


async def lead_told_in_full(run: Run) -> None:
    _, told = run.load.new_story(chats=True, books=True)
    await told


async def database_clock(run: Run) -> datetime:
    [row] = await run.system.rows("SELECT clock_timestamp() AS now")
    now: datetime = row["now"]
    return now


async def moments_outside(run: Run, began: datetime) -> list[str]:
    """A second of grace: a service's reading of the database's clock is off by its round trip."""
    emails = [story.email for story in run.load.stories]
    leads = [
        row["id"]
        for row in await run.system.rows("SELECT id FROM ingest.leads WHERE email = ANY($1)", emails)
    ]
    rows = await run.system.rows(
        f"SELECT * FROM ({_MOMENTS}) m WHERE at NOT BETWEEN $3 - interval '1 s' AND clock_timestamp() + interval '1 s'",
        emails,
        leads,
        began,
    )
    return [f"{row['what']}: {row['at']}" for row in rows]


async def early(run: Run) -> list[str]:
    emails = [story.email for story in run.load.stories]
    leads = [
        row["id"]
        for row in await run.system.rows("SELECT id FROM ingest.leads WHERE email = ANY($1)", emails)
    ]
    return [str(dict(row)) for row in await run.system.rows(_EARLY, leads)]
