"""The versioned sequences that ship with this release, loaded and checked once at the start."""

from importlib.resources import files

import yaml

from notifier.domain.sequence import Sequence, UnknownSequence
from notifier.templates import Templates

DEFAULT = "default"


class Sequences:
    """Every version that a lead in flight may still follow; `newest` is for new leads."""

    def __init__(self, sequences: list[Sequence]) -> None:
        self._by_version = {(sequence.name, sequence.version): sequence for sequence in sequences}

    def newest(self, name: str = DEFAULT) -> Sequence:
        versions = [version for found, version in self._by_version if found == name]
        if not versions:
            raise UnknownSequence(name)
        return self._by_version[name, max(versions)]

    def get(self, name: str, version: int) -> Sequence:
        """Raises `UnknownSequence`."""
        try:
            return self._by_version[name, version]
        except KeyError as error:
            raise UnknownSequence(f"{name} version {version}") from error


def load_sequences(templates: Templates) -> Sequences:
    """Raises `ValueError` when a file is wrong or names a message that does not exist."""
    folder = files("notifier") / "data"
    found = [entry for entry in folder.iterdir() if entry.name.startswith("sequence-")]
    sequences = [Sequence.model_validate(yaml.safe_load(entry.read_text("utf-8"))) for entry in found]
    for sequence in sequences:
        _check_templates(sequence, templates)
    return Sequences(sequences)


def _check_templates(sequence: Sequence, templates: Templates) -> None:
    for touch in sequence.touches:
        message = templates.messages.get(touch.template)
        if message is None or ("sms" in touch.channels and message.sms is None):
            raise ValueError(
                f"{sequence.name} v{sequence.version}, step {touch.step}: no message {touch.template!r} for {touch.channels}"
            )
