"""leadctl dead: events that a service could not work off."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from fnmatch import fnmatch
from typing import Annotated, Any, TypeVar

import typer
from aio_pika.exceptions import AMQPError
from rich.progress import track
from shared.events import SERVICES, ServiceName
from shared.messaging.publisher import NotConfirmed, Publisher, open_publisher

from ops import audit
from ops.dead_letters import DeadLetter, discard, held, redrive
from ops.screen import console, errors, fail, show_json, show_table
from ops.settings import Settings

app = typer.Typer(help="Dead letters: list, show, redrive, discard.", no_args_is_help=True)

SAMPLES = 3
AT_ONCE = 100

ServiceOption = Annotated[str, typer.Option("--service", help="Only this service's.")]
TypeOption = Annotated[str, typer.Option("--type", help="Only these event types, e.g. 'lead.*'.")]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Only these reasons, e.g. 'DeadLetter*' or delivery_limit.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say which; change nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
ResultT = TypeVar("ResultT")


@app.callback()
def _dead() -> None:
    """Dead letters: list, show, redrive, discard. Exit code 0: done; 1: refused, or some are left."""


@app.command("list")
def list_(
    service: ServiceOption = "", type_: TypeOption = "*", reason: ReasonOption = "*", as_json: AsJson = False
) -> None:
    """How many there are of each kind, with samples; nothing is removed."""

    async def found(letters: list[DeadLetter], _: Publisher) -> list[dict[str, Any]]:
        return [_summary(letter) for letter in letters]

    letters = _at(found, _services(service), type_, reason)
    if as_json:
        for letter in letters:
            show_json(letter)
    elif not letters:
        console.print("No dead letters.")
    else:
        _show_kinds(letters)


def _show_kinds(letters: list[dict[str, Any]]) -> None:
    def kind(letter: dict[str, Any]) -> tuple[str, str, str]:
        return letter["service"], letter["type"], letter["reason"][:120]

    counts = Counter(kind(letter) for letter in letters)
    rows = []
    for one, count in sorted(counts.items()):
        samples = [letter["id"] for letter in letters if kind(letter) == one][:SAMPLES]
        rows.append([*one, str(count), "\n".join(samples)])
    show_table("Dead letters", ("service", "type", "reason", "count", "ids"), rows)
    console.print(f"{len(letters)} in all")


@app.command("show")
def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    service: ServiceOption = "",
    as_json: AsJson = False,
) -> None:
    """One dead letter: headers, stack and body (which may hold personal data)."""

    async def found(letters: list[DeadLetter], _: Publisher) -> list[dict[str, Any]]:
        return [
            _summary(letter) | {"stack": letter.stack, "body": letter.message.body.decode(errors="replace")}
            for letter in letters
            if letter.id == id_
        ]

    letters = _at(found, _services(service))
    if not letters:
        fail(f"there is no dead letter {id_}")
    for letter in letters:
        if as_json:
            show_json(letter)
            continue
        for name, value in letter.items():
            console.print(f"[bold]{name}[/bold]: ", end="")
            console.print(str(value), markup=False, highlight=False, soft_wrap=True)


@app.command("redrive")
def redrive_(
    id_: Annotated[str, typer.Argument(metavar="[ID]", help="One of them; or --all, or --reason.")] = "",
    all_: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    service: ServiceOption = "",
    type_: TypeOption = "*",
    reason: ReasonOption = "",
    dry_run: DryRun = False,
) -> None:
    """Back to the queue where they died, with a fresh budget of tries; what was done meanwhile stays done once."""
    if sum(map(bool, (id_, all_, reason))) != 1:
        fail("say which: an ID, --all, or --reason 'DeadLetter*'")

    async def send_home(letters: list[DeadLetter], publisher: Publisher) -> tuple[int, list[str]]:
        chosen = [letter for letter in letters if id_ in {"", letter.id}]
        if dry_run:
            return len(chosen), []
        done, left = await _each(chosen, lambda letter: redrive(publisher, letter))
        if done:
            await audit.note(publisher, "dead letters redriven", id_ or reason or "all", redriven=done)
        return done, left

    done, left = _at(send_home, _services(service), type_, reason or "*")
    _report("redriven", done, left, dry_run=dry_run)


@app.command("discard")
def discard_(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As `list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why nobody needs it; kept in the audit.")],
    service: ServiceOption = "",
    dry_run: DryRun = False,
) -> None:
    """Gives one up: it is kept whole in the stream ops.discarded for as long as the event log keeps events."""
    if not reason.strip():
        fail("--reason is needed: say for the audit why nobody needs it")

    async def give_up(letters: list[DeadLetter], publisher: Publisher) -> tuple[int, list[str]]:
        chosen = [letter for letter in letters if letter.id == id_]
        if dry_run:
            return len(chosen), []
        return await _each(chosen, lambda letter: discard(publisher, letter, reason))

    done, left = _at(give_up, _services(service))
    if not done and not left:
        fail(f"there is no dead letter {id_}")
    _report("discarded", done, left, dry_run=dry_run)


async def _each(
    letters: Iterable[DeadLetter], act: Callable[[DeadLetter], Awaitable[None]]
) -> tuple[int, list[str]]:
    """How many it was done to; of the others, which stay dead, the id and why. Several at once: each waits for the disk."""
    left: list[str] = []
    waiting = iter(track(list(letters), "dead letters", console=errors, transient=True))

    async def work() -> int:
        done = 0
        for letter in waiting:
            try:
                await act(letter)
            except (AMQPError, NotConfirmed, TimeoutError) as error:
                left.append(f"{letter.id} ({letter.queue}): {error or type(error).__name__}")
            else:
                done += 1
        return done

    return sum(await asyncio.gather(*(work() for _ in range(AT_ONCE)))), left


def _report(verb: str, done: int, left: list[str], *, dry_run: bool) -> None:
    console.print(f"{done} would be {verb} (dry run)" if dry_run else f"{done} {verb}")
    for line in left:
        errors.print(f"still dead: {line}", markup=False, soft_wrap=True)
    if left:
        raise typer.Exit(1)


def _services(name: str) -> tuple[ServiceName, ...]:
    if name and name not in SERVICES:
        fail(f"--service {name!r}: there is no such service; there are: {', '.join(SERVICES)}")
    return (name,) if name else SERVICES


def _at(
    work: Callable[[list[DeadLetter], Publisher], Coroutine[Any, Any, ResultT]],
    services: tuple[ServiceName, ...],
    type_: str = "*",
    reason: str = "*",
) -> ResultT:
    """Does the work with the letters that match."""

    async def run() -> ResultT:
        url = Settings().rabbitmq_url
        async with AsyncExitStack() as stack:
            publisher = await stack.enter_async_context(open_publisher(url, "leadctl"))
            found = [
                letter
                for service in services
                for letter in await stack.enter_async_context(held(url, service))
                if fnmatch(letter.reason, reason)
                and (fnmatch(letter.type, type_) or fnmatch(letter.type, f"{type_}.v*"))
            ]
            return await work(found, publisher)

    try:
        return asyncio.run(run())
    except (OSError, AMQPError, TimeoutError) as error:
        fail(
            f"RabbitMQ does not answer ({error or type(error).__name__}); what was not moved is where it was"
        )


def _summary(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "service": letter.service,
        "type": letter.type,
        "reason": letter.reason,
        "attempt": letter.attempt,
        "died_at": letter.died_at.isoformat() if letter.died_at else None,
        "subject": letter.subject,
    }
