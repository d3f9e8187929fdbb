"""Column names and ids of each shop's board: they differ per location, and rarely change."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from crm_sync.clients.errors import Unavailable
from crm_sync.domain.crm import Column
from crm_sync.domain.lead_rule import same_name

FRESH_SECONDS = 3600
"""A renamed column is noticed within this."""
ASK_AGAIN_SECONDS = 30
"""A name or id that is missing is asked for again no sooner than this."""


@dataclass(frozen=True)
class Board:
    """Only of a complete one may it be said that a column is not there."""

    columns: tuple[Column, ...]
    complete: bool
    read_at: float
    """By the monotonic clock."""


class Columns:
    """Keeps what was read, since a list may miss rows and a lead should not wait for it.

    Raises `Unavailable` when a column is not in a list that had holes.
    """

    def __init__(self, read: Callable[[str], Awaitable[Board]]) -> None:
        self._read = read
        self._boards: dict[str, Board] = {}

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
        found = _first(board, pick) if board else None
        if board is None or _is_old(board, missing=found is None):
            board = self._boards[location_id] = await self._read(location_id)
            found = _first(board, pick)
        if found is None and not board.complete:
            raise Unavailable("a list of columns with holes")
        return found


def _is_old(board: Board, *, missing: bool) -> bool:
    age_seconds = time.monotonic() - board.read_at
    return age_seconds >= FRESH_SECONDS or (
        missing and (not board.complete or age_seconds >= ASK_AGAIN_SECONDS)
    )


def _first(board: Board, pick: Callable[[Column], str | None]) -> str | None:
    return next((found for column in board.columns if (found := pick(column))), None)
