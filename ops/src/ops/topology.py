"""leadctl topology: the broker's exchanges, queues and bindings, as the code wants them and as they are."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer
from aio_pika.exceptions import AMQPError
from shared.messaging.topology import Queue, Topology, declare_at, topology

from ops.broker_state import BrokerState, QueueState, broker_state
from ops.screen import console, fail
from ops.settings import Settings
from ops.stack.screen import StackError

app = typer.Typer(help="The broker's exchanges, queues and bindings.", no_args_is_help=True)


@dataclass(frozen=True)
class Finding:
    """One difference; `missing` ones are made by `declare`, every other needs a person."""

    what: str
    advice: str
    missing: bool = False


@app.callback()
def _topology() -> None:
    """The broker's exchanges, queues and bindings."""


@app.command("declare")
def declare_command(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be created.")] = False,
) -> None:
    """Creates what is missing; must run before the services of a new version start."""
    if dry_run:
        missing = [finding for finding in _findings() if finding.missing]
        _show(finding.what for finding in missing)
        console.print(f"{len(missing)} to create")
        return
    try:
        asyncio.run(declare_at(Settings().rabbitmq_url))
    except OSError as error:
        fail(f"RabbitMQ does not answer: {error}")
    except AMQPError as error:
        fail(f"RabbitMQ refused: {error}\n`leadctl topology verify` shows what stands in the way.")
    console.print("topology declared")


@app.command("verify")
def verify() -> None:
    """Compares the running broker with the code; exit code 1 and a line for each difference."""
    found = _findings()
    _show(f"{finding.what}\n    {finding.advice}" for finding in found)
    if found:
        fail(f"{len(found)} differences")
    console.print("the broker is as the code wants it, and every queue has a consumer")


def _findings() -> list[Finding]:
    settings = Settings()
    try:
        found = asyncio.run(broker_state(settings.rabbitmq_url, settings.rabbitmq_api))
    except StackError as error:
        fail(str(error))
    return list(differences(topology(), found))


def _show(lines: Iterator[str]) -> None:
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def differences(wanted: Topology, found: BrokerState) -> Iterator[Finding]:
    """What is missing first, then what differs, then what nobody knows."""
    yield from _missing(wanted, found)
    for queue in wanted.queues:
        if queue.name in found.queues:
            yield from _differs(queue, found.queues[queue.name])
    for exchange in wanted.exchanges:
        kind = found.exchanges.get(exchange.name, exchange.kind.value)
        if kind != exchange.kind.value:
            yield Finding(
                f"exchange {exchange.name} is {kind}, wanted: {exchange.kind.value}",
                "stop the services, delete it, run `leadctl topology declare`",
            )
    yield from _unknown(wanted, found)


def _missing(wanted: Topology, found: BrokerState) -> Iterator[Finding]:
    lacking = [
        *(f"exchange {one.name}" for one in wanted.exchanges if one.name not in found.exchanges),
        *(f"queue {one.name}" for one in wanted.queues if one.name not in found.queues),
        *(
            f"binding {one.exchange} -> {one.destination} ({one.routing_key})"
            for one in wanted.bindings
            if one not in found.bindings
        ),
    ]
    for what in lacking:
        yield Finding(
            f"missing: {what}",
            "`leadctl topology declare` creates it; replay what its service missed",
            missing=True,
        )


def _differs(queue: Queue, state: QueueState) -> Iterator[Finding]:
    for name in sorted({*queue.arguments, *state.arguments}):
        is_now, should_be = state.arguments.get(name), queue.arguments.get(name)
        if is_now != should_be:
            yield Finding(
                f"queue {queue.name}: {name} is {is_now}, wanted: {should_be}",
                f"arguments of a queue are fixed: when none of its {state.messages} messages is needed any more, delete it "
                "and run `leadctl topology declare`",
            )
    if queue.consumed and not state.consumers:
        yield Finding(
            f"queue {queue.name} has no consumer ({state.messages} messages wait)",
            f"start {queue.name.partition('.')[0]}, or look at its log",
        )


def _unknown(wanted: Topology, found: BrokerState) -> Iterator[Finding]:
    queues = {one.name for one in wanted.queues}
    for name in sorted(found.queues.keys() - queues):
        yield Finding(
            f"unknown queue {name} ({found.queues[name].messages} messages)",
            "of an older version or of a person: delete it when nobody needs what it holds",
        )
    for name in sorted(found.exchanges.keys() - {one.name for one in wanted.exchanges}):
        yield Finding(f"unknown exchange {name}", "delete it when nobody publishes to it")
    for one in sorted(found.bindings - set(wanted.bindings)):
        if one.kind == "queue" and one.destination in queues:
            yield Finding(
                f"unknown binding {one.exchange} -> {one.destination} ({one.routing_key})",
                "the queue gets what its service does not expect, or gets it past events.consumers: unbind it",
            )
