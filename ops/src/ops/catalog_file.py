"""The catalogue file (CSV or YAML): services and prices, as people keep them in a spreadsheet."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ops.table_file import YES_OR_NO, Row, RowReader, TableFormat, written, yes_or_no

VEHICLE_CLASSES = ("coupe", "sedan", "suv", "truck", "van")
REQUIRED = ("code", "name", "price_kind", "duration_minutes")
COLUMNS = (
    "code", "location", "name", "name_es", "description", "synonyms", "family", "tier", "price_kind", "price", "max_price",
    *VEHICLE_CLASSES, "duration_minutes", "buffer_minutes", "cure_minutes", "skills", "addons", "valid_from", "valid_to",
    "active",
)  # fmt: skip


def column_in_file(column: str) -> str:
    """What the file calls a column of the service: `class_prices.suv` is `suv`."""
    names = {"price_cents": "price", "max_cents": "max_price"}
    return names.get(column, column.removeprefix("class_prices."))


_AMOUNT_EXPECTED = "an amount like 399.00"
_MINUTES_EXPECTED = "a whole number of minutes"
_ADDON_EXPECTED = "code|Name|price, or code|Name|price|suv=55.00, several separated by ;"


def _read_row(row: RowReader) -> Row:
    return {
        **{name: row.text(name) for name in ("location", "code", "name", "name_es", "description")},
        **{name: row.text(name) for name in ("family", "tier", "price_kind", "valid_from", "valid_to")},
        "synonyms": row.list("synonyms"),
        "price_cents": _amount(row, "price"),
        "max_cents": _amount(row, "max_price"),
        "class_prices": {name: _amount(row, name) for name in VEHICLE_CLASSES if row.text(name)},
        "duration_minutes": row.read("duration_minutes", int, None, _MINUTES_EXPECTED),
        "buffer_minutes": row.read("buffer_minutes", int, 0, _MINUTES_EXPECTED),
        "cure_minutes": row.read("cure_minutes", int, 0, _MINUTES_EXPECTED),
        "skills": row.list("skills"),
        "addons": [row.parsed("addons", text, _addon, None, _ADDON_EXPECTED) for text in row.list("addons")],
        "active": row.read("active", yes_or_no, True, YES_OR_NO),
    }


def _amount(row: RowReader, column: str) -> int | str | None:
    return row.read(column, _cents, None, _AMOUNT_EXPECTED)


_AMOUNT = re.compile(r"\$?[0-9]{1,3}(,?[0-9]{3}){0,3}(\.[0-9]{1,2})?")


def _cents(text: str) -> int:
    if not _AMOUNT.fullmatch(text):
        raise ValueError
    return int(Decimal(text.removeprefix("$").replace(",", "")) * 100)


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


def _write_row(row: Mapping[str, Any]) -> dict[str, str]:
    """One row of the service as the file has it."""
    prices = {name: _dollars(row["class_prices"].get(name)) for name in VEHICLE_CLASSES}
    cells = {
        **{name: written(row[name]) for name in COLUMNS if name in row},
        "price": _dollars(row["price_cents"]),
        "max_price": _dollars(row["max_cents"]),
        **prices,
        "addons": ";".join(_addon_text(addon) for addon in row["addons"]),
    }
    return {name: cells[name] for name in COLUMNS}


def _dollars(cents: int | None) -> str:
    return "" if cents is None else f"{cents // 100}.{cents % 100:02}"


def _addon_text(addon: Mapping[str, Any]) -> str:
    by_class = [f"{name}={_dollars(cents)}" for name, cents in addon.get("class_prices", {}).items()]
    return "|".join([addon["code"], addon["name"], _dollars(addon["amount_cents"]), *by_class])


CATALOG_FILE = TableFormat(COLUMNS, REQUIRED, _read_row, _write_row)
