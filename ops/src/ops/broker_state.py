"""What a virtual host of RabbitMQ holds: from the management API, or without one from rabbitmqctl on this machine."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
from shared.messaging.topology import Binding

from ops.stack import rabbit
from ops.stack.accounts import vhost_of
from ops.stack.screen import StackError

Row = Mapping[str, Any]


@dataclass(frozen=True)
class QueueState:
    arguments: Mapping[str, Any]
    consumers: int
    messages: int


@dataclass(frozen=True)
class BrokerState:
    """`exchanges`: name -> kind. Without what every virtual host has from the start, and without temporary queues."""

    exchanges: Mapping[str, str]
    queues: Mapping[str, QueueState]
    bindings: frozenset[Binding]


async def broker_state(rabbitmq_url: str, api: str) -> BrokerState:
    """`api` is empty where there is none. Raises StackError when neither source answers."""
    exchanges, queues, bindings = await (_by_api(rabbitmq_url, api) if api else _by_ctl(rabbitmq_url))
    return BrokerState(
        exchanges={row["name"]: _kind(row) for row in exchanges if _ours(row["name"])},
        queues={row["name"]: _queue(row) for row in queues if not row["exclusive"]},
        bindings=frozenset(
            Binding(row["source"], row["destination"], row["routing_key"], row["destination_type"])
            for row in bindings
            if row["source"]
        ),
    )


async def _by_api(rabbitmq_url: str, api: str) -> list[list[Row]]:
    vhost = quote(vhost_of(rabbitmq_url), safe="")
    async with rabbit.management(api) as client:
        return [await _get(client, f"/api/{what}/{vhost}") for what in ("exchanges", "queues", "bindings")]


async def _get(client: httpx2.AsyncClient, url: str) -> list[Row]:
    try:
        answer = await client.get(url)
    except httpx2.HTTPError as error:
        raise StackError(f"the management API does not answer: {error or type(error).__name__}") from error
    if not answer.is_success:
        raise StackError(f"the management API refused: {answer.status_code} {answer.text}")
    rows: list[Row] = answer.json()
    return rows


async def _by_ctl(rabbitmq_url: str) -> list[list[Row]]:
    if not await rabbit.ctl_reaches(rabbitmq_url):
        raise StackError(
            "The broker's bindings cannot be read: set LEADCTL_RABBITMQ_API (http://user:password@host:15672, the "
            "management API), or run this as root on the broker's machine"
        )
    columns = {
        "list_exchanges": ("name", "type", "durable"),
        "list_queues": ("name", "arguments", "exclusive", "consumers", "messages"),
        "list_bindings": ("source_name", "destination_name", "destination_kind", "routing_key"),
    }
    vhost = vhost_of(rabbitmq_url)
    found = await asyncio.gather(*(_list(vhost, command, *columns[command]) for command in columns))
    return [[{_name_in_api(name): value for name, value in row.items()} for row in rows] for rows in found]


def _name_in_api(column: str) -> str:
    return column.removesuffix("_name").replace("_kind", "_type")


async def _list(vhost: str, command: str, *columns: str) -> list[Row]:
    outcome = await rabbit.ctl("-q", "-p", vhost, command, *columns, "--formatter", "json")
    if not outcome.ok:
        raise StackError(f"rabbitmqctl {command} failed: {outcome.output.strip()}")
    rows: list[Row] = json.loads(outcome.output)
    return rows


def _ours(exchange: str) -> bool:
    return bool(exchange) and not exchange.startswith("amq.")


def _kind(row: Row) -> str:
    return str(row["type"]) if row["durable"] else f"{row['type']}, not durable"


def _queue(row: Row) -> QueueState:
    """Arguments come from rabbitmqctl as name, type and value; the API may not have counted yet."""
    given = row["arguments"]
    arguments = given if isinstance(given, Mapping) else {name: value for name, _, value in given}
    return QueueState(arguments, row.get("consumers") or 0, row.get("messages") or 0)
