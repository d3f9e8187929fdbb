"""What a message is about: the topic of its nearest examples (`exemplars.yaml`) in the encoder's space, or none for certain."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from shared.events import KnowledgeEntry
from shared.understanding.encoder import encode

Matrix: TypeAlias = NDArray[np.floating]

ALIKE = (
    {"price", "name", "unlisted"},
    {"book", "move", "choose"},
    {"acknowledge", "thanks", "goodbye"},
    {"greeting", "small_talk"},
    {"complaint", "danger", "distress"},
    {"no", "decline"},
)
"""Topics whose answers are so near that doubt between them is none: the chances of one count for the likeliest of them."""

REMEMBERED = 4096


@dataclass(frozen=True)
class Topic:
    """`chance` of the topic and those alike."""

    name: str
    chance: float


@dataclass(frozen=True)
class _Learnt:
    topics: tuple[str, ...]
    centre: Matrix
    vectors: Matrix
    shares: Matrix
    sharpness: float


@lru_cache(maxsize=REMEMBERED)
def topic_of(text: str) -> Topic:
    """A text that was not met lately takes some 5 ms."""
    learnt = _learnt()
    scores = learnt.sharpness * (kernel(vector(text)[None], learnt.vectors) @ learnt.shares)[0]
    chances = np.exp(scores - scores.max())
    by_topic = dict(zip(learnt.topics, (chances / chances.sum()).tolist(), strict=True))
    together = {name: sum(by_topic[one] for one in _alike(name)) for name in by_topic}
    name = max(by_topic, key=lambda one: (together[one], by_topic[one]))
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


def _alike(name: str) -> set[str]:
    return next((group for group in ALIKE if name in group), {name})


@lru_cache(maxsize=REMEMBERED)
def vector(text: str) -> Matrix:
    """Of length 1, and without what all messages have in common."""
    row: Matrix = centred(encode([text.casefold()]), _learnt().centre)[0]
    return row


def centred(vectors: Matrix, centre: Matrix) -> Matrix:
    rows: Matrix = vectors - centre
    lengths: Matrix = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Matrix = rows / np.maximum(lengths, 1e-6)
    return unit


def kernel(one: Matrix, other: Matrix) -> Matrix:
    alike: Matrix = one @ other.T
    return 1 + alike + alike**2 / 2


@cache
def _learnt() -> _Learnt:
    with files(__package__).joinpath("topics.npz").open("rb") as file, np.load(file) as kept:
        return _Learnt(
            topics=tuple(kept["topics"].tolist()),
            centre=kept["centre"],
            vectors=kept["vectors"].astype(np.float32) / 127,
            shares=kept["shares"].astype(np.float32),
            sharpness=float(kept["sharpness"]),
        )
