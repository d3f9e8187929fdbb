"""leadctl events: what has happened and happens, once more where that is needed."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from fnmatch import fnmatch
from typing import Annotated

import typer
from shared.events import EVENTS

from ops.log_stream import log_stream
from ops.reconcile import reconcile
from ops.replay_command import replay
from ops.screen import console, fail, show_json
from ops.settings import Settings
from ops.streams import Offset

app = typer.Typer(help="The event log: look, deliver once more, compare.", no_args_is_help=True)
app.command("replay")(replay)
app.command("reconcile")(reconcile)


@app.callback()
def _events() -> None:
    """The event log: look, deliver once more, compare."""


@app.command("tail")
def tail(
    since: Annotated[
        str, typer.Option(help="An ISO time with offset, `first`, or `next` (only new ones).")
    ] = "next",
    type_: Annotated[str, typer.Option("--type", help="Only these types, e.g. 'lead.*'.")] = "*",
    lead: Annotated[str, typer.Option(help="Only this lead (id).")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Whole events, one JSON line each.")] = False,
) -> None:
    """Every event as it is relayed, until Ctrl-C."""
    if not any(fnmatch(event.type, type_) for event in EVENTS):
        fail(f"no event type matches {type_!r}; there are: {', '.join(sorted(e.type for e in EVENTS))}")
    try:
        asyncio.run(_tail(_offset(since), type_, lead, as_json=as_json))
    except KeyboardInterrupt:
        raise typer.Exit from None
    except OSError as error:
        fail(f"RabbitMQ does not answer ({error}). Is the stack up?")


def _offset(since: str) -> Offset:
    if since in {"first", "next", "last"}:
        return since
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        fail(f"--since {since!r} is neither `first`, `next` nor a time like 2026-11-22T09:00:00-08:00")
    if moment.tzinfo is None:
        fail(f"--since {since!r} has no offset: write 2026-11-22T09:00:00-08:00 or ...Z")
    return moment


async def _tail(offset: Offset, type_: str, lead: str, *, as_json: bool) -> None:
    async with log_stream(Settings().rabbitmq_url, offset) as events:
        async for event in events:
            if (
                fnmatch(str(event["type"]), type_)
                and lead in {"", event["subject"]}
                and _in_time(event, offset)
            ):
                if as_json:
                    show_json(event)
                else:
                    console.print(line(event), highlight=False, soft_wrap=True)


def _in_time(event: Mapping[str, object], offset: Offset) -> bool:
    return not isinstance(offset, datetime) or datetime.fromisoformat(str(event["time"])) >= offset


def line(event: Mapping[str, object]) -> str:
    """Time, publisher, type and subject: no personal data."""
    return f"{event['time']}  {event['source']!s:9} {event['type']!s:28} {event['subject']}"
