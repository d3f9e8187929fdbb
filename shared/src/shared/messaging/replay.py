"""Events that an operator delivers again: how a delivery says so, and what may come of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

Mode = Literal["missing", "again", "again-with-side-effects", "rebuild"]
"""`missing`: only what the inbox does not know. `again`: the service's own tables once more, and nothing leaves it.
`rebuild`: an emptied schema gets back what it keeps of others' facts."""

EffectT = TypeVar("EffectT", bound=Callable[..., Any])


@dataclass(frozen=True)
class Replay:
    id: str = ""
    mode: Mode = "missing"

    @property
    def headers(self) -> dict[str, str]:
        return {"replay-id": self.id, "replay-mode": self.mode} if self.id else {}


class HeldBack(Exception):
    """A repeated effect was about to let something leave the service; it is taken back as a whole."""


_current: ContextVar[Replay] = ContextVar("replay")
_LIVE = Replay()
_replicas: set[Callable[..., Any]] = set()


def replica(effect: EffectT) -> EffectT:
    """Marks an effect that only keeps what its event says: a rebuild repeats these and no others."""
    _replicas.add(effect)
    return effect


def is_replica(effect: Callable[..., Any]) -> bool:
    return effect in _replicas


def current_replay() -> Replay:
    return _current.get(_LIVE)


def replay_of(headers: Mapping[str, Any]) -> Replay:
    """An unknown mode, of a newer leadctl, is the one that does the least."""
    mode = headers.get("replay-mode", "")
    return Replay(str(headers.get("replay-id", "")), mode if mode in get_args(Mode) else "missing")


@contextmanager
def delivered(headers: Mapping[str, Any]) -> Iterator[None]:
    token = _current.set(replay_of(headers))
    try:
        yield
    finally:
        _current.reset(token)


def leaves(what: str) -> None:
    """To be called where something new would leave the service. Raises `HeldBack` in a repeat without side effects."""
    if current_replay().mode == "again":
        raise HeldBack(what)


def repeated_by() -> str | None:
    """The replay that repeats side effects on purpose: part of the unique key of what is sent once more."""
    replay = current_replay()
    return replay.id if replay.mode == "again-with-side-effects" else None
