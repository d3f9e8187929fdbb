"""leadctl status and leadctl inbound: what waits for a person."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, cast

import httpx2
import typer

from ops.gateway import client, get
from ops.screen import console, show_json, show_table
from ops.settings import Settings

inbound = typer.Typer(help="What came in and went to no conversation.", no_args_is_help=True)

Tenant = Annotated[str, typer.Option(help="The tenant's slug.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@dataclass(frozen=True)
class Open:
    """Something that no program will settle."""

    what: str
    id: str
    lead: str
    since: str
    why: str


def show_status(tenant: Tenant, as_json: AsJson = False) -> None:
    """Messages of unknown fate, what ShopMonkey refused or left open, words of strangers. Exit code 1: something waits for a person."""
    with client(Settings()) as http:
        notifier, crm = f"/api/admin/notifier/{tenant}", "/api/admin/crm-sync/tasks"
        waiting = [
            *map(_message, _rows(http, f"{notifier}/deliveries?state=unknown", "deliveries")),
            *map(_task, _rows(http, f"{crm}?tenant={tenant}&state=unknown", "tasks")),
            *map(_task, _rows(http, f"{crm}?tenant={tenant}&state=failed", "tasks")),
            *(
                _words(row)
                for row in _rows(http, f"{notifier}/kept-messages", "messages")
                if not row["automatic"]
            ),
        ]
    if as_json:
        for one in waiting:
            show_json(asdict(one))
    elif waiting:
        rows = [(one.what, one.id, one.lead, one.since, one.why) for one in waiting]
        show_table("Waits for a person", ("what", "id", "lead", "since", "why"), rows)
    else:
        console.print("Nothing waits for a person.")
    if waiting:
        raise typer.Exit(1)


@inbound.callback()
def _inbound() -> None:
    """What came in and went to no conversation."""


@inbound.command("unassigned")
def show_unassigned(
    tenant: Tenant, limit: Annotated[int, typer.Option(min=1, max=500)] = 100, as_json: AsJson = False
) -> None:
    """Of strangers, of machines, without a word, or only claimed to be a customer's; newest first, with their words."""
    with client(Settings()) as http:
        messages = _rows(http, f"/api/admin/notifier/{tenant}/kept-messages?limit={limit}", "messages")
    if as_json:
        for one in messages:
            show_json(one)
        return
    columns = ("received_at", "channel", "sender", "subject", "text")
    rows = [[str(one[name] or "") for name in columns] + [_why(one)] for one in messages]
    show_table("Unassigned", (*columns, "why"), rows)


def _rows(http: httpx2.Client, path: str, name: str) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", get(http, path)[name])


def _message(row: Mapping[str, Any]) -> Open:
    what = f"{row['channel']} {row['template']}"
    return Open(what, row["id"], row["lead_id"], row["created_at"], row["reason"] or "")


def _task(row: Mapping[str, Any]) -> Open:
    return Open(
        f"shopmonkey {row['kind']}",
        row["id"],
        row["lead_id"],
        row["created_at"],
        row["last_error"] or row["state"],
    )


def _words(row: Mapping[str, Any]) -> Open:
    return Open(f"{row['channel']} received", row["id"], row["lead_id"] or "", row["received_at"], _why(row))


def _why(row: Mapping[str, Any]) -> str:
    if row["automatic"]:
        return "of a machine"
    if not row["proven"]:
        return "not proven to be the customer's"
    files = " and ".join(f"a file ({one['content_type']})" for one in row["media"])
    return f"of a stranger{f', with {files}' if files else ''}" if not row["lead_id"] else "without a word"
