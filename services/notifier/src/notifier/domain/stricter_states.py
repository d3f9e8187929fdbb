"""States whose law allows less for a marketing text than the federal 8:00-21:00 on every day."""

from collections.abc import Iterable, Iterator
from datetime import date, time
from typing import Annotated, Any, Literal

import holidays
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from notifier.domain.quiet_hours import Hours

_SATURDAY, _SUNDAY = 5, 6
CLOSED = "closed"


def _hours(written: object) -> object:
    """`09:00-18:00`, or `closed`."""
    if written == CLOSED:
        return None
    opens, _, closes = str(written).partition("-")
    return Hours(time.fromisoformat(opens), time.fromisoformat(closes))


Written = Annotated[Hours | None, BeforeValidator(_hours)]


class State(BaseModel):
    """One row of the table. `saturday` and `sunday` are as the other days where nothing else is written.

    `seen`: whether whoever wrote the row read the statute's text, or somebody else's summary of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: str = Field(pattern=r"^[A-Z]{2}$")
    name: str
    area_codes: frozenset[int]
    hours: Written
    saturday: Written
    sunday: Written
    holidays: Literal["as_other_days", "closed"] = "as_other_days"
    texts_a_day: int | None = Field(default=None, ge=1)
    source: str = Field(min_length=1)
    seen: Literal["statute", "summary"]
    checked: date

    @model_validator(mode="before")
    @classmethod
    def _as_other_days(cls, row: dict[str, Any]) -> dict[str, Any]:
        return {"saturday": row.get("hours"), "sunday": row.get("hours")} | row

    def hours_on(self, day: date) -> Hours | None:
        """`None`: not on that day. Holidays are the state's own and the nation's, also where they are kept on another day."""
        if self.holidays == CLOSED and _is_holiday(day, self.state):
            return None
        return {_SATURDAY: self.saturday, _SUNDAY: self.sunday}.get(day.weekday(), self.hours)


def _is_holiday(day: date, state: str) -> bool:
    return day in holidays.country_holidays("US", subdiv=state, years=day.year)


class StricterStates:
    def __init__(self, states: Iterable[State]) -> None:
        self._states = tuple(states)

    def __iter__(self) -> Iterator[State]:
        return iter(self._states)

    def of(self, region: str, phone: str | None) -> tuple[State, ...]:
        """The shop's, by its address, and the recipient's, by the area code; other states have nothing to add."""
        names, code = {region.strip().upper()}, area_code(phone)
        return tuple(
            one
            for one in self._states
            if code in one.area_codes or not names.isdisjoint((one.state, one.name.upper()))
        )


def texts_a_day(states: Iterable[State]) -> int | None:
    """The fewest that one of them allows; `None`: none of them counts."""
    return min((one.texts_a_day for one in states if one.texts_a_day), default=None)


def area_code(phone: str | None) -> int | None:
    """Of a number of the North American plan."""
    if phone is None or not phone.startswith("+1") or len(phone) != len("+16195550100"):
        return None
    return int(phone[2:5]) if phone[2:5].isdigit() else None
