"""How many first touches an address gets, and how many a shop sends because of its form."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.addresses import inbox

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ASK_AGAIN_AFTER = timedelta(minutes=5)

Key = tuple[str, str, bool] | UUID
"""Channel, inbox and whether the CRM knows the lead, or the location whose form it was."""


@dataclass(frozen=True)
class Limits:
    """`of_forms`: an hour and location, to who wrote nothing but a form."""

    per_hour: int
    per_day: int
    of_forms: int


class FirstTouches:
    """Those of the last day, and those that the caller adds; whoever counts holds the locks of its keys."""

    def __init__(self, limits: Limits, past: Iterable[tuple[Key, datetime]]) -> None:
        self._limits = limits
        self._moments: dict[Key, list[datetime]] = defaultdict(list)
        for key, moment in past:
            self.note(key, moment)

    def note(self, key: Key, moment: datetime) -> None:
        self._moments[key].append(moment)

    def too_many(self, channel: str, address: str, now: datetime, *, in_crm: bool) -> bool:
        """What anybody causes by a form keeps nobody from being greeted whom the shop itself names."""
        keys = [(channel, inbox(address), known) for known in {True, in_crm}]
        hour, day = (sum(self._since(key, now - span) for key in keys) for span in (HOUR, DAY))
        return hour >= self._limits.per_hour or day >= self._limits.per_day

    def crowded_until(self, location_id: UUID, now: datetime) -> datetime | None:
        """`None`: the form of the location has room for another one."""
        full = self._since(location_id, now - HOUR) >= self._limits.of_forms
        return now + ASK_AGAIN_AFTER if full else None

    def _since(self, key: Key, moment: datetime) -> int:
        return sum(at > moment for at in self._moments[key])
