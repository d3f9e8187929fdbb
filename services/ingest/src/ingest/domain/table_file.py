"""Rows as a CSV file that a spreadsheet shows and never runs."""

import csv
import io
from collections.abc import Iterable, Sequence

_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What begins a formula (OWASP, CSV injection)."""


def csv_lines(rows: Iterable[Sequence[str | None]]) -> str:
    """A cell that would be read as a formula begins with an apostrophe, a telephone number among them."""
    lines = io.StringIO()
    csv.writer(lines).writerows([_safe(cell or "") for cell in row] for row in rows)
    return lines.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RUNS) else cell
