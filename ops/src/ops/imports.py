"""leadctl import and export: a tenant with its locations, a catalogue; an import can first show what it would change."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar, cast

import httpx2
import typer
from rich.progress import track

from ops.catalog_file import CellError, column_in_file, read_catalog_file, write_catalog_file
from ops.gateway import attempt, client, get, put
from ops.screen import console, fail, refusal, show_table
from ops.settings import Settings, environment
from ops.tenant_file import BadFile, read_tenant_file

app = typer.Typer(help="Import tenants, locations and catalogues.", no_args_is_help=True)
exports = typer.Typer(help="Export catalogues.", no_args_is_help=True)

_HOURS_FIELDS = (
    "hours",
    "breaks",
    "closures",
    "special_days",
    "holidays",
    "bays",
    "technicians",
    "minimum_notice_minutes",
    "horizon_days",
    "grid_minutes",
)
File = Annotated[Path, typer.Argument(help="The file to import.", exists=True, dir_okay=False)]
ExportFile = Annotated[Path, typer.Argument(help="The file to write.", dir_okay=False)]
Tenant = Annotated[str, typer.Option(help="The tenant's slug.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]


@app.command("tenant")
def import_tenant(
    file: File,
    dry_run: DryRun = False,
    live: Annotated[
        bool, typer.Option("--live", help="Switch demo mode off: messages leave for everybody.")
    ] = False,
) -> None:
    """A tenant with its locations, opening hours, bays and technicians, from a YAML file."""
    content = _read(lambda: read_tenant_file(file, environment()))
    tenant, locations = content["tenant"], content["locations"]
    if not isinstance(tenant, dict) or not isinstance(locations, list):
        fail(f"{file}: `tenant` is a mapping, `locations` a list")
    slug = tenant.pop("slug", "")
    if live:
        tenant["demo_mode"] = False
    with client(Settings()) as http:
        answer = put(http, f"/api/admin/tenants/{slug}", tenant, dry_run=dry_run)
        rows = _changes(f"tenant {slug}", answer)
        if dry_run and not answer.get("id"):
            rows += [[f"location {one['code']}", "", "", "new"] for one in locations]
        else:
            for location in track(locations, "locations", console=console, transient=True):
                code = location.pop("code")
                hours = {name: location.pop(name) for name in _HOURS_FIELDS if name in location}
                placed = put(http, f"/api/admin/locations/{slug}/{code}", location, dry_run=dry_run)
                rows += _changes(f"location {code}", placed)
                if hours and placed.get("id"):
                    path = f"/api/admin/booking/{slug}/locations/{code}/hours"
                    rows += _changes(f"hours {code}", put(http, path, hours, dry_run=dry_run))
    _report(rows, ("what", "field", "old", "new"), dry_run=dry_run)


@app.command("catalog")
def import_catalog(
    file: File,
    tenant: Tenant = "sample-tint",
    dry_run: DryRun = False,
) -> None:
    """Services and prices from a CSV or YAML file; a bad file is refused as a whole, every error named."""
    rows, unreadable = _read(lambda: read_catalog_file(file))
    with client(Settings()) as http:
        answer = attempt(http, _catalog_path(tenant), {"rows": rows}, dry_run=dry_run or bool(unreadable))
    errors = every_error(answer, unreadable)
    if errors:
        fail("\n".join([f"{file}: {len(errors)} errors; nothing was changed.", *map(str, errors)]))
    if not answer.is_success:
        fail(f"{file}: {refusal(answer)}")
    columns = ("action", "location", "code", "valid_from", "field", "old", "new")
    table = [[_text(change.get(c)) for c in columns] for change in answer.json()["changes"]]
    _report(table, columns, dry_run=dry_run)


def every_error(answer: httpx2.Response, unreadable: Sequence[CellError]) -> list[CellError]:
    """What cannot be read in the file and what the service finds wrong, by row; one error for a cell, in the file's words."""
    found = {(error.row, error.column): error for error in _refused_cells(answer)}
    return sorted((found | {(error.row, error.column): error for error in unreadable}).values())


def _refused_cells(answer: httpx2.Response) -> list[CellError]:
    if answer.is_success or not answer.headers.get("content-type", "").endswith("json"):
        return []
    errors = [error for error in answer.json().get("errors", []) if "row" in error]
    return [CellError(e["row"], column_in_file(e["column"]), e["detail"]) for e in errors]


def _catalog_path(tenant: str) -> str:
    return f"/api/admin/booking/{tenant}/catalog"


@exports.command("catalog")
def export_catalog(file: ExportFile, tenant: Tenant = "sample-tint") -> None:
    """Services and prices as a CSV or YAML file, by its name; `import catalog` takes it as it is."""
    with client(Settings()) as http:
        rows = get(http, _catalog_path(tenant))["rows"]
    write_catalog_file(file, cast("list[dict[str, object]]", rows))
    console.print(f"{file} written")


ResultT = TypeVar("ResultT")


def _read(read: Callable[[], ResultT]) -> ResultT:
    try:
        return read()
    except BadFile as error:
        fail(str(error))


def _changes(what: str, answer: Mapping[str, object]) -> list[list[str]]:
    changes = answer.get("changes")
    if not isinstance(changes, list):
        return []
    return [[what, _text(c.get("field")), _text(c.get("old")), _text(c.get("new"))] for c in changes]


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _report(rows: Sequence[Sequence[str]], columns: Sequence[str], *, dry_run: bool) -> None:
    if not rows:
        console.print("Nothing to change: everything is as in the file.")
        return
    show_table("Would change" if dry_run else "Changed", columns, rows)
    console.print(f"{len(rows)} changes" + (" (dry run: nothing was changed)" if dry_run else ""))
