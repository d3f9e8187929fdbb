"""leadctl operator: who may call the operators' endpoints."""

import json
import re
import secrets
from typing import Annotated

import typer
from shared.secrets import token_hash

from ops.screen import console, fail

app = typer.Typer(help="Who may call the operators' endpoints.", no_args_is_help=True)
_NAME = re.compile(r"[a-z0-9._-]{1,40}")


@app.callback()
def _operators() -> None:
    """Who may call the operators' endpoints."""


@app.command("new")
def new(name: Annotated[str, typer.Argument(help="Lower-case letters, digits, dots, dashes.")]) -> None:
    """Makes a token, shown this once, and the entry of the setting OPERATORS that lets it in. Asks no service."""
    if not _NAME.fullmatch(name):
        fail(f"{name!r}: up to 40 lower-case letters, digits, dots, dashes")
    token = secrets.token_hex(24)
    console.print(f"for {name} alone, as LEADCTL_OPS_TOKEN: {token}", highlight=False, soft_wrap=True)
    entry = json.dumps({name: token_hash(token)})
    console.print(f"into OPERATORS, beside the others: {entry}", highlight=False, soft_wrap=True)
