"""Sets of messages that are opt-outs or only sound like it, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, TypeAdapter
from shared.events.notification import OutboundChannel
from shared.understanding.opt_out import opt_out_in


class Labelled(BaseModel):
    """`channel`: where it was said, `web` is the chat."""

    text: str
    label: Literal["opt_out", "innocent"]
    lang: Literal["en", "es"]
    channel: Literal["sms", "email", "web"] = "sms"


class Outcome(Enum):
    """Of an opt-out: heard, asked, missed. Of an innocent message: answered, asked (bothered), stopped."""

    HEARD = "heard"
    ASKED = "asked"
    MISSED = "missed"
    ANSWERED = "answered"
    BOTHERED = "bothered"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Score:
    results: Sequence[tuple[Labelled, Outcome]]

    def share(self, label: str, *outcomes: Outcome) -> float:
        meant = [was for message, was in self.results if message.label == label]
        return sum(was in outcomes for was in meant) / len(meant) if meant else 0.0

    @property
    def heard_or_asked(self) -> float:
        return self.share("opt_out", Outcome.HEARD, Outcome.ASKED)

    @property
    def innocents_stopped(self) -> float:
        return self.share("innocent", Outcome.STOPPED)

    @property
    def summary(self) -> str:
        of = {label: sum(m.label == label for m, _ in self.results) for label in ("opt_out", "innocent")}
        return (
            f"{of['opt_out']} opt-outs: heard {self.share('opt_out', Outcome.HEARD):.1%}, "
            f"heard or asked {self.heard_or_asked:.1%}. {of['innocent']} innocents: stopped "
            f"{self.innocents_stopped:.1%}, asked {self.share('innocent', Outcome.BOTHERED):.1%}."
        )


def read_set(file: Path) -> list[Labelled]:
    """YAML or JSON: a list of `{text, label, lang}`."""
    return TypeAdapter(list[Labelled]).validate_python(yaml.safe_load(file.read_text("utf-8")))


def judged(message: Labelled) -> Outcome:
    channel: OutboundChannel | None = None if message.channel == "web" else message.channel
    found = opt_out_in(message.text, channel)
    if message.label == "opt_out":
        return Outcome.MISSED if found is None else Outcome.HEARD if found.sure else Outcome.ASKED
    return Outcome.ANSWERED if found is None else Outcome.STOPPED if found.sure else Outcome.BOTHERED
