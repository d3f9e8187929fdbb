"""What leadctl shows, and how it fails: one line that says what was wrong and what to do."""

import json
from collections.abc import Mapping, Sequence
from typing import NoReturn

import httpx2
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console()
errors = Console(stderr=True)


def fail(message: str) -> NoReturn:
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def show_json(value: object) -> None:
    """On one line, to the letter: square brackets in customers' words are no colours."""
    console.print(json.dumps(value), soft_wrap=True, highlight=False, markup=False)


def show_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, screen: Console = console
) -> None:
    table = Table(title=title, title_justify="left", show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # no colours by the square brackets of strangers
    screen.print(table)


def refusal(answer: httpx2.Response) -> str:
    """What a service said when it refused, with every field or row it named."""
    try:
        body = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}: {answer.text[:300]}"
    if not isinstance(body, Mapping):
        return f"HTTP {answer.status_code}"
    lines = [f"{body.get('code', answer.status_code)}: {body.get('detail', '')}"]
    lines += ["  " + ", ".join(f"{k} {v}" for k, v in error.items()) for error in body.get("errors", [])]
    return "\n".join(lines)
