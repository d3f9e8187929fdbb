"""Checks an imported catalogue and tells every error by row and column; and how it differs from the present one."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from itertools import combinations
from typing import cast
from uuid import UUID

from shared.events import Addon, ClassPrice

from booking.domain.catalog import PRICE_KINDS, VEHICLE_CLASSES, Offer

MAX_MINUTES = 24 * 60
MAX_CENTS = 100_000_00
SEPARATORS = ";|"
"""Between several values in one cell of a catalogue file, so a value cannot hold one."""
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")

RawRow = Mapping[str, object]
Change = dict[str, object]
FIELDS = tuple(field.name for field in fields(Offer) if field.name != "id")


@dataclass(frozen=True)
class RowError:
    """`row` is the number that the sender gave the row."""

    row: int
    column: str
    detail: str


@dataclass(frozen=True)
class CatalogRow:
    """One row of the import, checked. `location` is a code, empty for the whole tenant; `values` are those of an `Offer`."""

    row: int
    location: str
    values: Mapping[str, object]

    @property
    def code(self) -> str:
        return cast("str", self.values["code"])

    @property
    def valid_from(self) -> date | None:
        return cast("date | None", self.values["valid_from"])

    def offer(self, offer_id: UUID) -> Offer:
        return Offer(id=offer_id, **self.values)  # type: ignore[arg-type]  # each value was checked when it was read


class _Wrong(Exception):
    """The value of one column cannot be used; the message says why, `part` which part of it."""

    def __init__(self, detail: str, part: str = "") -> None:
        super().__init__(detail)
        self.part = part


def read_rows(rows: Sequence[RawRow]) -> tuple[list[CatalogRow], list[RowError]]:
    """The good rows and all errors; a row with an error is not among the good ones."""
    good: list[CatalogRow] = []
    errors: list[RowError] = []
    for position, raw in enumerate(rows, start=1):
        row, wrong = _Reader(raw, position).read()
        errors += wrong
        if row is not None:
            good.append(row)
    return good, [*errors, *_collisions(good)]


def unknown_locations(rows: Iterable[CatalogRow], known: Iterable[str]) -> list[RowError]:
    codes = {"", *known}
    return [
        RowError(row.row, "location", f"there is no location {row.location!r}")
        for row in rows
        if row.location not in codes
    ]


def _collisions(rows: Sequence[CatalogRow]) -> list[RowError]:
    """At one place and on one day a code stands once, and so does a tier of a family."""
    errors = []
    for column, same in (("code", _same_code), ("tier", _same_tier)):
        together: dict[object, list[CatalogRow]] = {}
        for row in rows:
            together.setdefault(same(row), []).append(row)
        together.pop(None, None)
        for group in together.values():
            errors += [_collision(column, *pair) for pair in combinations(group, 2) if _overlap(*pair)]
    return list(dict.fromkeys(errors))


def _same_code(row: CatalogRow) -> object:
    return row.location, row.code


def _same_tier(row: CatalogRow) -> object:
    """None for a service without tiers, and for one that `_same_code` looks after."""
    family, tier = cast("str", row.values["family"]), cast("str", row.values["tier"])
    return (row.location, family.casefold(), tier.casefold()) if family else None


def _overlap(one: CatalogRow, other: CatalogRow) -> bool:
    begins, ends = [], []
    for row in (one, other):
        begins.append(row.valid_from or date.min)
        ends.append(cast("date | None", row.values["valid_to"]) or date.max)
    return max(begins) <= min(ends)


def _collision(column: str, earlier: CatalogRow, later: CatalogRow) -> RowError:
    return RowError(
        later.row, column, f"{later.values[column]!r} stands in row {earlier.row} already for the same days"
    )


class _Reader:
    """Reads one row column by column, keeping each error."""

    def __init__(self, raw: RawRow, position: int) -> None:
        self._raw = raw
        number = raw.get("row")
        self._row = number if isinstance(number, int) else position
        self._errors: list[RowError] = []

    def read(self) -> tuple[CatalogRow | None, list[RowError]]:
        location = self._column("location", _text)
        values = {name: self._column(name, check) for name, check in _COLUMNS.items()}
        if not self._errors:
            self._check_price(values)
            self._check_tier(values)
            self._check_days(values)
        if self._errors:
            return None, self._errors
        return CatalogRow(self._row, cast("str", location), values), []

    def _column(self, name: str, check: Callable[[object], object]) -> object:
        try:
            return check(self._raw.get(name))
        except _Wrong as wrong:
            self._wrong(f"{name}.{wrong.part}" if wrong.part else name, str(wrong))
            return None

    def _wrong(self, column: str, detail: str) -> None:
        self._errors.append(RowError(self._row, column, detail))

    def _check_price(self, values: Mapping[str, object]) -> None:
        kind = values["price_kind"]
        price = cast("int | None", values["price_cents"])
        limit = cast("int | None", values["max_cents"])
        if kind == "on_request":
            for column in ("price_cents", "max_cents", "class_prices"):
                if values[column] or values[column] == 0:
                    self._wrong(column, "must be empty when the price is on request")
        elif price is None:
            self._wrong("price_cents", f"is needed for a price of kind {kind!r}")
        elif kind == "range" and (limit is None or limit <= price):
            self._wrong("max_cents", "must be above price_cents for a range")
        elif kind != "range" and limit is not None:
            self._wrong("max_cents", "is for ranges only")

    def _check_tier(self, values: Mapping[str, object]) -> None:
        if values["family"] and not values["tier"]:
            self._wrong("tier", "is needed for a service of a family")
        if values["tier"] and not values["family"]:
            self._wrong("family", "is needed for a tier")

    def _check_days(self, values: Mapping[str, object]) -> None:
        begins, ends = cast("date | None", values["valid_from"]), cast("date | None", values["valid_to"])
        if begins and ends and ends < begins:
            self._wrong("valid_to", "is before valid_from")


def _text(value: object) -> str:
    """With the line ends of Unix, whatever the sender's are."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Wrong("must be text")
    if "\x00" in value:
        raise _Wrong("must not hold a NUL")
    return "\n".join(value.replace("\r\n", "\n").split("\r")).strip()


