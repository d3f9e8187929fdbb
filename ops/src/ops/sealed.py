"""leadctl secrets: under which keys the tenants' webhook secrets are kept."""

from typing import Annotated, cast

import typer

from ops.gateway import client, get
from ops.screen import console, show_json, show_table
from ops.settings import Settings

_COLUMNS = ("tenant", "newest_key", "older_key", "plain", "lost")
_REMEDY = "lost: no key opens them. Put the key that sealed them back into INGEST_DATA_KEYS, or import the tenant again."


def show_secrets(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a tenant.")] = False,
) -> None:
    """Under which keys the tenants' webhook secrets are kept. Exit code 0: all under the newest one; 1: older keys are still needed."""
    with client(Settings()) as http:
        states = cast("list[dict[str, object]]", get(http, "/api/admin/secrets")["secrets"])
    if as_json:
        for state in states:
            show_json(state)
    else:
        show_table("Webhook secrets", _COLUMNS, [[str(state[name]) for name in _COLUMNS] for state in states])
        if any(state["lost"] for state in states):
            console.print(_REMEDY, highlight=False)
    if any(state[name] for state in states for name in ("older_key", "plain", "lost")):
        raise typer.Exit(1)
