"""What doors and actions work with, built once in `app.py`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from shared.db.engine import Sessions

from chat.clients.booking import BookingClient
from chat.clients.claude import Claude
from chat.clients.feed import Feed


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
    claude: Claude | None = None
    quiet_seconds: float = 0.6
    answer_seconds: float = 20
    bell: Bell = field(default_factory=Bell)
