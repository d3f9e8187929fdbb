"""The table of stricter states that ships with this release, checked once at the start."""

from importlib.resources import files

import yaml

from notifier.domain.stricter_states import State, StricterStates


def load_states() -> StricterStates:
    """Raises `ValueError` when a row is wrong."""
    written = yaml.safe_load((files("notifier") / "data" / "stricter-states.yaml").read_text("utf-8"))
    return StricterStates(State.model_validate(row) for row in written["states"])
