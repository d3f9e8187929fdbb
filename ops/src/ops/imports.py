"""leadctl import and export: a tenant with its locations, a catalogue; an import can first show what it would change."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeVar, cast

import httpx2
import typer
from rich.progress import track

from ops.catalog_file import CATALOG_FILE, column_in_file
from ops.gateway import attempt, client, get, put
from ops.import_file import BadFile
from ops.knowledge_file import KNOWLEDGE_FILE
from ops.screen import console, fail, refusal, show_table
from ops.settings import Settings, environment
from ops.table_file import CellError, Row, TableFormat
from ops.tenant_file import read_tenant_file
from ops.texting import texting

app = typer.Typer(help="Import tenants, locations, catalogues and knowledge.", no_args_is_help=True)
exports = typer.Typer(help="Export catalogues and knowledge.", no_args_is_help=True)

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
    """A tenant with its locations, opening hours, bays and technicians, from a YAML file; says which of them can text."""
    content = _read(lambda: read_tenant_file(file, environment()))
    tenant, locations = content["tenant"], content["locations"]
    knowledge = _read(lambda: _knowledge_of(file, content.get("knowledge")))
    if not isinstance(tenant, dict) or not isinstance(locations, list):
        fail(f"{file}: `tenant` is a mapping, `locations` a list")
    slug = tenant.pop("slug", "")
    if live:
        tenant["demo_mode"] = False
    texts = texting(tenant, locations)
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
        if knowledge and (answer.get("id") or not dry_run):
            changes = _put_rows(http, file, "knowledge", slug, *knowledge, dry_run=dry_run)
            rows += [[_said_of(change), *_values(change, ("field", "old", "new"))] for change in changes]
    _report(rows, ("what", "field", "old", "new"), dry_run=dry_run)
    show_table("Texts to customers", ("location", "texts", "why"), texts)


Rows = tuple[list[Row], list[CellError]]


def _knowledge_of(file: Path, listed: object) -> Rows | None:
    """Listed in the tenant file itself, or the name of a file beside it."""
    if listed is None:
        return None
    if isinstance(listed, str):
        return KNOWLEDGE_FILE.read(file.parent / listed)
    return KNOWLEDGE_FILE.read_list(file, listed)


def _said_of(change: Mapping[str, object]) -> str:
    return " ".join(
        filter(None, ["knowledge", *_values(change, ("location", "code", "valid_from", "action"))])
    )


@app.command("catalog")
def import_catalog(file: File, tenant: Tenant = "sample-tint", dry_run: DryRun = False) -> None:
    """Services and prices from a CSV or YAML file; a bad file is refused as a whole, every error named."""
    _import(CATALOG_FILE, file, "catalog", tenant, dry_run=dry_run)


@app.command("knowledge")
def import_knowledge(file: File, tenant: Tenant = "sample-tint", dry_run: DryRun = False) -> None:
    """What the shops say beside catalogue and hours, in English and Spanish, from a CSV or YAML file; as `catalog`."""
    _import(KNOWLEDGE_FILE, file, "knowledge", tenant, dry_run=dry_run)


def _import(form: TableFormat, file: Path, document: str, tenant: str, *, dry_run: bool) -> None:
    rows, unreadable = _read(lambda: form.read(file))
    with client(Settings()) as http:
        changes = _put_rows(http, file, document, tenant, rows, unreadable, dry_run=dry_run)
    columns = ("action", "location", "code", "valid_from", "field", "old", "new")
    _report([_values(change, columns) for change in changes], columns, dry_run=dry_run)


def _put_rows(
    http: httpx2.Client,
    file: Path,
    document: str,
    tenant: str,
    rows: list[Row],
    unreadable: list[CellError],
    *,
    dry_run: bool,
) -> list[dict[str, object]]:
    """The changes; ends the program where a row is wrong."""
    path = _path(document, tenant)
    answer = attempt(http, path, {"rows": rows}, dry_run=dry_run or bool(unreadable))
    errors = every_error(answer, unreadable)
    if errors:
        fail("\n".join([f"{file}: {len(errors)} errors; nothing was changed.", *map(str, errors)]))
    if not answer.is_success:
        fail(f"{file}: {refusal(answer)}")
    return cast("list[dict[str, object]]", answer.json()["changes"])


def _values(change: Mapping[str, object], columns: Sequence[str]) -> list[str]:
    return [_text(change.get(column)) for column in columns]


def every_error(answer: httpx2.Response, unreadable: Sequence[CellError]) -> list[CellError]:
    """What cannot be read in the file and what the service finds wrong, by row; one error for a cell, in the file's words."""
    found = {(error.row, error.column): error for error in _refused_cells(answer)}
    return sorted((found | {(error.row, error.column): error for error in unreadable}).values())


def _refused_cells(answer: httpx2.Response) -> list[CellError]:
    if answer.is_success or not answer.headers.get("content-type", "").endswith("json"):
        return []
    errors = [error for error in answer.json().get("errors", []) if "row" in error]
    return [CellError(e["row"], column_in_file(e["column"]), e["detail"]) for e in errors]


def _path(document: str, tenant: str) -> str:
    return f"/api/admin/booking/{tenant}/{document}"


@exports.command("catalog")
def export_catalog(file: ExportFile, tenant: Tenant = "sample-tint") -> None:
    """Services and prices as a CSV or YAML file, by its name; `import catalog` takes it as it is."""
    _export(CATALOG_FILE, file, "catalog", tenant)


@exports.command("knowledge")
def export_knowledge(file: ExportFile, tenant: Tenant = "sample-tint") -> None:
    """What the shops say, as a CSV or YAML file; `import knowledge` takes it as it is."""
    _export(KNOWLEDGE_FILE, file, "knowledge", tenant)


def _export(form: TableFormat, file: Path, document: str, tenant: str) -> None:
    with client(Settings()) as http:
        rows = get(http, _path(document, tenant))["rows"]
    form.write(file, cast("list[dict[str, object]]", rows))
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
