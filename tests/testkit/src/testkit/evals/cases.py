"""The scripts of the customers, as written in `evals/cases`."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

AssistantName = Literal["offline", "claude"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Press(_Model):
    """A button of the page, by its id."""

    press: str


class Choose(_Model):
    """A time of the newest offer, from 1; said in words, its weekday and hour, or pressed."""

    choose: int
    by: Literal["words", "button"] = "words"


class Burst(_Model):
    """Sent one after another without waiting for answers."""

    burst: tuple[str, ...]


Step = tuple[str, ...] | Press | Choose | Burst
"""A tuple is one message with its wordings."""


class Appointment(_Model):
    """What must hold of the lead's newest appointment; `chosen`: it is at the time chosen last."""

    service: str | None = None
    cents: int | None = None
    status: Literal["booked", "cancelled"] = "booked"
    chosen: bool = True


class Replies(_Model):
    """`last` is of the last reply; `contain` of any. A list within a list: one of its words is enough."""

    contain: tuple[str | tuple[str, ...], ...] = ()
    never: tuple[str, ...] = ()
    last: tuple[str | tuple[str, ...], ...] = ()


class Then(_Model):
    appointment: Appointment | Literal["none"] = "none"
    handoff: bool = False
    state: str | None = None
    replies: Replies = Replies()


class Case(_Model):
    id: str
    category: str = ""
    for_: tuple[AssistantName, ...] = Field(default=("offline", "claude"), alias="for")
    lead: dict[str, object] = {}
    says: tuple[Step, ...]
    then: Then


def read_cases(folder: Path) -> list[Case]:
    """A file is a category. Raises `ValueError` for a script that is not understood and for an id used twice."""
    cases = [
        Case.model_validate({**script, "category": file.stem})
        for file in sorted(folder.glob("*.yaml"))
        for script in yaml.safe_load(file.read_text("utf-8"))
    ]
    if len({case.id for case in cases}) < len(cases):
        raise ValueError("two cases have the same id")
    return cases
