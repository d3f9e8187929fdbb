"""leadctl staff and token: who works at the shops, and the API tokens that act as one of them."""

from typing import Annotated, cast
from uuid import UUID

import httpx2
import typer

from ops.gateway import client, get, put
from ops.screen import console, fail, refusal, show_json, show_table
from ops.settings import Settings

app = typer.Typer(help="API tokens that act as a member of staff.", no_args_is_help=True)
Tenant = Annotated[str, typer.Option(help="The tenant's slug.")]
Member = Annotated[str, typer.Argument(help="The member's e-mail address.")]
members = typer.Typer(help="Who works at the shops and signs in to the console.", no_args_is_help=True)
_MEMBER = ("email", "name", "role", "locations")
_COLUMNS = ("id", "made_by", "created_at", "expires_at", "ended_at")


@app.command("list")
def list_tokens(member: Member, tenant: Tenant = "sample-tint") -> None:
    """Who made which, until when; never the token itself."""
    with client(Settings()) as http:
        tokens = cast("list[dict[str, object]]", get(http, _path(tenant, member))["tokens"])
    show_table("API tokens", _COLUMNS, [[str(token[name] or "") for name in _COLUMNS] for token in tokens])


@app.command("revoke")
def revoke(member: Member, token_id: UUID, tenant: Tenant = "sample-tint") -> None:
    """Refused everywhere within about a second."""
    with client(Settings()) as http:
        try:
            answer = http.delete(f"{_path(tenant, member)}/{token_id}")
        except httpx2.HTTPError as error:
            fail(f"{http.base_url} does not answer ({error})")
    if not answer.is_success:
        fail(refusal(answer))
    console.print("revoked")


@members.command("list")
def list_members(tenant: Tenant = "sample-tint") -> None:
    with client(Settings()) as http:
        found = cast("list[dict[str, object]]", get(http, _members(tenant))["staff"])
    rows = [[_text(member[name]) for name in _MEMBER] for member in found]
    show_table("Staff", _MEMBER, rows)


@members.command("set")
def set_member(
    member: Member,
    name: Annotated[str, typer.Option(help="As customers read it.")],
    role: Annotated[str, typer.Option(help="owner, region, location or read_only.")],
    location: Annotated[
        list[str] | None, typer.Option(help="A location's code, once for each; none for an owner.")
    ] = None,
    phone: Annotated[str | None, typer.Option(help="E.164: hand-offs come by text message, too.")] = None,
    tenant: Tenant = "sample-tint",
    *,
    active: Annotated[bool, typer.Option(help="Whether they may sign in.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """They sign in at /console with a link that is mailed to them."""
    body = {"name": name, "phone": phone, "role": role, "locations": location or [], "active": active}
    with client(Settings()) as http:
        answer = put(http, f"{_members(tenant)}/{member}", body, dry_run=False)
    if as_json:
        show_json(answer)
    else:
        console.print(f"{member}: {'may sign in' if active else 'may not sign in any more'}", markup=False)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _path(tenant: str, member: str) -> str:
    return f"{_members(tenant)}/{member}/tokens"


def _members(tenant: str) -> str:
    return f"/api/admin/tenants/{tenant}/staff"
