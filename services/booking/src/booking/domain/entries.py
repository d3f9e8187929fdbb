"""Entries that hold for certain days, of the whole tenant or of a location: services, and what a shop says."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from json import dumps
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel


class Entry(Protocol):
    """A dataclass. `valid_from` and `valid_to` are days of the location's calendar, both included; None: no end on that side."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def id(self) -> UUID: ...
    @property
    def code(self) -> str: ...
    @property
    def valid_from(self) -> date | None: ...
    @property
    def valid_to(self) -> date | None: ...
    @property
    def active(self) -> bool: ...
    @property
    def sort_key(self) -> tuple[str, ...]: ...


EntryT = TypeVar("EntryT", bound=Entry)


def valid_on(entry: Entry, day: date) -> bool:
    return (entry.valid_from or date.min) <= day <= (entry.valid_to or date.max)


def effective(tenant_wide: Iterable[EntryT], own: Iterable[EntryT], today: date) -> tuple[EntryT, ...]:
    """What holds at a location on that day, in order: its own valid row takes the tenant's place, also to switch it off."""
    by_code = {entry.code: entry for entry in (*tenant_wide, *own) if valid_on(entry, today)}
    return tuple(sorted((one for one in by_code.values() if one.active), key=lambda one: one.sort_key))


def fingerprint(entries: Sequence[Entry]) -> str:
    """Differs exactly when something of them differs."""
    return sha256(
        dumps([asdict(one) for one in entries], sort_keys=True, default=_plain).encode()
    ).hexdigest()


def _plain(value: object) -> object:
    return value.model_dump() if isinstance(value, BaseModel) else str(value)
