"""leadctl retention: what the services keep for how long, and what is too old."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from aio_pika.exceptions import AMQPError
from rich.progress import Progress
from shared.events import SERVICES, ServiceName
from shared.messaging.publisher import open_publisher

from ops import audit
from ops.person_data import Services, Traces, clear_broker
from ops.screen import console, errors, fail, show_json, show_table
from ops.settings import Settings

app = typer.Typer(help="What leaves by its age: show, run.", no_args_is_help=True)

LOOK_EVERY_SECONDS = 0.5

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.callback()
def _retention() -> None:
    """What leaves by its age: show, run. Each service also removes it by itself every night."""


@dataclass(frozen=True)
class Kind:
    """`days`: None where nothing leaves; `oldest`: of the rows that are due."""

    service: ServiceName
    kind: str
    what: str
    days: int | None
    rows: int
    oldest: str | None


@app.command("show")
def show(as_json: AsJson = False) -> None:
    """Each kind of data with its age, the rows that are due, and the oldest of them. Exit code 1: a service is away."""
    with Services(Settings()) as services:
        _show(_kinds(services), as_json=as_json)


@app.command("run")
def run(
    wait_seconds: Annotated[
        int, typer.Option("--wait", help="For the services to erase old leads, in seconds.", min=1)
    ] = 120,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is due.")] = False,
    as_json: AsJson = False,
) -> None:
    """Removes now what is due, and takes leads that were erased in the last 31 days out of dead letters and event log.

    Repeating it is harmless. Exit code 0: done; 1: a service is away, or has not erased yet.
    """
    settings = Settings()
    with Services(settings) as services:
        kinds = _kinds(services)
        if dry_run:
            _show(kinds, as_json=as_json)
            return
        removed = _remove(services, kinds)
        erased = _wait_for_erased(services, wait_seconds)
    broker = _clear(settings.rabbitmq_url, erased, removed)
    _show_removed({**removed, "broker": broker}, as_json=as_json)


def _kinds(services: Services) -> Sequence[Kind]:
    return [
        Kind(service=service, **kind) for service in SERVICES for kind in services.retention(service)["kinds"]
    ]


def _show(kinds: Sequence[Kind], *, as_json: bool) -> None:
    if as_json:
        console.print(
            json.dumps({"kinds": [asdict(kind) for kind in kinds]}), soft_wrap=True, highlight=False
        )
        return
    rows = [
        [
            kind.service,
            kind.kind,
            f"{kind.days} days" if kind.days else "off",
            str(kind.rows),
            _day(kind.oldest),
        ]
        for kind in kinds
    ]
    show_table("What leaves by its age", ("service", "kind", "age", "due", "oldest due"), rows)


def _day(moment: str | None) -> str:
    return moment[:10] if moment else ""


def _remove(services: Services, kinds: Sequence[Kind]) -> dict[str, Counter[str]]:
    """Service to kind to rows."""
    removed: dict[str, Counter[str]] = {service: Counter() for service in SERVICES}
    with Progress(console=errors, transient=True) as progress:
        for kind in kinds:
            task = progress.add_task(f"{kind.service} {kind.kind}", total=kind.rows)
            more = kind.days is not None
            while more:
                step = services.retention(kind.service, "POST", f"/{kind.kind}")
                removed[kind.service][kind.kind] += step["removed"]
                progress.advance(task, step["removed"])
                more = step["more"]
    return removed


@dataclass(frozen=True)
class _Erased:
    leads: frozenset[str]
    subjects: frozenset[str]


def _wait_for_erased(services: Services, seconds: int) -> _Erased:
    """Until every service has erased what ingest has."""
    deadline = time.monotonic() + seconds
    while True:
        found = {service: services.retention(service, path="/erased") for service in SERVICES}
        wanted = frozenset(found["ingest"]["leads"])
        behind = [service for service in SERVICES if wanted - set(found[service]["leads"])]
        if not behind:
            subjects = frozenset(subject for one in found.values() for subject in one["subjects"])
            return _Erased(wanted, subjects | wanted)
        if time.monotonic() > deadline:
            fail(
                f"{', '.join(behind)} has not erased yet and will when it works again. Then run this once more."
            )
        time.sleep(LOOK_EVERY_SECONDS)


def _clear(rabbitmq_url: str, erased: _Erased, removed: dict[str, Counter[str]]) -> Counter[str]:
    try:
        return asyncio.run(_cleared(rabbitmq_url, erased, removed))
    except (OSError, AMQPError, TimeoutError) as error:
        fail(f"the log is not cleared yet ({error or type(error).__name__}): run this once more")


async def _cleared(rabbitmq_url: str, erased: _Erased, removed: dict[str, Counter[str]]) -> Counter[str]:
    found = Counter[str]()
    if erased.leads:
        traces = Traces(subjects=erased.subjects, addresses=frozenset(), others=frozenset())
        found = await clear_broker(rabbitmq_url, traces)
    async with open_publisher(rabbitmq_url, "leadctl-audit") as publisher:
        rows = {service: dict(+counts) for service, counts in removed.items() if +counts}
        await audit.note(publisher, "retention run", "", rows=rows, events=dict(found))
    return found


def _show_removed(removed: dict[str, Counter[str]], *, as_json: bool) -> None:
    if as_json:
        show_json(removed)
        return
    rows = [
        [place, name, str(count)]
        for place, counts in removed.items()
        for name, count in sorted(counts.items())
        if count
    ]
    show_table("Removed or blanked", ("where", "kind", "rows"), rows)
