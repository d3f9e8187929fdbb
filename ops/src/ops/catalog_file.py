"""The catalogue file (CSV or YAML): services and prices, as people keep them in a spreadsheet; read and written."""

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ops.tenant_file import BadFile

VEHICLE_CLASSES = ("coupe", "sedan", "suv", "truck", "van")
REQUIRED = ("code", "name", "price_kind", "duration_minutes")
COLUMNS = (
    "code", "location", "name", "description", "synonyms", "family", "tier", "price_kind", "price", "max_price",
    *VEHICLE_CLASSES, "duration_minutes", "buffer_minutes", "cure_minutes", "skills", "addons", "valid_from", "valid_to",
    "active",
)  # fmt: skip
YAML = (".yaml", ".yml")

Cell = str | list[Any]
Cells = Mapping[str, Cell]
Row = dict[str, object]


@dataclass(frozen=True, order=True)
class CellError:
    row: int
    column: str
    detail: str

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column}: {self.detail}"


def read_catalog_file(path: Path) -> tuple[list[Row], list[CellError]]:
    """The rows as the booking service takes them, and every cell that cannot be read, whose value is left as it is written.

    `row` is the line in a CSV file, the position in a YAML list. Raises BadFile when there are no rows to speak of.
    """
    errors: list[CellError] = []
    rows = [_Reader(row, cells, errors).read() for row, cells in _rows(path)]
    if not rows:
        raise BadFile(f"{path}: no rows")
    return rows, errors


