"""While services are replaced one after the other, the version before runs on the new schema: its inserts know no new column."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MIGRATIONS = sorted(ROOT.glob("services/*/src/*/migrations/versions/0*.py"))


def added_columns(source: str) -> Iterator[ast.Call]:
    """Every `Column(...)` of an upgrade that is not part of a new table."""
    [upgrade] = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == "upgrade"
    ]
    new_tables = [call for call in calls(upgrade) if name_of(call) == "create_table"]
    of_new_tables = {id(column) for table in new_tables for column in calls(table)}
    for call in calls(upgrade):
        if name_of(call) == "Column" and id(call) not in of_new_tables:
            yield call


def calls(node: ast.AST) -> Iterator[ast.Call]:
    return (one for one in ast.walk(node) if isinstance(one, ast.Call))


def name_of(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def must_be_given(column: ast.Call) -> bool:
    """An insert that does not name it fails."""
    said = {word.arg: word.value for word in column.keywords}
    nullable = said.get("nullable")
    return isinstance(nullable, ast.Constant) and nullable.value is False and "server_default" not in said


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: f"{path.parents[2].name}-{path.stem}")
def test_an_added_column_may_be_left_out(path: Path) -> None:
    lacking = [ast.unparse(column) for column in added_columns(path.read_text()) if must_be_given(column)]
    assert lacking == []


def test_a_column_that_must_be_given_is_found() -> None:
    planted = (
        "def upgrade():\n    op.add_column('leads', sa.Column('shoe_size', sa.Integer(), nullable=False))"
    )
    assert [must_be_given(column) for column in added_columns(planted)] == [True]
