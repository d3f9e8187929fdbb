"""Column names and ids of each shop's board: they differ per location, and rarely change."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from crm_sync.domain.crm import Column
from crm_sync.domain.lead_rule import same_name

FRESH_SECONDS = 3600
"""A renamed column is noticed within this."""
ASK_AGAIN_SECONDS = 30
"""A name or id that is missing is asked for again no sooner than this."""


@dataclass(frozen=True)
class _Board:
    columns: tuple[Column, ...]
    read_at: float


class Columns:
    """Keeps what was read, since a list may miss rows and a lead should not wait for it."""

    def __init__(self, read: Callable[[str], Awaitable[tuple[Column, ...]]]) -> None:
        self._read = read
        self._boards: dict[str, _Board] = {}

    async def name_of(self, location_id: str, column_id: str | None) -> str | None:
        """None: no such column at this location."""
        return await self._find(location_id, lambda column: column.name if column.id == column_id else None)

    async def id_of(self, location_id: str, name: str) -> str | None:
        """None: no such column at this location."""
        wanted = same_name(name)
        return await self._find(
            location_id, lambda column: column.id if same_name(column.name) == wanted else None
        )

    async def _find(self, location_id: str, pick: Callable[[Column], str | None]) -> str | None:
        board = self._boards.get(location_id)
        age_seconds = time.monotonic() - board.read_at if board else FRESH_SECONDS
        found = _first(board, pick)
        if age_seconds >= FRESH_SECONDS or (found is None and age_seconds >= ASK_AGAIN_SECONDS):
            found = _first(await self._refresh(location_id), pick)
        return found

    async def _refresh(self, location_id: str) -> _Board:
        board = _Board(await self._read(location_id), time.monotonic())
        self._boards[location_id] = board
        return board


def _first(board: _Board | None, pick: Callable[[Column], str | None]) -> str | None:
    return next((found for column in (board.columns if board else ()) if (found := pick(column))), None)
