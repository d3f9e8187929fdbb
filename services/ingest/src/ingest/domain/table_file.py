"""Rows as a CSV file that a spreadsheet shows and never runs."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

_CELL_THAT_RUNS = re.compile(
    r"(^|[;\t\r\n])(?=[\s\u200c-\u200f\u061c\ufe00-\ufe0f]*[=+\-@\uff1d\uff0b\uff0d\uff20])"
)
"""What begins a formula (OWASP, CSV injection), full-width too, also behind what nobody sees; and behind what separates cells where
a comma does not."""


def csv_lines(rows: Iterable[Sequence[str | None]]) -> str:
    """What would be read as a formula begins with an apostrophe, a telephone number among it."""
    lines = io.StringIO()
    csv.writer(lines).writerows([_CELL_THAT_RUNS.sub(r"\1'", cell or "") for cell in row] for row in rows)
    return lines.getvalue()
