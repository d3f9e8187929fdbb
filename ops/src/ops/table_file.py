"""A table as people keep it in a spreadsheet or in YAML: its rows read with every cell that cannot be, and written."""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from ops.import_file import BadFile, read_text, read_yaml

YAML = (".yaml", ".yml")

Cell = str | list[Any]
Cells = Mapping[str, Cell]
Row = dict[str, object]
ResultT = TypeVar("ResultT")


@dataclass(frozen=True, order=True)
class CellError:
    row: int
    column: str
    detail: str

    def __str__(self) -> str:
        return f"row {self.row}, column {self.column}: {self.detail}"


class RowReader:
    """One row, cell by cell; `errors` gets what cannot be read, whose text is left as it is written."""

    def __init__(self, row: int, cells: Cells, errors: list[CellError]) -> None:
        self.row = row
        self._cells = cells
        self._errors = errors
        if self.text(""):
            self._errors.append(CellError(row, "(none)", f"{self.text('')!r} has no column"))

    def text(self, column: str) -> str:
        cell = self._cells.get(column, "")
        return cell.strip() if isinstance(cell, str) else str(cell)

    def list(self, column: str) -> list[str]:
        """Separated by `;`, or in YAML a list."""
        cell = self._cells.get(column, "")
        words = [str(word) for word in cell] if isinstance(cell, list) else cell.split(";")
        return [word.strip() for word in words if word.strip()]

    def read(
        self, column: str, parse: Callable[[str], ResultT], default: ResultT, expected: str
    ) -> ResultT | str:
        return self.parsed(column, self.text(column), parse, default, expected)

    def parsed(
        self, column: str, text: str, parse: Callable[[str], ResultT], default: ResultT, expected: str
    ) -> ResultT | str:
        """The default for an empty cell; the text itself for one that cannot be read, whose error is added."""
        if not text:
            return default
        try:
            return parse(text)
        except ValueError:
            self._errors.append(CellError(self.row, column, f"{text!r} is not {expected}"))
            return text


ReadRow = Callable[[RowReader], Row]
WriteRow = Callable[[Mapping[str, Any]], Mapping[str, str]]


@dataclass(frozen=True)
class TableFormat:
    columns: tuple[str, ...]
    required: tuple[str, ...]
    read_row: ReadRow
    write_row: WriteRow

    def read(self, path: Path) -> tuple[list[Row], list[CellError]]:
        """The rows as the service takes them, and every cell that cannot be read.

        `row` is the line in a CSV file, the position in a YAML list. Raises BadFile when there are no rows to speak of.
        """
        rows = _yaml_rows(self, path) if path.suffix in YAML else _csv_rows(self, path, read_text(path))
        return self._checked(path, rows)

    def read_list(self, path: Path, content: object) -> tuple[list[Row], list[CellError]]:
        """As `read`, of what stands in another file."""
        return self._checked(path, _listed_rows(self, path, content))

    def _checked(self, path: Path, found: Iterator[tuple[int, Cells]]) -> tuple[list[Row], list[CellError]]:
        errors: list[CellError] = []
        rows = [{"row": row, **self.read_row(RowReader(row, cells, errors))} for row, cells in found]
        if not rows:
            raise BadFile(f"{path}: no rows")
        return rows, errors

    def write(self, path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
        """What `read` reads as these rows again."""
        path.write_text(self.text(rows, as_yaml=path.suffix in YAML), encoding="utf-8", newline="")

    def text(self, rows: Sequence[Mapping[str, Any]], *, as_yaml: bool) -> str:
        cells = [self.write_row(row) for row in rows]
        if as_yaml:
            filled = [{name: cell for name, cell in row.items() if cell != ""} for row in cells]
            return yaml.safe_dump(filled, sort_keys=False, allow_unicode=True, width=110)
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(cells)
        return text.getvalue()


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


def _csv_rows(form: TableFormat, path: Path, text: str) -> Iterator[tuple[int, Cells]]:
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    try:
        names = _without_blank_end(next(reader, []))
        _check_columns(form, path, names)
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


def _yaml_rows(form: TableFormat, path: Path) -> Iterator[tuple[int, Cells]]:
    # Every scalar as it is written: a code `007` is no number, a name `No` no boolean.
    return _listed_rows(form, path, read_yaml(path, texts_only=True))


def _listed_rows(form: TableFormat, path: Path, content: object) -> Iterator[tuple[int, Cells]]:
    if not isinstance(content, list):
        raise BadFile(f"{path}: a list of rows is expected")
    for number, item in enumerate(content, 1):
        if not isinstance(item, dict):
            raise BadFile(f"{path}: entry {number} is not a mapping")
        _check_columns(form, path, list(item))
        yield number, item


def _check_columns(form: TableFormat, path: Path, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in form.columns]
    missing = [name for name in form.required if name not in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if unknown or missing or twice:
        raise BadFile(
            f"{path}: unknown columns: {unknown or 'none'}; missing columns: {missing or 'none'}"
            + (f"; columns named twice: {twice}" if twice else "")
        )


YES_OR_NO = "yes or no"


def yes_or_no(text: str) -> bool:
    said = text.lower()
    if said not in {"yes", "true", "1", "no", "false", "0"}:
        raise ValueError
    return said in {"yes", "true", "1"}


def written(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ";".join(str(item) for item in value)
        case _:
            return str(value)
