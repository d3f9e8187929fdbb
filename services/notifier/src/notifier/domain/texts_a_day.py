"""How many marketing texts went to a number within a day, where its state counts them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

DAY = timedelta(days=1)


class TextsADay:
    """Those of the last day, and those that the caller adds; whoever counts holds the locks of its numbers."""

    def __init__(self, past: Iterable[tuple[str, datetime]]) -> None:
        self._moments: dict[str, list[datetime]] = defaultdict(list)
        for number, moment in past:
            self.note(number, moment)

    def note(self, number: str, moment: datetime) -> None:
        self._moments[number].append(moment)

    def enough_until(self, number: str, most: int | None, now: datetime) -> datetime | None:
        """`None`: another one may go. `most`: `None` where nobody counts."""
        recent = sorted(moment for moment in self._moments[number] if moment > now - DAY)
        if most is None or len(recent) < most:
            return None
        return recent[-most] + DAY
