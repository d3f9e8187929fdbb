"""leadctl person: all that is held of a person, to be handed over or to be erased."""

import asyncio
import hashlib
import json
import os
import time
import zipfile
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Annotated

import typer
from aio_pika.exceptions import AMQPError
from rich.progress import Progress, track
from shared.events import SERVICES, ServiceName
from shared.messaging.publisher import open_publisher

from ops import audit
from ops.person_data import (
    Erased,
    Json,
    Person,
    Services,
    Traces,
    clear_broker,
    counted,
)
from ops.screen import console, errors, fail, show_json, show_table
from ops.settings import Settings

app = typer.Typer(help="A person's data: export, erase.", no_args_is_help=True)

PHRASE = "erase"
LOOK_EVERY_SECONDS = 0.5
KEEP_ADDRESSES: Sequence[ServiceName] = ("notifier", "ingest")
"""Each after those whose events name addresses to it: crm-sync tells notifier, and notifier tells ingest."""

Address = Annotated[str, typer.Argument(metavar="PHONE|EMAIL", help="As a customer would write it.")]
Tenant = Annotated[str, typer.Option(help="The tenant's slug.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.callback()
def _person() -> None:
    """A person's data: export, erase. A person: all leads of a tenant with that number or address, and what names it beside them."""


@app.command("export")
def export(
    address: Address,
    tenant: Tenant,
    out: Annotated[Path | None, typer.Option(help="The ZIP file; it must not exist yet.")] = None,
    as_json: AsJson = False,
) -> None:
    """Everything that the services hold of the person: a file for each service, and a manifest with checksums.

    Exit code 0: written; 1: nothing is held of it, a service is away, or the file exists.
    """
    with Services(Settings()) as services:
        person = services.person(tenant, address, "find")
        _show_person(person)
        parts = {name: _part(services, person, name) for name in _each_service()}
    if not any(_counted(part).total() for part in parts.values()):
        fail(f"{tenant} holds nothing of this number or address")
    files = {f"{name}.json": _pretty(part) for name, part in parts.items()}
    manifest = _manifest(person, tenant, parts, files)
    if as_json:
        console.print(
            json.dumps({**manifest, "services": parts}), soft_wrap=True, highlight=False, markup=False
        )
        return
    path = out or Path(f"person-{tenant}-{datetime.now(UTC):%Y%m%d-%H%M%S}.zip")
    _write(path, {**files, "manifest.json": _pretty(manifest)})
    console.print(
        f"{path}: {sum(manifest['rows'].values())} rows of {len(person.leads)} leads. It is personal data."
    )


def _each_service() -> Sequence[ServiceName]:
    return list(track(SERVICES, "services", console=errors, transient=True))


def _part(services: Services, person: Person, service: ServiceName) -> Json:
    """Lead -> table -> rows; under `addresses` what is not among these."""
    part = {
        lead_id: _whole(service, services.held(service, person.tenant_id, lead_id))
        for lead_id in person.lead_ids
    }
    beside = _whole(service, services.of_addresses(service, person, "find"))
    known = {
        (table, row.get("id")) for tables in part.values() for table, rows in tables.items() for row in rows
    }
    part["addresses"] = {
        table: [row for row in rows if row.get("id") is None or (table, row["id"]) not in known]
        for table, rows in beside.items()
    }
    return part


def _whole(service: ServiceName, found: Json | None) -> Json:
    if found is None:
        fail(f"{service} does not answer: an export must be whole. Start it and try again.")
    tables: Json = found["tables"]
    return tables


def _counted(part: Json) -> Counter[str]:
    return sum((counted(tables) for tables in part.values()), Counter())


def _manifest(person: Person, tenant: str, parts: dict[ServiceName, Json], files: dict[str, bytes]) -> Json:
    rows = {service: _counted(part).total() for service, part in parts.items()}
    return {
        "tenant": tenant,
        "address": person.address,
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "leads": person.lead_ids,
        "shares_an_address_with": [lead["id"] for lead in person.related],
        "rows": rows,
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }


def _pretty(content: object) -> bytes:
    return json.dumps(content, indent=2, ensure_ascii=False).encode()


def _write(path: Path, files: dict[str, bytes]) -> None:
    """Readable by its owner only, from the first byte on."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        fail(f"{path} could not be made: {error.strerror}")
    with os.fdopen(descriptor, "wb") as file:
        file.write(archive.getvalue())


@app.command("erase")
def erase(  # noqa: PLR0917 - what an operator may say
    address: Address,
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="Why, for the audit; name nobody.")] = "",
    wait_seconds: Annotated[int, typer.Option("--wait", help="For the services, in seconds.", min=1)] = 120,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask (scripts).")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Nothing stays that tells who the person was: not in the services, not in dead letters, not in the event log.

    Repeating it is harmless and goes on where it stopped. Exit code 0: done; 1: refused, or a service has not erased yet.
    """
    settings = Settings()
    with Services(settings) as services:
        person = services.person(tenant, address, "find")
        _show_person(person)
        _show_crm(person)
        if dry_run:
            _show_rows("Would go or be blanked", _would_go(services, person), as_json=as_json)
            return
        if not reason.strip():
            fail("--reason is needed: say for the audit why this is done")
        if not yes and typer.prompt(f"Type '{PHRASE}' to go on", default="", err=True) != PHRASE:
            fail("nothing was erased")
        person = services.person(tenant, address, "erase")  # with leads that came meanwhile
        done = _wait(services, person, wait_seconds)
        if not done.waiting:
            _erase_addresses(services, person, done, wait_seconds)
    if done.waiting:
        away = ", ".join(sorted({service for service, _ in done.waiting}))
        fail(
            f"{away} has not erased yet and will when it works again. Then run the same command once more: the log is to be cleared, too."
        )
    broker = _clear_broker(settings.rabbitmq_url, person, done.subjects, reason)
    _show_rows(
        "Erased or blanked",
        {**{str(name): rows for name, rows in done.rows.items()}, "broker": broker},
        as_json=as_json,
    )


def _show_person(person: Person) -> None:
    """On standard error, so that what a program reads is not mixed with it."""
    rows = [_lead_row(lead, "") for lead in person.leads]
    rows += [
        _lead_row(lead, "not included: it shares a number or address, or had it once, and has another one")
        for lead in person.related
    ]
    rows += [[lead_id, "", "", "", "", "erased before"] for lead_id in person.erased]
    rows += [_member_row(member) for member in person.staff]
    show_table("Leads", ("lead", "received", "name", "e-mail", "phone", ""), rows, screen=errors)
    if not rows:
        errors.print("no lead and nobody of the shop: what else names it")


def _member_row(member: Json) -> list[str]:
    note = "works at the shop: stays until that ends" if member["active"] else "worked at the shop"
    return [member["id"], "", member["name"], member["email"], member["phone"] or "", note]


def _lead_row(lead: Json, note: str) -> list[str]:
    return [
        lead["id"],
        lead["received_at"][:10],
        lead["name"],
        lead["email"] or "",
        lead["phone"] or "",
        note,
    ]


def _show_crm(person: Person) -> None:
    orders = [
        f"order {lead['order_id']}, customer {lead['customer_id'] or 'unknown'}"
        for lead in person.leads
        if lead["order_id"]
    ]
    if orders:
        errors.print(
            "ShopMonkey is the shop's: what stands there is not erased by this. Tell the shop:\n  " + "\n  ".join(orders),
            highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip


def _would_go(services: Services, person: Person) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for service in _each_service():
        found[service] = _counted(_part(services, person, service))
    return found


def _erase_addresses(services: Services, person: Person, done: Erased, seconds: int) -> None:
    """After the leads, which would spare what is theirs, too. Who keeps what others tell of an address comes last: what is under way is from before.

    What is being sent at this moment is waited for.
    """
    deadline = time.monotonic() + seconds
    for service in (*(name for name in SERVICES if name not in KEEP_ADDRESSES), *KEEP_ADDRESSES):
        erased = services.of_addresses(service, person, "erase")
        while erased and erased["under_way"] and time.monotonic() < deadline:
            done.note_addresses(service, erased)
            time.sleep(LOOK_EVERY_SECONDS)
            erased = services.of_addresses(service, person, "erase")
        if erased:
            done.note_addresses(service, erased)
        if not erased or erased["under_way"]:
            done.waiting.add((service, person.address))


def _wait(services: Services, person: Person, seconds: int) -> Erased:
    done = Erased({(service, lead_id) for service in SERVICES for lead_id in person.lead_ids})
    deadline = time.monotonic() + seconds
    with Progress(console=errors, transient=True) as progress:
        total = len(done.waiting)
        task = progress.add_task("services", total=total)
        while True:
            done.look(services, person.tenant_id)
            progress.update(task, completed=total - len(done.waiting))
            if not done.waiting or time.monotonic() > deadline:
                return done
            time.sleep(LOOK_EVERY_SECONDS)


def _dismissed(person: Person) -> list[str]:
    return [member["id"] for member in person.staff if not member["active"]]


def _clear_broker(rabbitmq_url: str, person: Person, subjects: set[str], reason: str) -> Counter[str]:
    traces = Traces(
        subjects=frozenset({*subjects, *person.lead_ids, *_dismissed(person)}),
        addresses=frozenset(person.addresses),
        others=frozenset(lead["id"] for lead in person.related),
        tenant_id=person.tenant_id,
    )
    try:
        return asyncio.run(_cleared(rabbitmq_url, traces, len(person.lead_ids), reason))
    except (OSError, AMQPError, TimeoutError) as error:
        fail(f"the log is not cleared yet ({error or type(error).__name__}): run the same command once more")


async def _cleared(rabbitmq_url: str, traces: Traces, leads: int, reason: str) -> Counter[str]:
    found = await clear_broker(rabbitmq_url, traces)
    async with open_publisher(rabbitmq_url, "leadctl-audit") as publisher:
        await audit.note(publisher, "person erased", reason, leads=leads, events=dict(found))
    return found


def _show_rows(title: str, rows: dict[str, Counter[str]], *, as_json: bool) -> None:
    if as_json:
        show_json(rows)
        return
    table = [
        [place, name, str(count)]
        for place, counts in rows.items()
        for name, count in sorted(counts.items())
        if count
    ]
    show_table(title, ("where", "table", "rows"), table)
