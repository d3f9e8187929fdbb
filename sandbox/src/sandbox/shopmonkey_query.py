"""How ShopMonkey's lists filter and page, quirks included: unknown fields and operators are ignored, not refused."""

import json
import operator
import random
from collections.abc import Callable, Mapping

from sandbox.envelope import BoffError
from sandbox.rows import Row, parse_iso

LIMIT_MAX = 100  # more is clamped without a word
_DROPPED_SHARE = 0.3
_THROTTLED_SHARE = 0.1

_ORDERED: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def where_of(params: Mapping[str, str]) -> Row:
    """The parsed `where`; refuses what the real API refuses (lower-case orderby, a number as an integer)."""
    if "orderby" in params:
        raise BoffError(400, "querystring must NOT have additional properties 'orderby'")
    where = _json_object(params.get("where") or "{}")
    if isinstance(where.get("number"), int):
        raise BoffError(400, "querystring/where/number must be string")
    return where


def _json_object(text: str) -> Row:
    try:
        parsed = json.loads(text)
    except ValueError as error:
        raise BoffError(400, "querystring/where must be valid JSON") from error
    if not isinstance(parsed, dict):
        raise BoffError(400, "querystring/where must be object")
    return parsed


def matches(row: Row, where: Row) -> bool:
    return all(_holds(row, name, want) for name, want in where.items())


def _holds(row: Row, name: str, want: object) -> bool:
    if name == "OR" and isinstance(want, list):
        return any(matches(row, branch) for branch in want)
    if name not in row:
        return True
    if isinstance(want, dict):
        return all(_compare(row[name], key, value) for key, value in want.items())
    return bool(row[name] == want)


def _compare(have: object, key: str, want: object) -> bool:
    if key == "equals":
        return have == want
    if key == "contains":
        return str(want) in str(have or "")
    if key not in _ORDERED:
        return True
    return have is not None and _ORDERED[key](_comparable(have), _comparable(want))


def _comparable(value: object) -> float:
    if isinstance(value, int | float):
        return float(value)
    try:
        return parse_iso(str(value)).timestamp()
    except ValueError as error:
        raise BoffError(400, f"querystring/where: not a date: {value!r}") from error


def page(rows: list[Row], limit: object, skip: object) -> tuple[list[Row], bool]:
    """The page and whether more follow."""
    size, start = min(_whole(limit, LIMIT_MAX), LIMIT_MAX), _whole(skip, 0)
    return rows[start : start + size], start + size < len(rows)


def _whole(value: object, default: int) -> int:
    if value is None or value == "":
        return default
    try:
        return max(int(str(value)), 0)
    except ValueError as error:
        raise BoffError(400, "querystring/limit must be integer") from error


def unreliable(rows: list[Row], dice: random.Random) -> list[Row] | None:
    """What an unreliable list shows: rows missing and out of order; None is the throttled answer, empty without meta."""
    if rows and dice.random() < _THROTTLED_SHARE:
        return None
    kept = [row for row in rows if dice.random() >= _DROPPED_SHARE]
    dice.shuffle(kept)
    return kept
