"""Whether a provider answers at the moment, as far as its last answers tell."""

from dataclasses import dataclass

AWAY_AFTER = 3
"""Failures in a row: one alone may be the network's."""
FIRST_PROBE_SECONDS = 1.0
LONGEST_PROBE_SECONDS = 10.0
"""After its return the provider is found within this."""
LONG_AWAY_SECONDS = 30.0
"""By then what failed first waits longer than the provider goes untried."""


@dataclass
class Availability:
    """Of one provider, seen by one process. While it is away one call at a time tries it, and all others wait.

    Moments are of a monotonic clock, in seconds.
    """

    failures: int = 0
    probe_at: float = 0.0
    away_since: float = 0.0

    def room(self, most: int, in_flight: int, now: float) -> int:
        """How many more calls may begin."""
        if self.failures < AWAY_AFTER:
            return most - in_flight
        return int(in_flight == 0 and now >= self.probe_at)

    def failed(self, now: float) -> None:
        self.failures += 1
        if self.failures == AWAY_AFTER:
            self.away_since = now
        pause = FIRST_PROBE_SECONDS * 2.0 ** min(max(self.failures - AWAY_AFTER, 0), 8)
        self.probe_at = now + min(LONGEST_PROBE_SECONDS, pause)

    def answered(self, now: float) -> bool:
        """Whether it is back after a long while, so that what waits for it is to be woken."""
        back = self.failures >= AWAY_AFTER and now - self.away_since >= LONG_AWAY_SECONDS
        self.failures = 0
        return back
