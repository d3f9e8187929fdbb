"""leadctl events replay: what was asked for, put together and confirmed."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated
from uuid import uuid4

import asyncpg
import typer
from aio_pika.exceptions import AMQPError
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from shared.events import SERVICES, ServiceName
from shared.messaging.publisher import NotConfirmed, open_publisher
from shared.messaging.replay import Mode, Replay

from ops import audit
from ops.replay import INBOX_RETENTION, REBUILDS, Refused, Replayer, Selection, Summary, as_json, types_for
from ops.screen import console, errors, fail, show_table
from ops.settings import Settings
from ops.times import moment

PHRASE = "send again"


@dataclass(frozen=True)
class Wish:
    selection: Selection
    mode: Mode
    reason: str
    rate: int
    beyond_inbox: bool
    as_json: bool


def replay(  # noqa: PLR0917 - what an operator may say
    to: Annotated[str, typer.Option(help=f"The service: {', '.join(SERVICES)}.")],
    since: Annotated[
        str, typer.Option(help="2h, 1d, or an ISO time with offset. --rebuild: all there is.")
    ] = "",
    until: Annotated[str, typer.Option(help="As --since; without it, up to now.")] = "0s",
    type_: Annotated[str, typer.Option("--type", help="Only these types, e.g. 'lead.*'.")] = "*",
    lead: Annotated[str, typer.Option(help="Only this lead (id).")] = "",
    tenant: Annotated[str, typer.Option(help="Only this tenant (id).")] = "",
    again: Annotated[
        bool,
        typer.Option("--again", help="Also what was done: its own tables only, nothing leaves the service."),
    ] = False,
    with_side_effects: Annotated[
        bool,
        typer.Option("--with-side-effects", help="With --again: e-mails, texts, CRM writes, events, too."),
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Fill a newly migrated schema with what it keeps of others' facts."),
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, for the audit. Needed by --again and --rebuild.")] = "",
    rate: Annotated[
        int, typer.Option(help="Events sent a second; 0: no limit, live events wait.", min=0)
    ] = 200,
    beyond_inbox: Annotated[
        bool, typer.Option("--beyond-inbox", help="Deliver as new what the inbox is too young to know.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask (scripts).")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be sent.")] = False,
    as_json_: Annotated[bool, typer.Option("--json", help="The summary as one JSON object.")] = False,
) -> None:
    """Deliver events of the log once more, to one service only.

    What the service has done is skipped and counted. Exit code 0: done; 1: refused or broken off (the same command goes on).
    """
    mode = _mode(again=again, with_side_effects=with_side_effects, rebuild=rebuild)
    if mode != "missing" and not reason and not dry_run:
        fail("--reason is needed: say for the audit why this is done")
    wish = Wish(
        selection=_selection(to, since, until, type_, mode=mode, beyond_inbox=beyond_inbox),
        mode=mode,
        reason=reason,
        rate=rate,
        beyond_inbox=beyond_inbox,
        as_json=as_json_,
    )
    wish = replace(wish, selection=replace(wish.selection, lead=lead, tenant=tenant))
    try:
        if mode == "again-with-side-effects" and not yes and not dry_run:
            _confirm(wish)
        summary = asyncio.run(_run(wish, dry_run=dry_run))
    except Refused as refusal:
        fail(str(refusal))
    except asyncpg.PostgresError as error:
        fail(f"the database of {to} refused: {error}")
    except (OSError, AMQPError, NotConfirmed, TimeoutError) as error:
        fail(
            f"broken off ({error or type(error).__name__}). What was sent is counted as done when you run it again."
        )
    _show(wish, summary, dry_run=dry_run)
    if summary.left_out:
        raise typer.Exit(1)


def _mode(*, again: bool, with_side_effects: bool, rebuild: bool) -> Mode:
    if with_side_effects and not again:
        fail("--with-side-effects belongs to --again")
    if rebuild and again:
        fail("--rebuild and --again exclude each other")
    if rebuild:
        return "rebuild"
    if again:
        return "again-with-side-effects" if with_side_effects else "again"
    return "missing"


def _selection(to: str, since: str, until: str, type_: str, *, mode: Mode, beyond_inbox: bool) -> Selection:
    if to not in SERVICES:
        fail(f"--to {to!r}: there is no such service; there are: {', '.join(SERVICES)}")
    try:
        types = types_for(to, type_)
    except Refused as refusal:
        fail(str(refusal))
    now = datetime.now(UTC)
    begin = moment(since, "--since", now) if since else None
    if mode == "rebuild":
        types &= _rebuildable(to)
    elif begin is None:
        fail("--since is needed, e.g. --since 2h")
    elif now - begin > INBOX_RETENTION and not beyond_inbox:
        fail(
            f"--since is more than {INBOX_RETENTION.days} days ago: the inbox may have forgotten what was done then. "
            "--beyond-inbox delivers all the same"
        )
    return Selection(to, types, begin, moment(until, "--until", now))


def _rebuildable(service: ServiceName) -> frozenset[str]:
    if service not in REBUILDS:
        fail(f"{service} keeps nothing of others' facts: its schema comes back from a backup only")
    return frozenset(event.type for event in REBUILDS[service])


def _confirm(wish: Wish) -> None:
    summary = asyncio.run(_run(wish, dry_run=True))
    errors.print(
        f"{summary.matched} events go to {wish.selection.service} once more, {summary.done} of which it has worked off. "
        "Customers may get e-mails and texts again, ShopMonkey its writes."
    )
    if typer.prompt(f"Type '{PHRASE}' to go on", default="", show_default=False, err=True) != PHRASE:
        fail("nothing was sent")


async def _run(wish: Wish, *, dry_run: bool) -> Summary:
    url, replay_ = Settings().rabbitmq_url, Replay(f"replay-{uuid4().hex[:12]}", wish.mode)
    if dry_run:
        return await _replayed(url, wish, replay_, dry_run=dry_run)
    async with open_publisher(url, "leadctl-audit") as publisher:
        named = {"replay_id": replay_.id, "mode": wish.mode, "to": wish.selection.service}
        await audit.note(publisher, "replay begun", wish.reason, **named, types=sorted(wish.selection.types))
        summary = await _replayed(url, wish, replay_, dry_run=dry_run)
        counts = {"matched": summary.matched, "done_before": summary.done, "sent": summary.sent}
        await audit.note(publisher, "replay ended", wish.reason, **named, **counts)
    return summary


async def _replayed(url: str, wish: Wish, replay_: Replay, *, dry_run: bool) -> Summary:
    replayer = Replayer(url, wish.selection, replay_, rate=wish.rate, beyond_inbox=wish.beyond_inbox)
    async with replayer:
        with _progress(wish.selection, replayer.summary) as tell:
            return await replayer.run(tell, dry_run=dry_run)


class _Tell:
    def __init__(self, progress: Progress, selection: Selection, summary: Summary) -> None:
        self._progress = progress
        self._until = selection.until
        self._since = selection.since
        self._summary = summary
        self._task = progress.add_task("reading", total=None, counts="")

    def __call__(self, come_to: datetime) -> None:
        since = self._since = self._since or come_to
        self._progress.update(
            self._task,
            total=max(1.0, (self._until - since).total_seconds()),
            completed=(come_to - since).total_seconds(),
            counts=f"read {self._summary.read}, matched {self._summary.matched}, sent {self._summary.sent}",
        )


@contextmanager
def _progress(selection: Selection, summary: Summary) -> Iterator[_Tell]:
    """On standard error, so that the summary can be read by a program."""
    columns = (
        TextColumn("events.log"),
        BarColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as progress:
        yield _Tell(progress, selection, summary)


def _show(wish: Wish, summary: Summary, *, dry_run: bool) -> None:
    if wish.as_json:
        console.print(as_json(summary, wish.selection, dry_run=dry_run), soft_wrap=True, highlight=False)
        return
    rows = [[type_, str(count)] for type_, count in sorted(summary.types.items())]
    if rows:
        show_table(f"Matched, for {wish.selection.service}", ("type", "events"), rows)
    repeats = summary.mode.startswith("again")
    done = f"{summary.done} of them done before" if repeats else f"{summary.done} skipped as done"
    due = summary.matched if repeats else summary.matched - summary.done
    sent = f"{due} would be sent (dry run: nothing was)" if dry_run else f"{summary.sent} sent"
    console.print(
        f"{summary.replay_id}: {summary.read} read, {summary.matched} matched, {done}, {sent}; "
        f"{summary.seconds:.1f} s, {summary.per_second:.0f} events/s",
        highlight=False,
        soft_wrap=True,
    )
    if summary.left_out:
        errors.print(
            f"{len(summary.left_out)} were not worked off: {', '.join(summary.left_out[:5])}. "
            "See `leadctl dead list`.",
            soft_wrap=True,
        )
