"""Under every fault of the table: nothing lost, nothing twice. `make faults SEED=.. ONLY=..` repeats one."""

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.message import EmailMessage

import aiosmtplib
import pytest
from shared.events import LeadReceived

from faults.audit import Audit, settled
from faults.load import Load, Story
from faults.scenarios import SCENARIOS, Run, Scenario
from faults.system import System, running_system

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit, pytest.mark.timeout(1800)]

SEED = int(os.environ.get("FAULTS_SEED") or secrets.randbelow(1_000_000))
LONG = bool(os.environ.get("FAULTS_LONG"))
LOAD_SECONDS = 20 if LONG else 5
PATIENCE_SECONDS = 240


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    async with running_system() as started:
        yield started


@pytest.mark.parametrize(
    "scenario",
    [pytest.param(one, id=one.name, marks=getattr(pytest.mark, one.group)) for one in SCENARIOS],
)
async def test_nothing_is_lost_and_nothing_happens_twice(
    system: System, scenario: Scenario, record_property: Callable[[str, object], None]
) -> None:
    load = Load(system, name=f"{scenario.name.replace('_', '-')}.{secrets.token_hex(2)}", seed=SEED)
    audit = Audit(system)
    run = Run(system, load, audit, random.Random(f"{SEED}:{scenario.name}:faults"), LONG)
    await audit.begin()
    began = time.monotonic()
    async with load.running():
        await scenario.inject(run)
        healed = time.monotonic()
        await asyncio.sleep(max(0, LOAD_SECONDS - (healed - began)))
    report = await settled(audit, load, PATIENCE_SECONDS)
    record_property(
        "faults",
        f"{scenario.name:44} {report.leads:5} {report.messages:5} {report.appointments:6} {report.events:6} "
        f"{report.count('lost'):4} {report.count('doubled'):7} {report.unknown:7} {time.monotonic() - healed:7.1f} s  "
        f"{SEED:6}  {', '.join(run.injected)}",
    )
    assert not report.findings, f"seed {SEED}:\n" + "\n".join(map(str, report.findings))


@pytest.mark.faults_quick
async def test_the_audit_finds_a_lost_event_a_lost_lead_and_a_doubled_mail(system: System) -> None:
    load = Load(system, name=f"planted.{secrets.token_hex(2)}", seed=SEED)
    audit = Audit(system)
    await audit.begin()
    story, told = load.new_story(chats=False, books=False)
    await told
    assert not (await settled(audit, load, PATIENCE_SECONDS)).findings

    async with planted_losses(system, story):
        await send_again(system, story)
        findings = (await audit.report(load)).findings

    lost, doubled = ([one for one in findings if one.kind == kind] for kind in ("lost", "doubled"))
    assert any("in the log" in one.what for one in lost), findings
    assert any(one.what.endswith("in crm-sync") and one.last_seen for one in lost), findings
    assert any(one.what.endswith("in booking") for one in lost), findings
    assert any(story.email in one.what for one in doubled), findings


@asynccontextmanager
async def planted_losses(system: System, story: Story) -> AsyncIterator[None]:
    """An event that its relay says it published, and a lead that booking forgot; put right at the end."""
    async with system.admin() as connection:
        event = await connection.fetchval(
            "INSERT INTO ingest.outbox (event_id, tenant_id, type, key, body, created_at, published_at) "
            "SELECT gen_random_uuid(), tenant_id, type, key, body, now(), now() FROM ingest.outbox WHERE type = $1 LIMIT 1 "
            "RETURNING event_id",
            LeadReceived.type,
        )
        lead = await connection.fetchval("SELECT id FROM ingest.leads WHERE order_id = $1", story.order_id)
        await connection.execute(
            "CREATE TEMP TABLE forgotten AS SELECT * FROM booking.leads WHERE lead_id = $1", lead
        )
        await connection.execute("DELETE FROM booking.leads WHERE lead_id = $1", lead)
        yield
        await connection.execute("INSERT INTO booking.leads SELECT * FROM forgotten")
        await connection.execute("DELETE FROM ingest.outbox WHERE event_id = $1", event)


async def send_again(system: System, story: Story) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.com", story.email, "The same mail once more"
    mail.set_content("Sample.")
    host, port = system.stack.smtp.split(":")
    await aiosmtplib.send(mail, hostname=host, port=int(port), local_hostname="localhost")
