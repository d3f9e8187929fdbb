"""The catalogue file (CSV or YAML): services and prices, as people keep them in a spreadsheet."""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TypeVar

import yaml

from ops.tenant_file import BadFile

VEHICLE_CLASSES = ("coupe", "sedan", "suv", "truck", "van")
REQUIRED = ("code", "name", "price_kind", "duration_minutes")
OPTIONAL = ("location", "description", "synonyms", "price", "max_price", "buffer_minutes", "addons", "active")
COLUMNS = (*REQUIRED, *OPTIONAL, *VEHICLE_CLASSES)


@dataclass(frozen=True)
class CellError(Exception):
    row: int
    column: str
    detail: str


def read_catalog_file(path: Path) -> list[dict[str, object]]:
    """The rows as the booking service takes them; `row` is the line in the file. Raises BadFile with every bad cell."""
    parsed, errors = [], []
    for row, cells in _rows(path):
        try:
            parsed.append(_parse(row, cells))
        except ExceptionGroup as group:
            errors += [error for error in group.exceptions if isinstance(error, CellError)]
    if errors:
        raise BadFile("\n".join(f"{path}: row {e.row}, column {e.column}: {e.detail}" for e in errors))
    if not parsed:
        raise BadFile(f"{path}: no rows")
    return parsed


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        text = path.read_text()
    except OSError as error:
        raise BadFile(f"{path}: {error}") from error
    if path.suffix in {".yaml", ".yml"}:
        yield from _yaml_rows(path, text)
        return
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line and not line.startswith("#")]
    if not lines:
        return
    reader = csv.DictReader([line for _, line in lines])
    _check_columns(path, reader.fieldnames or [])
    for (number, _), cells in zip(lines[1:], reader, strict=False):
        yield number, {key: (value or "").strip() for key, value in cells.items() if key}


def _yaml_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, str]]]:
    content = yaml.safe_load(text)
    if not isinstance(content, list):
        raise BadFile(f"{path}: a list of services is expected")
    for number, item in enumerate(content, 1):
        if not isinstance(item, dict):
            raise BadFile(f"{path}: entry {number} is not a mapping")
        _check_columns(path, [str(key) for key in item])
        yield number, {str(key): "" if value is None else str(value) for key, value in item.items()}


def _check_columns(path: Path, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in names]
    if unknown or missing:
        raise BadFile(f"{path}: unknown columns: {unknown or 'none'}; missing columns: {missing or 'none'}")


def _parse(row: int, cells: dict[str, str]) -> dict[str, object]:
    errors: list[CellError] = []

    def cell(column: str) -> str:
        return cells.get(column, "").strip()

    def cents(column: str) -> int | None:
        return _checked(errors, row, column, cell(column), _cents)

    def whole(column: str) -> int | None:
        return _checked(errors, row, column, cell(column), int)

    parsed: dict[str, object] = {
        "row": row,
        "location": cell("location"),
        "code": cell("code"),
        "name": cell("name"),
        "description": cell("description"),
        "synonyms": [word.strip() for word in cell("synonyms").split(";") if word.strip()],
        "price_kind": cell("price_kind"),
        "price_cents": cents("price"),
        "max_cents": cents("max_price"),
        "class_prices": {name: cents(name) for name in VEHICLE_CLASSES if cell(name)},
        "duration_minutes": whole("duration_minutes"),
        "buffer_minutes": whole("buffer_minutes") or 0,
        "addons": [
            addon
            for text in cell("addons").split(";")
            if text.strip() and (addon := _checked(errors, row, "addons", text, _addon)) is not None
        ],
        "active": cell("active").lower() not in {"no", "false", "0"},
    }
    if errors:
        raise ExceptionGroup("bad cells", errors)
    return parsed


ResultT = TypeVar("ResultT")
_EXPECTED = {
    "addons": "code|Name|price, several separated by ;",
    "duration_minutes": "a whole number of minutes",
    "buffer_minutes": "a whole number of minutes",
}


def _checked(
    errors: list[CellError], row: int, column: str, text: str, parse: Callable[[str], ResultT]
) -> ResultT | None:
    """None for an empty cell, and for a bad one, whose error is added."""
    if not text:
        return None
    try:
        return parse(text)
    except (ValueError, InvalidOperation):
        expected = _EXPECTED.get(column, "an amount like 399.00")
        errors.append(CellError(row, column, f"{text!r} is not {expected}"))
        return None


def _cents(text: str) -> int:
    amount = Decimal(text.removeprefix("$").replace(",", "")) * 100
    if amount != amount.to_integral_value() or amount < 0:
        raise ValueError
    return int(amount)


def _addon(text: str) -> dict[str, object]:
    code, name, price = (part.strip() for part in text.split("|"))
    return {"code": code, "name": name, "amount_cents": _cents(price)}