def _code(value: object) -> str:
    code = _text(value)
    if not _CODE.fullmatch(code):
        raise _Wrong("must be 1 to 60 letters, digits, '-' or '_'")
    return code


def _name(value: object) -> str:
    name = _text(value)
    if not 1 <= len(name) <= 200:
        raise _Wrong("must have 1 to 200 characters")
    if len(name.splitlines()) > 1:
        raise _Wrong("must be one line")
    return name


def _listed_name(value: object) -> str:
    name = _name(value)
    if any(mark in name for mark in SEPARATORS):
        raise _Wrong("must not hold ';' or '|', which stand between values")
    return name


def _short(value: object) -> str:
    """May be empty."""
    text = _text(value)
    if len(text) > 60 or len(text.splitlines()) > 1:
        raise _Wrong("must be one line of at most 60 characters")
    return text


def _description(value: object) -> str:
    text = _text(value)
    if len(text) > 2000:
        raise _Wrong("must have at most 2000 characters")
    return text


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value or [], list):
        raise _Wrong("must be a list of texts")
    names = [_listed_name(item) for item in cast("list[object]", value or [])]
    return tuple(dict.fromkeys(names))


def _price_kind(value: object) -> str:
    if value not in PRICE_KINDS:
        raise _Wrong(f"must be one of {', '.join(PRICE_KINDS)}")
    return cast("str", value)


def _whole(value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _Wrong(f"must be a whole number from {low} to {high}")
    return value


def _minutes(value: object) -> int:
    return _whole(0 if value is None else value, 0, MAX_MINUTES)


def _cure_minutes(value: object) -> int:
    return _whole(0 if value is None else value, 0, 7 * MAX_MINUTES)


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
    return {name: _class_cents(name, prices[name]) for name in VEHICLE_CLASSES if name in prices}


def _class_cents(name: str, cents: object) -> int:
    try:
        return _cents(cents)
    except _Wrong as wrong:
        raise _Wrong(str(wrong), part=name) from wrong


def _addons(value: object) -> tuple[Addon, ...]:
    if not isinstance(value or [], list):
        raise _Wrong("must be a list of add-ons")
    addons = tuple(_addon(item) for item in cast("list[object]", value or []))
    if len({addon.code for addon in addons}) != len(addons):
        raise _Wrong("names a code twice")
    return addons


def _addon(value: object) -> Addon:
    if not isinstance(value, dict):
        raise _Wrong("must be a list of {code, name, amount_cents, class_prices}")
    try:
        prices = _class_prices(value.get("class_prices"))
        return Addon(
            code=_code(value.get("code")),
            name=_listed_name(value.get("name")),
            amount_cents=_cents(value.get("amount_cents")),
            class_prices=tuple(ClassPrice(vehicle_class=n, amount_cents=c) for n, c in prices.items()),
        )
    except _Wrong as wrong:
        raise _Wrong(f"{value.get('code')}: {wrong}") from wrong


def _day(value: object) -> date | None:
    if value in (None, ""):
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise _Wrong("must be a day like 2027-01-31") from error


def _active(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("must be true or false")
    return value


_COLUMNS: dict[str, Callable[[object], object]] = {
    "code": _code,
    "name": _name,
    "description": _description,
    "synonyms": _names,
    "family": _short,
    "tier": _short,
    "price_kind": _price_kind,
    "price_cents": _optional_cents,
    "max_cents": _optional_cents,
    "class_prices": _class_prices,
    "duration_minutes": lambda value: _whole(value, 1, MAX_MINUTES),
    "buffer_minutes": _minutes,
    "cure_minutes": _cure_minutes,
    "skills": _names,
    "addons": _addons,
    "valid_from": _day,
    "valid_to": _day,
    "active": _active,
}

Key = tuple[str, str, date | None]
Catalog = Mapping[Key, Offer]
"""Every row of a tenant's catalogue by location code (empty: tenant-wide), service code and first day."""


def in_order(key: Key) -> tuple[str, str, date]:
    return key[0], key[1], key[2] or date.min


def differences(old: Catalog, new: Catalog) -> list[Change]:
    """What changes, by location, code and first day; one entry for each changed field."""
    changes: list[Change] = []
    for key in sorted({*old, *new}, key=in_order):
        changes += _difference(key, old.get(key), new.get(key))
    return changes


def _difference(key: Key, old: Offer | None, new: Offer | None) -> list[Change]:
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
        for name in FIELDS
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
