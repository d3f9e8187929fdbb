"""Checks an imported catalogue and tells every error by row and column; and how it differs from the present one."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from shared.events import Addon

from booking.domain.catalog import PRICE_KINDS, VEHICLE_CLASSES, Offer, PriceKind

MAX_MINUTES = 24 * 60
MAX_CENTS = 100_000_00
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")

RawRow = Mapping[str, object]
Change = dict[str, object]


@dataclass(frozen=True)
class RowError:
    """`row` is the number that the sender gave the row."""

    row: int
    column: str
    detail: str


@dataclass(frozen=True)
class CatalogRow:
    """One row of the import, checked. `location` is a code, empty for the whole tenant."""

    row: int
    location: str
    code: str
    name: str
    description: str
    synonyms: tuple[str, ...]
    price_kind: PriceKind
    price_cents: int | None
    max_cents: int | None
    class_prices: Mapping[str, int]
    duration_minutes: int
    buffer_minutes: int
    addons: tuple[Addon, ...]
    active: bool

    def offer(self, offer_id: UUID) -> Offer:
        return Offer(offer_id, *(getattr(self, name) for name in FIELDS))


FIELDS = (
    "code",
    "name",
    "description",
    "synonyms",
    "price_kind",
    "price_cents",
    "max_cents",
    "class_prices",
    "duration_minutes",
    "buffer_minutes",
    "addons",
    "active",
)


class _Wrong(Exception):
    """The value of one column cannot be used; the message says why."""


def read_rows(rows: Sequence[RawRow]) -> tuple[list[CatalogRow], list[RowError]]:
    """The good rows and all errors; a row with an error is not among the good ones."""
    good: list[CatalogRow] = []
    errors: list[RowError] = []
    for position, raw in enumerate(rows, start=1):
        row, wrong = _Reader(raw, position).read()
        errors += wrong
        if row is not None:
            good.append(row)
    return good, errors + _duplicates(good)


def unknown_locations(rows: Iterable[CatalogRow], known: Iterable[str]) -> list[RowError]:
    codes = {"", *known}
    return [
        RowError(row.row, "location", f"there is no location {row.location!r}")
        for row in rows
        if row.location not in codes
    ]


def _duplicates(rows: Sequence[CatalogRow]) -> list[RowError]:
    first: dict[tuple[str, str], int] = {}
    errors = []
    for row in rows:
        earlier = first.setdefault((row.location, row.code), row.row)
        if earlier != row.row:
            errors.append(RowError(row.row, "code", f"{row.code!r} stands in row {earlier} already"))
    return errors


class _Reader:
    """Reads one row column by column, keeping each error."""

    def __init__(self, raw: RawRow, position: int) -> None:
        self._raw = raw
        number = raw.get("row")
        self._row = number if isinstance(number, int) else position
        self._errors: list[RowError] = []

    def read(self) -> tuple[CatalogRow | None, list[RowError]]:
        values: dict[str, object] = {"location": self._column("location", _text)}
        for name, check in _COLUMNS.items():
            values[name] = self._column(name, check)
        if not self._errors:
            self._check_price(values)
        if self._errors:
            return None, self._errors
        return CatalogRow(row=self._row, **values), []  # type: ignore[arg-type]  # each value was checked above

    def _column(self, name: str, check: Callable[[object], object]) -> object:
        try:
            return check(self._raw.get(name))
        except _Wrong as wrong:
            self._wrong(name, str(wrong))
            return None

    def _wrong(self, column: str, detail: str) -> None:
        self._errors.append(RowError(self._row, column, detail))

    def _check_price(self, values: Mapping[str, object]) -> None:
        kind = values["price_kind"]
        price = cast("int | None", values["price_cents"])
        limit = cast("int | None", values["max_cents"])
        if kind == "on_request":
            for column in ("price_cents", "max_cents", "class_prices"):
                if values[column]:
                    self._wrong(column, "must be empty when the price is on request")
        elif price is None:
            self._wrong("price_cents", f"is needed for a price of kind {kind!r}")
        elif kind == "range" and (limit is None or limit <= price):
            self._wrong("max_cents", "must be above price_cents for a range")
        elif kind != "range" and limit is not None:
            self._wrong("max_cents", "is for ranges only")


def _text(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Wrong("must be text")
    if "\x00" in value:
        raise _Wrong("must not hold a NUL")
    return value.strip()


def _code(value: object) -> str:
    code = _text(value)
    if not _CODE.fullmatch(code):
        raise _Wrong("must be 1 to 60 letters, digits, '-' or '_'")
    return code


def _name(value: object) -> str:
    name = _text(value)
    if not 1 <= len(name) <= 200:
        raise _Wrong("must have 1 to 200 characters")
    return name


def _description(value: object) -> str:
    text = _text(value)
    if len(text) > 2000:
        raise _Wrong("must have at most 2000 characters")
    return text


def _synonyms(value: object) -> tuple[str, ...]:
    if not isinstance(value or [], list):
        raise _Wrong("must be a list of texts")
    return tuple(_name(item) for item in cast("list[object]", value or []))


def _price_kind(value: object) -> str:
    if value not in PRICE_KINDS:
        raise _Wrong(f"must be one of {', '.join(PRICE_KINDS)}")
    return cast("str", value)


def _whole(value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _Wrong(f"must be a whole number from {low} to {high}")
    return value


def _cents(value: object) -> int:
    return _whole(value, 0, MAX_CENTS)


def _optional_cents(value: object) -> int | None:
    return None if value is None else _cents(value)


def _class_prices(value: object) -> dict[str, int]:
    if not isinstance(value or {}, dict):
        raise _Wrong("must map vehicle classes to cents")
    prices = cast("dict[object, object]", value or {})
    unknown = [str(name) for name in prices if name not in VEHICLE_CLASSES]
    if unknown:
        raise _Wrong(f"{', '.join(unknown)}: not a vehicle class ({', '.join(VEHICLE_CLASSES)})")
    return {str(name): _cents(cents) for name, cents in prices.items()}


def _addons(value: object) -> tuple[Addon, ...]:
    if not isinstance(value or [], list):
        raise _Wrong("must be a list of add-ons")
    addons = tuple(_addon(item) for item in cast("list[object]", value or []))
    if len({addon.code for addon in addons}) != len(addons):
        raise _Wrong("names a code twice")
    return addons


def _addon(value: object) -> Addon:
    if not isinstance(value, dict):
        raise _Wrong("must be a list of {code, name, amount_cents}")
    return Addon(
        code=_code(value.get("code")),
        name=_name(value.get("name")),
        amount_cents=_cents(value.get("amount_cents")),
    )


def _active(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("must be true or false")
    return value


_COLUMNS: dict[str, Callable[[object], object]] = {
    "code": _code,
    "name": _name,
    "description": _description,
    "synonyms": _synonyms,
    "price_kind": _price_kind,
    "price_cents": _optional_cents,
    "max_cents": _optional_cents,
    "class_prices": _class_prices,
    "duration_minutes": lambda value: _whole(value, 1, MAX_MINUTES),
    "buffer_minutes": lambda value: _whole(0 if value is None else value, 0, MAX_MINUTES),
    "addons": _addons,
    "active": _active,
}

Catalog = Mapping[tuple[str, str], Offer]
"""Every row of a tenant's catalogue by location code (empty: tenant-wide) and service code."""


def differences(old: Catalog, new: Catalog) -> list[Change]:
    """What changes, by location and code; one entry for each changed field."""
    changes: list[Change] = []
    for key in sorted({*old, *new}):
        changes += _difference(key, old.get(key), new.get(key))
    return changes


def _difference(key: tuple[str, str], old: Offer | None, new: Offer | None) -> list[Change]:
    place: Change = {"location": key[0], "code": key[1]}
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
        for name in FIELDS
        if getattr(old, name) != getattr(new, name)
    ]


def plain(value: object) -> object:
    """As JSON writes it."""
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value.model_dump() if isinstance(value, Addon) else value
