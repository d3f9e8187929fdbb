"""The touches that a lead is owed: versioned data, and the moments they fall on."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator
from shared.events.notification import OutboundChannel


class UnknownSequence(LookupError):
    """A lead was planned with a version that this release does not carry any more."""


class Touch(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    step: int = Field(ge=0)
    day: int = Field(ge=0)
    channels: tuple[OutboundChannel, ...] = Field(min_length=1)
    template: str


class Sequence(BaseModel):
    """Steps count from 0 without a gap; the days rise; touch 0 goes at once, the others at `hour` in the shop's zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int = Field(ge=1)
    hour: time
    touches: tuple[Touch, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        steps = [touch.step for touch in self.touches]
        days = [touch.day for touch in self.touches]
        if steps != list(range(len(steps))):
            raise ValueError(f"steps must be 0..{len(steps) - 1} in order, got {steps}")
        if days[0] != 0 or any(later <= earlier for earlier, later in pairwise(days)):
            raise ValueError(f"days must start at 0 and rise, got {days}")
        return self

    def plan(
        self, received_at: datetime, zone: str, begins_at: datetime | None = None
    ) -> Iterator[tuple[Touch, datetime]]:
        """Each touch with its moment; the first one at `received_at` itself.

        The days count from that of `begins_at`, when a first text that waits for the morning goes: the next one is not an hour later.
        """
        first_day = (begins_at or received_at).astimezone(ZoneInfo(zone)).date()
        for touch in self.touches:
            yield touch, received_at if touch.step == 0 else self._moment(first_day, touch, zone)

    def _moment(self, first_day: date, touch: Touch, zone: str) -> datetime:
        return datetime.combine(first_day + timedelta(days=touch.day), self.hour, ZoneInfo(zone))
