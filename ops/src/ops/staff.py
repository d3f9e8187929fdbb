"""leadctl token: API tokens that act as a member of staff."""

from typing import Annotated, cast
from uuid import UUID

import httpx2
import typer

from ops.gateway import client, get
from ops.screen import console, fail, refusal, show_table
from ops.settings import Settings

app = typer.Typer(help="API tokens that act as a member of staff.", no_args_is_help=True)
Tenant = Annotated[str, typer.Option(help="The tenant's slug.")]
Member = Annotated[str, typer.Argument(help="The member's e-mail address.")]
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


def _path(tenant: str, member: str) -> str:
    return f"/api/admin/tenants/{tenant}/staff/{member}/tokens"
