"""The parts of a message, each with its own topic."""

import re
from collections.abc import Iterator
from functools import cache

from chat.domain.language import glossary_words, plain
from chat.domain.spelling import corrected
from chat.domain.understanding.topics import Topic, alike, topic_of

SURE = 0.6
"""Of a topic; `python -m evals.understanding.fit --writers` shows what other values cost. Below it the customer is asked."""

SURE_OF_A_HALF = 0.75
"""Of the topics of both halves of a sentence, before it is taken for two."""

SURE_OF_A_WORD = 0.9
"""As a half by itself: `price and how long does it take`."""
ASKED_IN_A_WORD = frozenset({"price", "hours", "address", "duration"})

MOST_PARTS = 12
MOST_JOINTS = 6
SPLIT_WITHIN = 200
"""Characters of a sentence in which halves are looked for: each costs an encoding."""
_SENTENCE_END = re.compile(r"\n+|(?<=[.!?;])\s+")
_JOINT = re.compile(
    r",\s+(?:and |but |also |y |pero )?|\s(?:and|also|plus|y|e|tambien|también)\s", re.IGNORECASE
)


def parts_of(text: str) -> Iterator[tuple[str, Topic]]:
    """Sentences, and their halves where each half by itself is surely about something else."""
    sentences = [one.strip() for one in _SENTENCE_END.split(text) if re.search(r"\w", one)][:MOST_PARTS]
    for sentence in sentences or [text]:
        yield from _halves(sentence)


def _halves(sentence: str) -> list[tuple[str, Topic]]:
    joints = list(_JOINT.finditer(sentence[:SPLIT_WITHIN]))[:MOST_JOINTS]

    @cache
    def split_from(begin: int) -> tuple[tuple[str, Topic], ...]:
        """What is behind a joint, by its end: each rest is looked at once, however many ways lead to it."""
        for joint in joints:
            if joint.start() < begin:
                continue
            left, right = sentence[begin : joint.start()].strip(), sentence[joint.end() :].strip()
            if not left or not right:
                continue
            first = (left, _topic_of(left))
            if not _stands_alone(*first, opens=True):
                continue
            others = split_from(joint.end())
            if all(_stands_alone(*other) for other in others) and others[0][1].name not in alike(
                first[1].name
            ):
                return (first, *others)
        rest = sentence[begin:].strip()
        return ((rest, _topic_of(rest)),)

    return list(split_from(0))


def _topic_of(part: str) -> Topic:
    """Of the words as they are written, or with their spelling put right where that says more."""
    topic = topic_of(part)
    if topic.chance >= SURE:
        return topic
    return max(topic, topic_of(corrected(plain(part), glossary_words())), key=lambda one: one.chance)


def _stands_alone(part: str, topic: Topic, *, opens: bool = False) -> bool:
    """`opens`: a `hola` or `no` may stand before what it is about."""
    small = opens and topic.name in {"greeting", "thanks", "no", "acknowledge", "small_talk"}
    word = topic.name in ASKED_IN_A_WORD and topic.chance >= SURE_OF_A_WORD
    enough = small or len(part.split()) > 1 or word
    return topic.chance >= SURE_OF_A_HALF and topic.name != "none" and enough
