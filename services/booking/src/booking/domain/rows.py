"""Rows of a file that operators import: every error by row and column, days that collide, and what changes."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import TypeAlias, cast

from shared.events import Addon
from shared.text import cleaned

from booking.domain.entries import Entry

SEPARATORS = ";|"
"""Between several values in one cell of a file, so a value cannot hold one."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")

RawRow = Mapping[str, object]
Change = dict[str, object]
Columns = Mapping[str, Callable[[object], object]]
"""How each column's cell is read; raises `Wrong`."""


@dataclass(frozen=True)
class RowError:
    """`row` is the number that the sender gave the row."""

    row: int
    column: str
    detail: str


@dataclass(frozen=True)
class Row:
    """One row of the import, checked. `location` is a code, empty for the whole tenant."""

    row: int
    location: str
    values: Mapping[str, object]

    @property
    def code(self) -> str:
        return cast("str", self.values["code"])

    @property
    def valid_from(self) -> date | None:
        return cast("date | None", self.values["valid_from"])


class Wrong(Exception):
    """The value of one column cannot be used; the message says why, `part` which part of it."""

    def __init__(self, detail: str, part: str = "") -> None:
        super().__init__(detail)
        self.part = part


CheckRow = Callable[[Mapping[str, object]], Iterable[tuple[str, str]]]
"""What is wrong between the columns of a row whose cells are right: column and detail."""
Same = Callable[[Row], object]
"""Rows of which it is the same may not hold on the same day; None: it may be there twice."""


@dataclass(frozen=True)
class Format:
    """`unique`: by the column that an error names."""

    columns: Columns
    check: CheckRow
    unique: Mapping[str, Same]

    def read(self, rows: Sequence[RawRow]) -> tuple[list[Row], list[RowError]]:
        """The good rows and all errors; a row with an error is not among the good ones."""
        good: list[Row] = []
        errors: list[RowError] = []
        for position, raw in enumerate(rows, start=1):
            row, wrong = _read_row(self, raw, position)
            errors += wrong
            if row is not None:
                good.append(row)
        return good, [*errors, *_collisions(good, self.unique)]


def unknown_locations(rows: Iterable[Row], known: Iterable[str]) -> list[RowError]:
    codes = {"", *known}
    return [
        RowError(row.row, "location", f"there is no location {row.location!r}")
        for row in rows
        if row.location not in codes
    ]


def same_code(row: Row) -> object:
    return row.location, row.code


def check_days(values: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    begins, ends = cast("date | None", values["valid_from"]), cast("date | None", values["valid_to"])
    if begins and ends and ends < begins:
        yield "valid_to", "is before valid_from"


def _read_row(form: Format, raw: RawRow, position: int) -> tuple[Row | None, list[RowError]]:
    number = raw.get("row")
    place = number if isinstance(number, int) else position
    errors: list[RowError] = []
    values: dict[str, object] = {}
    for name, check in {"location": text, **form.columns}.items():
        try:
            values[name] = check(raw.get(name))
        except Wrong as wrong:
            errors.append(RowError(place, f"{name}.{wrong.part}" if wrong.part else name, str(wrong)))
    if not errors:
        errors = [RowError(place, *wrong) for wrong in form.check(values)]
    if errors:
        return None, errors
    return Row(place, cast("str", values.pop("location")), values), []


def _collisions(rows: Sequence[Row], unique: Mapping[str, Same]) -> list[RowError]:
    errors = []
    for column, same in unique.items():
        together: dict[object, list[Row]] = {}
        for row in rows:
            together.setdefault(same(row), []).append(row)
        together.pop(None, None)
        for group in together.values():
            errors += [_collision(column, *pair) for pair in combinations(group, 2) if _overlap(*pair)]
    return list(dict.fromkeys(errors))


def _overlap(one: Row, other: Row) -> bool:
    begins, ends = [], []
    for row in (one, other):
        begins.append(row.valid_from or date.min)
        ends.append(cast("date | None", row.values["valid_to"]) or date.max)
    return max(begins) <= min(ends)


def _collision(column: str, earlier: Row, later: Row) -> RowError:
    return RowError(
        later.row, column, f"{later.values[column]!r} stands in row {earlier.row} already for the same days"
    )


def text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong("must be text")
    return cleaned(value)


def code(value: object) -> str:
    said = text(value)
    if not _CODE.fullmatch(said):
        raise Wrong("must be 1 to 60 letters, digits, '-' or '_'")
    return said


def line(value: object) -> str:
    said = text(value)
    if not 1 <= len(said) <= 200:
        raise Wrong("must have 1 to 200 characters")
    if len(said.splitlines()) > 1:
        raise Wrong("must be one line")
    return said


def listed_line(value: object) -> str:
    said = line(value)
    if any(mark in said for mark in SEPARATORS):
        raise Wrong("must not hold ';' or '|', which stand between values")
    return said


def lines(value: object) -> tuple[str, ...]:
    if not isinstance(value or [], list):
        raise Wrong("must be a list of texts")
    said = [listed_line(item) for item in cast("list[object]", value or [])]
    return tuple(dict.fromkeys(said))


def day(value: object) -> date | None:
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise Wrong("must be a day like 2027-01-31") from error


def truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise Wrong("must be true or false")
    return value


Key: TypeAlias = tuple[str, str, date | None]
"""Location code (empty: tenant-wide), the row's own code and its first day."""


def in_order(key: Key) -> tuple[str, str, date]:
    return key[0], key[1], key[2] or date.min


def differences(old: Mapping[Key, Entry], new: Mapping[Key, Entry], columns: Iterable[str]) -> list[Change]:
    """What changes, by location, code and first day; one entry for each changed field."""
    names = tuple(columns)
    changes: list[Change] = []
    for key in sorted({*old, *new}, key=in_order):
        changes += _difference(key, old.get(key), new.get(key), names)
    return changes


def _difference(key: Key, old: Entry | None, new: Entry | None, columns: Sequence[str]) -> list[Change]:
    place: Change = {"location": key[0], "code": key[1]}
    if key[2]:
        place["valid_from"] = key[2].isoformat()
    if old is None or new is None:
        return [{"action": "add" if old is None else "remove", **place}]
    return [
        {
            "action": "change",
            **place,
            "field": name,
            "old": plain(getattr(old, name)),
            "new": plain(getattr(new, name)),
        }
        for name in columns
        if getattr(old, name) != getattr(new, name)
    ]


def plain(value: object) -> object:
    """As JSON writes it."""
    match value:
        case Addon():
            prices = {price.vehicle_class: price.amount_cents for price in value.class_prices}
            return {**value.model_dump(include={"code", "name", "amount_cents"}), "class_prices": prices}
        case tuple():
            return [plain(item) for item in value]
        case date():
            return value.isoformat()
        case _:
            return value
