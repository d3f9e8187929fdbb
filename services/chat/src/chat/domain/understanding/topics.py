"""What a message is about: the topic of its nearest examples (`exemplars*.yaml`) by meaning and by spelling, or none for certain."""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from shared.events import KnowledgeEntry
from shared.understanding.encoder import encode

from chat.domain.language import plain

Matrix: TypeAlias = NDArray[np.floating]

ALIKE = (
    {"price", "name", "quoted", "validity"},
    {"price", "cheapest"},
    {"price", "change_service"},
    {"price", "removal"},
    {"unlisted", "other_work"},
    {"budget", "cheapest", "bargain"},
    {"details", "know:films-compared"},
    {"included", "know:tax"},
    {"hours", "open_now"},
    {"bot", "person"},
    {"none", "unknown"},
    {"book", "move", "choose"},
    {"acknowledge", "thanks", "goodbye"},
    {"greeting", "small_talk"},
    {"complaint", "danger", "distress"},
    {"no", "decline"},
)
"""Topics whose answers are so near that doubt between them is none: the chances of those alike count for the likeliest."""

REMEMBERED = 4096

BUCKETS = 1 << 15
"""That pieces of words are counted in; 2 ** 16 named no more topics rightly."""
LONGEST_PIECE = 5


@dataclass(frozen=True)
class Topic:
    """`chance` of the topic and those alike."""

    name: str
    chance: float


@dataclass(frozen=True)
class _Learnt:
    """`directions`: of the encoder's space, those in which the examples differ most. `rarity` and `weights`: of each bucket."""

    topics: tuple[str, ...]
    centre: Matrix
    directions: Matrix
    vectors: Matrix
    shares: Matrix
    rarity: Matrix
    weights: Matrix
    step: float
    sharpness: float


@lru_cache(maxsize=REMEMBERED)
def topic_of(text: str) -> Topic:
    """A text that was not met lately takes some 5 ms."""
    learnt = _learnt()
    row = unit(vector(text)[None] @ learnt.directions)
    meant = (kernel(row, learnt.vectors) @ learnt.shares)[0]
    buckets, shares = spelled(text, learnt.rarity)
    written = learnt.step * (shares @ learnt.weights[buckets].astype(np.float32))
    scores = learnt.sharpness * (meant + written)
    chances = np.exp(scores - scores.max())
    by_topic = dict(zip(learnt.topics, (chances / chances.sum()).tolist(), strict=True))
    return likeliest(by_topic)


def likeliest(chances: Mapping[str, float]) -> Topic:
    """Of those alike that together are the likeliest, the likeliest one."""
    together = {name: sum(chances[one] for one in alike(name)) for name in chances}
    name = max(alike(max(together, key=together.__getitem__)), key=chances.__getitem__)
    return Topic(name, together[name])


NEAR = 0.7
"""Of a question to one that the shop wrote down, for what the examples do not know."""

SHOPS_REMEMBERED = 200
"""Of which the vectors of the questions are kept: 1 kB each."""


def nearest(text: str, knowledge: Sequence[KnowledgeEntry]) -> str | None:
    """The code of what the shop says to a question like this one; `None` when there is none near enough."""
    chance, code = max(_near(text, knowledge), default=(0.0, ""))
    return code if chance >= NEAR else None


def nearest_first(text: str, knowledge: Sequence[KnowledgeEntry]) -> list[KnowledgeEntry]:
    """All of them, by how near their nearest question is."""
    near: dict[str, float] = {}
    for chance, code in _near(text, knowledge):
        near[code] = max(chance, near.get(code, -1.0))
    return sorted(knowledge, key=lambda entry: -near.get(entry.code, -1.0))


def _near(text: str, knowledge: Sequence[KnowledgeEntry]) -> list[tuple[float, str]]:
    questions = [(question, entry.code) for entry in knowledge for question in entry.questions]
    if not questions:
        return []
    chances = questions_read(tuple(question for question, _ in questions)) @ vector(text)
    return list(zip(chances.tolist(), (code for _, code in questions), strict=True))


@lru_cache(maxsize=SHOPS_REMEMBERED)
def questions_read(questions: tuple[str, ...]) -> Matrix:
    """The vectors of a shop's questions; read at once, 5 ms each where they were not met lately."""
    return centred(encode([question.casefold() for question in questions]), _learnt().centre)


@cache
def alike(name: str) -> set[str]:
    return {name}.union(*(group for group in ALIKE if name in group))


@lru_cache(maxsize=REMEMBERED)
def vector(text: str) -> Matrix:
    """Of length 1, and without what all messages have in common."""
    row: Matrix = centred(encode([text.casefold()]), _learnt().centre)[0]
    return row


def centred(vectors: Matrix, centre: Matrix) -> Matrix:
    return unit(vectors - centre)


def unit(rows: Matrix) -> Matrix:
    lengths: Matrix = np.linalg.norm(rows, axis=1, keepdims=True)
    of_length_1: Matrix = rows / np.maximum(lengths, 1e-6)
    return of_length_1


_WORD = re.compile(r"[\w%$']+")


def counted(text: str) -> tuple[dict[int, int], dict[int, int]]:
    """How often each bucket is met: by pieces of words, and by words and pairs of words."""
    words = _WORD.findall(plain(text))
    return _buckets(_pieces(words)), _buckets([*words, *map(" ".join, pairwise(words))])


def _pieces(words: list[str]) -> Iterator[str]:
    for word in (f" {one} " for one in words):
        for length in range(2, LONGEST_PIECE + 1):
            yield from (f"{word[at : at + length]}|" for at in range(max(1, len(word) - length + 1)))


def _buckets(pieces: Iterable[str]) -> dict[int, int]:
    return Counter(zlib.crc32(piece.encode()) % BUCKETS for piece in pieces)


def spelled(text: str, rarity: Matrix) -> tuple[NDArray[np.intp], Matrix]:
    """Buckets, and how much each of them counts; pieces and words have length 1 each."""
    both = [_weighed(counts, rarity) for counts in counted(text)]
    return np.concatenate([buckets for buckets, _ in both]), np.concatenate([shares for _, shares in both])


def _weighed(counts: dict[int, int], rarity: Matrix) -> tuple[NDArray[np.intp], Matrix]:
    buckets = np.fromiter(counts, dtype=np.intp)
    times = np.fromiter(counts.values(), dtype=np.float32)
    shares: Matrix = (1 + np.log(times)) * rarity[buckets]
    return buckets, shares / max(float(np.linalg.norm(shares)), 1e-6)


def kernel(one: Matrix, other: Matrix) -> Matrix:
    alike: Matrix = one @ other.T
    return 1 + alike + alike**2 / 2


@cache
def _learnt() -> _Learnt:
    with files(__package__).joinpath("topics.npz").open("rb") as file, np.load(file) as kept:
        return _Learnt(
            topics=tuple(kept["topics"].tolist()),
            centre=kept["centre"],
            directions=kept["directions"].astype(np.float32),
            vectors=kept["vectors"].astype(np.float32) / 127,
            shares=kept["shares"].astype(np.float32),
            rarity=kept["rarity"].astype(np.float32),
            weights=kept["weights"],
            step=float(kept["step"]),
            sharpness=float(kept["sharpness"]),
        )
