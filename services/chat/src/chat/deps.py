"""What endpoints and actions work with, built once in `app.py`."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from shared.db.engine import Sessions
from shared.http.limits import Limits, Use

from chat.clients.booking import BookingClient
from chat.clients.claude import Claude
from chat.clients.feed import Feed


class OpenStreams:
    """How many are open in this process, of all and of each key (a lead, a member of staff, an address)."""

    def __init__(self, caps: Mapping[str, int]) -> None:
        """`caps` by the kind of key."""
        self._caps = caps
        self._open: Counter[Use] = Counter()

    def full(self, *keys: Use) -> str | None:
        """The kind of key that has as many as it may have."""
        return next((key[0] for key in keys if self._open[key] >= self._caps[key[0]]), None)

    @contextmanager
    def one_more(self, *keys: Use) -> Iterator[None]:
        self._open.update(keys)
        try:
            yield
        finally:
            self._open.subtract(keys)
            for key in keys:
                if not self._open[key]:
                    del self._open[key]


class Bell:
    """Rung by whoever stores a message; the answering clock listens. Unheard, the clock's own pace is the fallback."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[float], None]] = []

    def connect(self, listener: Callable[[float], None]) -> None:
        self._listeners.append(listener)

    def ring(self, after_seconds: float) -> None:
        for listener in self._listeners:
            listener(after_seconds)


@dataclass(frozen=True)
class Deps:
    """`claude` is `None` without a key. `quiet_seconds` and `answer_seconds` as in `Settings`."""

    sessions: Sessions
    booking: BookingClient
    feed: Feed
    link_keys: Sequence[str]
    now: Callable[[], datetime]
    limits: Limits
    streams: OpenStreams
    claude: Claude | None = None
    quiet_seconds: float = 0.6
    answer_seconds: float = 20
    bell: Bell = field(default_factory=Bell)
