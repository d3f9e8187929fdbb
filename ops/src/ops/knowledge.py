"""leadctl knowledge: what customers asked and no shop has answered yet."""

from typing import Annotated, cast

import typer

from ops.gateway import client, get
from ops.screen import show_json, show_table
from ops.settings import Settings

app = typer.Typer(help="What the shops say beside catalogue and hours.", no_args_is_help=True)

_COLUMNS = ("asked_at", "location", "language", "question")


@app.callback()
def _knowledge() -> None:
    """What the shops say beside catalogue and hours; `leadctl import knowledge` sets it."""


@app.command("gaps")
def show_gaps(
    tenant: Annotated[str, typer.Option(help="The tenant's slug.")] = "sample-tint",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many, the newest first.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a question.")] = False,
) -> None:
    """Questions that nothing in catalogue, hours and knowledge answers, the newest first."""
    with client(Settings()) as http:
        answer = get(http, f"/api/admin/chat/{tenant}/knowledge/gaps?limit={limit}")
    gaps = cast("list[dict[str, str]]", answer["gaps"])
    if as_json:
        for gap in gaps:
            show_json(gap)
        return
    show_table("Unanswered questions", _COLUMNS, [[gap[name] for name in _COLUMNS] for gap in gaps])
