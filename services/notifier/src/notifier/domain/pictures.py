"""Customers' pictures, as far as they are shown to the shop."""

from collections.abc import Iterable
from dataclasses import dataclass

MOST_BYTES = 5 * 1024 * 1024
"""Of one message, together: Twilio takes no more."""

_KINDS = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n\x1a\n": "png", b"GIF87a": "gif", b"GIF89a": "gif"}


@dataclass(frozen=True)
class Picture:
    kind: str
    content: bytes

    @property
    def extension(self) -> str:
        return "jpg" if self.kind == "jpeg" else self.kind


def picture_of(content: bytes) -> Picture | None:
    """By its first bytes, whatever it is said to be; `None`: nothing that a mail program shows by itself and safely."""
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return Picture("webp", content)
    kind = next((kind for magic, kind in _KINDS.items() if content.startswith(magic)), None)
    return Picture(kind, content) if kind else None


def that_fit(pictures: Iterable[Picture]) -> list[Picture]:
    """In their order; one that would be too much is left out, smaller ones behind it are not."""
    fitting: list[Picture] = []
    for one in pictures:
        if sum(len(taken.content) for taken in fitting) + len(one.content) <= MOST_BYTES:
            fitting.append(one)
    return fitting
