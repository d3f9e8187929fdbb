"""Checks the columns of an imported catalogue."""

from collections.abc import Iterable, Mapping
from typing import cast

from shared.events import Addon, ClassPrice

from booking.domain.catalog import PRICE_KINDS, VEHICLE_CLASSES
from booking.domain.rows import (
    Format,
    Row,
    Wrong,
    check_days,
    code,
    day,
    line,
    lines,
    listed_line,
    same_code,
    text,
    truth,
)

MAX_MINUTES = 24 * 60
MAX_CENTS = 100_000_00


def _same_tier(row: Row) -> object:
    """None for a service without tiers, and for one that `same_code` looks after."""
    family, tier = cast("str", row.values["family"]), cast("str", row.values["tier"])
    return (row.location, family.casefold(), tier.casefold()) if family else None


def _check(values: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    yield from _check_price(values)
    if values["family"] and not values["tier"]:
        yield "tier", "is needed for a service of a family"
    if values["tier"] and not values["family"]:
        yield "family", "is needed for a tier"
    yield from check_days(values)


def _check_price(values: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    kind = values["price_kind"]
    price = cast("int | None", values["price_cents"])
    limit = cast("int | None", values["max_cents"])
    if kind == "on_request":
        for column in ("price_cents", "max_cents", "class_prices"):
            if values[column] or values[column] == 0:
                yield column, "must be empty when the price is on request"
    elif price is None:
        yield "price_cents", f"is needed for a price of kind {kind!r}"
    elif kind == "range" and (limit is None or limit <= price):
        yield "max_cents", "must be above price_cents for a range"
    elif kind != "range" and limit is not None:
        yield "max_cents", "is for ranges only"


def _short(value: object) -> str:
    """May be empty."""
    said = text(value)
    if len(said) > 60 or len(said.splitlines()) > 1:
        raise Wrong("must be one line of at most 60 characters")
    return said


def _description(value: object) -> str:
    said = text(value)
    if len(said) > 2000:
        raise Wrong("must have at most 2000 characters")
    return said


def _price_kind(value: object) -> str:
    if value not in PRICE_KINDS:
        raise Wrong(f"must be one of {', '.join(PRICE_KINDS)}")
    return cast("str", value)


def _whole(value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Wrong(f"must be a whole number from {low} to {high}")
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
        raise Wrong("must map vehicle classes to cents")
    prices = cast("dict[object, object]", value or {})
    unknown = [str(name) for name in prices if name not in VEHICLE_CLASSES]
    if unknown:
        raise Wrong(f"{', '.join(unknown)}: not a vehicle class ({', '.join(VEHICLE_CLASSES)})")
    return {name: _class_cents(name, prices[name]) for name in VEHICLE_CLASSES if name in prices}


def _class_cents(name: str, cents: object) -> int:
    try:
        return _cents(cents)
    except Wrong as wrong:
        raise Wrong(str(wrong), part=name) from wrong


def _addons(value: object) -> tuple[Addon, ...]:
    if not isinstance(value or [], list):
        raise Wrong("must be a list of add-ons")
    addons = tuple(_addon(item) for item in cast("list[object]", value or []))
    if len({addon.code for addon in addons}) != len(addons):
        raise Wrong("names a code twice")
    return addons


def _addon(value: object) -> Addon:
    if not isinstance(value, dict):
        raise Wrong("must be a list of {code, name, amount_cents, class_prices}")
    try:
        prices = _class_prices(value.get("class_prices"))
        return Addon(
            code=code(value.get("code")),
            name=listed_line(value.get("name")),
            amount_cents=_cents(value.get("amount_cents")),
            class_prices=tuple(ClassPrice(vehicle_class=n, amount_cents=c) for n, c in prices.items()),
        )
    except Wrong as wrong:
        raise Wrong(f"{value.get('code')}: {wrong}") from wrong


_COLUMNS = {
    "code": code,
    "name": line,
    "name_es": lambda value: line(value) if text(value) else "",
    "description": _description,
    "synonyms": lines,
    "family": _short,
    "tier": _short,
    "price_kind": _price_kind,
    "price_cents": _optional_cents,
    "max_cents": _optional_cents,
    "class_prices": _class_prices,
    "duration_minutes": lambda value: _whole(value, 1, MAX_MINUTES),
    "buffer_minutes": _minutes,
    "cure_minutes": _cure_minutes,
    "skills": lines,
    "addons": _addons,
    "valid_from": day,
    "valid_to": day,
    "active": truth,
}

CATALOG_FORMAT = Format(_COLUMNS, _check, unique={"code": same_code, "tier": _same_tier})
"""At one place and on one day a code stands once, and so does a tier of a family."""