def write_catalog_file(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """What `read_catalog_file` reads as these rows again."""
    path.write_text(catalog_text(rows, as_yaml=path.suffix in YAML), encoding="utf-8", newline="")


def catalog_text(rows: Sequence[Mapping[str, Any]], *, as_yaml: bool) -> str:
    cells = [_cells(row) for row in rows]
    if as_yaml:
        filled = [{name: cell for name, cell in row.items() if cell != ""} for row in cells]
        return yaml.safe_dump(filled, sort_keys=False, allow_unicode=True, width=110)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return text.getvalue()


def column_in_file(column: str) -> str:
    """What the file calls a column of the service: `class_prices.suv` is `suv`."""
    names = {"price_cents": "price", "max_cents": "max_price"}
    return names.get(column, column.removeprefix("class_prices."))


def _rows(path: Path) -> Iterator[tuple[int, Cells]]:
    try:
        # Excel begins its files with a byte order mark.
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: {error}") from error
    yield from _yaml_rows(path, text) if path.suffix in YAML else _csv_rows(path, text)


class _Lines(Iterator[str]):
    """The lines of a CSV file; comments and empty lines are left out, but not within a quoted cell."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self._number = 0
        self.record = 0
        """The line at which the record under way begins; set to 0 before the next one."""

    def __next__(self) -> str:
        while True:
            line = next(self._lines)
            self._number += 1
            if self.record:
                return line
            if line.strip() and not line.startswith("#"):
                self.record = self._number
                return line


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, Cells]]:
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    try:
        names = _without_blank_end(next(reader, []))
        _check_columns(path, names)
        while True:
            lines.record = 0
            values = next(reader, None)
            if values is None:
                return
            values = _without_blank_end(values)
            if values:
                yield (
                    lines.record,
                    {"": ";".join(values[len(names) :]), **dict(zip(names, values, strict=False))},
                )
    except csv.Error as error:
        raise BadFile(f"{path}: row {lines.record}: {error}") from error


def _without_blank_end(cells: Sequence[str]) -> list[str]:
    """Spreadsheets fill every row up to the widest one, and add rows of nothing."""
    end = max((n for n, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return list(cells[:end])


def _yaml_rows(path: Path, text: str) -> Iterator[tuple[int, Cells]]:
    try:
        # Every scalar as it is written: a code `007` is no number, a name `No` no boolean.
        content = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - builds nothing but texts, lists and mappings
    except yaml.YAMLError as error:
        raise BadFile(f"{path}: {error}") from error
    if not isinstance(content, list):
        raise BadFile(f"{path}: a list of services is expected")
    for number, item in enumerate(content, 1):
        if not isinstance(item, dict):
            raise BadFile(f"{path}: entry {number} is not a mapping")
        _check_columns(path, list(item))
        yield number, item


def _check_columns(path: Path, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    missing = [name for name in REQUIRED if name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if unknown or missing or twice:
        raise BadFile(
            f"{path}: unknown columns: {unknown or 'none'}; missing columns: {missing or 'none'}"
            + (f"; columns named twice: {twice}" if twice else "")
        )


ResultT = TypeVar("ResultT")


class _Reader:
    """Reads one row cell by cell."""

    def __init__(self, row: int, cells: Cells, errors: list[CellError]) -> None:
        self._row = row
        self._cells = cells
        self._errors = errors

    def read(self) -> Row:
        if self._text(""):
            self._errors.append(CellError(self._row, "(none)", f"{self._text('')!r} has no column"))
        return {
            "row": self._row,
            **{name: self._text(name) for name in ("location", "code", "name", "description", "price_kind")},
            **{name: self._text(name) for name in ("family", "tier", "valid_from", "valid_to")},
            "synonyms": self._list("synonyms"),
            "price_cents": self._read("price", _cents, None),
            "max_cents": self._read("max_price", _cents, None),
            "class_prices": {
                name: self._read(name, _cents, None) for name in VEHICLE_CLASSES if self._text(name)
            },
            "duration_minutes": self._read("duration_minutes", int, None),
            "buffer_minutes": self._read("buffer_minutes", int, 0),
            "cure_minutes": self._read("cure_minutes", int, 0),
            "skills": self._list("skills"),
            "addons": self._addons(),
            "active": self._read("active", _yes_or_no, default=True),
        }

    def _text(self, column: str) -> str:
        cell = self._cells.get(column, "")
        return cell.strip() if isinstance(cell, str) else str(cell)

    def _list(self, column: str) -> list[str]:
        """Separated by `;`, or in YAML a list."""
        cell = self._cells.get(column, "")
        words = [str(word) for word in cell] if isinstance(cell, list) else cell.split(";")
        return [word.strip() for word in words if word.strip()]

    def _read(self, column: str, parse: Callable[[str], ResultT], default: ResultT) -> ResultT | str:
        return self._parsed(column, self._text(column), parse, default)

    def _addons(self) -> list[object]:
        return [self._parsed("addons", text, _addon, None) for text in self._list("addons")]

    def _parsed(
        self, column: str, text: str, parse: Callable[[str], ResultT], default: ResultT
    ) -> ResultT | str:
        """The default for an empty cell; the text itself for one that cannot be read, whose error is added."""
        if not text:
            return default
        try:
            return parse(text)
        except ValueError:
            expected = _EXPECTED.get(column, "an amount like 399.00")
            self._errors.append(CellError(self._row, column, f"{text!r} is not {expected}"))
            return text


_AMOUNT = re.compile(r"\$?[0-9]{1,3}(,?[0-9]{3}){0,3}(\.[0-9]{1,2})?")
_EXPECTED = {
    "addons": "code|Name|price, or code|Name|price|suv=55.00, several separated by ;",
    "duration_minutes": "a whole number of minutes",
    "buffer_minutes": "a whole number of minutes",
    "cure_minutes": "a whole number of minutes",
    "active": "yes or no",
}


def _cents(text: str) -> int:
    if not _AMOUNT.fullmatch(text):
        raise ValueError
    return int(Decimal(text.removeprefix("$").replace(",", "")) * 100)


def _yes_or_no(text: str) -> bool:
    said = text.lower()
    if said not in {"yes", "true", "1", "no", "false", "0"}:
        raise ValueError
    return said in {"yes", "true", "1"}


def _addon(text: str) -> Row:
    code, name, price, *by_class = (part.strip() for part in text.split("|"))
    prices = dict(_class_price(part) for part in by_class)
    if len(prices) < len(by_class):
        raise ValueError
    return {"code": code, "name": name, "amount_cents": _cents(price), "class_prices": prices}


def _class_price(text: str) -> tuple[str, int]:
    name, price = (part.strip() for part in text.split("="))
    if name not in VEHICLE_CLASSES:
        raise ValueError
    return name, _cents(price)


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    """One row of the service as the file has it."""
    prices = {name: _dollars(row["class_prices"].get(name)) for name in VEHICLE_CLASSES}
    cells = {
        **{name: _written(row[name]) for name in COLUMNS if name in row},
        "price": _dollars(row["price_cents"]),
        "max_price": _dollars(row["max_cents"]),
        **prices,
        "addons": ";".join(_addon_text(addon) for addon in row["addons"]),
    }
    return {name: cells[name] for name in COLUMNS}


def _written(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ";".join(str(item) for item in value)
        case _:
            return str(value)


def _dollars(cents: int | None) -> str:
    return "" if cents is None else f"{cents // 100}.{cents % 100:02}"


def _addon_text(addon: Mapping[str, Any]) -> str:
    by_class = [f"{name}={_dollars(cents)}" for name, cents in addon.get("class_prices", {}).items()]
    return "|".join([addon["code"], addon["name"], _dollars(addon["amount_cents"]), *by_class])
