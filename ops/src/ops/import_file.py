"""A file that somebody wrote, read within limits: of its size, and of what its YAML may build."""

from pathlib import Path
from typing import Any

import yaml
from yaml.composer import ComposerError

MAX_BYTES = 1024 * 1024
"""As much as the services take in one request."""
MAX_DEPTH = 20


class BadFile(Exception):
    """The file cannot be imported; the message names every reason."""


class _Limited:
    """Aliases are refused: nine lines of them make a file of 300 bytes a hundred million values."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):  # type: ignore[attr-defined]
            event = self.get_event()  # type: ignore[attr-defined]
            raise ComposerError(
                None, None, f"*{event.anchor}: aliases are not taken, write the value out", event.start_mark
            )
        depth = getattr(self, "_depth", 0)
        if depth == MAX_DEPTH:
            raise ComposerError(
                None,
                None,
                f"more than {MAX_DEPTH} levels deep",
                self.peek_event().start_mark,  # type: ignore[attr-defined]
            )
        self._depth = depth + 1
        node = super().compose_node(parent, index)  # type: ignore[misc]
        self._depth = depth
        return node


class _Values(_Limited, yaml.SafeLoader):
    """Numbers, dates and truth values as such."""


class _Texts(_Limited, yaml.BaseLoader):
    """Nothing but texts, lists and mappings."""


def read_text(path: Path) -> str:
    """Excel begins its files with a byte order mark. Raises BadFile."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise BadFile(f"{path}: over {MAX_BYTES} bytes; split it into several files")
        return raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"{path}: {error}") from error


def read_yaml(path: Path, *, texts_only: bool = False) -> Any:
    """Raises BadFile, with the line."""
    try:
        return yaml.load(read_text(path), Loader=_Texts if texts_only else _Values)  # noqa: S506 - both build no objects
    except yaml.YAMLError as error:
        raise BadFile(f"{path}: {error}") from error
