"""What the repository promises about itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_event_catalogue_is_what_the_code_says() -> None:
    check = subprocess.run(  # noqa: S603
        [sys.executable, ROOT / "scripts" / "events", "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr


def test_no_lock_names_a_download_host() -> None:
    locks = [*(ROOT / "locks").glob("*.txt"), ROOT / "web" / "package-lock.json"]
    assert len(locks) > 8
    assert [lock.name for lock in locks if "://" in lock.read_text()] == []


OUR_WORDS = {"SecretsLost", "HeldBack"}
"""Errors whose words are ours and name nobody."""
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical"}


def words_of_errors_in_logs(source: str) -> Iterator[int]:
    """Lines on which a log call gets a caught error in any other way than by `without_words` or `exc_info`."""
    for handler in ast.walk(ast.parse(source)):
        if not isinstance(handler, ast.ExceptHandler) or handler.name is None:
            continue
        if isinstance(handler.type, ast.Name) and handler.type.id in OUR_WORDS:
            continue
        for call in (inner for statement in handler.body for inner in ast.walk(statement)):
            if isinstance(call, ast.Call) and is_log(call) and tells(call, handler.name):
                yield call.lineno


def is_log(call: ast.Call) -> bool:
    method = call.func
    return (
        isinstance(method, ast.Attribute)
        and method.attr in LOG_METHODS
        and isinstance(method.value, ast.Name)
        and method.value.id in {"log", "logger"}
    )


def tells(call: ast.Call, name: str) -> bool:
    given = [*call.args, *(word.value for word in call.keywords if word.arg != "exc_info")]
    return any(words_in(value, name) for value in given)


def words_in(value: ast.AST, name: str) -> bool:
    match value:
        case ast.Call(func=ast.Name(id="without_words" | "_public" | "type" | "_fields")):
            return False
        case ast.Name(id=found):
            return found == name
        case ast.Attribute():
            return False  # a code of the error: its class says which
        case _:
            return any(words_in(inner, name) for inner in ast.iter_child_nodes(value))


def test_no_log_line_has_the_words_of_an_error() -> None:
    sources = [*ROOT.glob("shared/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]
    assert len(sources) > 150
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in sources
        for line in words_of_errors_in_logs(path.read_text())
    }
    assert found == set()


def test_the_words_of_an_error_in_a_log_line_are_seen() -> None:
    told = ("reason=repr(error)", "reason=str(error)[:200]", 'reason=f"x {error}"', "reason=error")
    for given in told:
        source = f"try:\n    pass\nexcept ValueError as error:\n    log.info('x', {given})\n"
        assert list(words_of_errors_in_logs(source)) == [4], given
