"""The tenant file (YAML): one brand with its locations, their hours, bays and technicians."""

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from ops.import_file import BadFile, read_yaml

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def read_tenant_file(path: Path, environment: Mapping[str, str]) -> dict[str, object]:
    """With `${NAME}` replaced from the environment. Raises BadFile."""
    content = read_yaml(path)
    if not isinstance(content, dict) or not {"tenant", "locations"} <= content.keys():
        raise BadFile(f"{path}: the top level needs `tenant` and `locations`")
    missing = sorted(_missing(content, environment))
    if missing:
        raise BadFile(f"{path}: not set in the environment: {', '.join(missing)}")
    filled = _filled(content, environment)
    assert isinstance(filled, dict)  # noqa: S101 - a dict stays one
    return filled


def _missing(value: object, environment: Mapping[str, str]) -> set[str]:
    return {name for text in _texts(value) for name in _VARIABLE.findall(text) if name not in environment}


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


def _filled(value: object, environment: Mapping[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _filled(inner, environment) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, environment) for inner in value]
    if isinstance(value, str):
        return _VARIABLE.sub(lambda match: environment[match[1]], value)
    return value.isoformat() if isinstance(value, date) else value
