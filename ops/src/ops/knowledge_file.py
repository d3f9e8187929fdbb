"""The knowledge file (CSV or YAML, or `knowledge:` of the tenant file): what the shops say beside catalogue and hours."""

from collections.abc import Mapping
from typing import Any

from ops.table_file import YES_OR_NO, Row, RowReader, TableFormat, written, yes_or_no

COLUMNS = ("code", "location", "en", "es", "questions", "valid_from", "valid_to", "active")


def _read_row(row: RowReader) -> Row:
    return {
        **{name: row.text(name) for name in ("location", "code", "en", "es", "valid_from", "valid_to")},
        "questions": row.list("questions"),
        "active": row.read("active", yes_or_no, True, YES_OR_NO),
    }


def _write_row(row: Mapping[str, Any]) -> dict[str, str]:
    return {name: written(row[name]) for name in COLUMNS}


KNOWLEDGE_FILE = TableFormat(COLUMNS, ("code", "en"), _read_row, _write_row)
