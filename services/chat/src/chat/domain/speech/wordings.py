"""Other words for the same thing, read as the words that the receipts and the grammar use (`wordings.toml`)."""

import re
import tomllib
from functools import cache
from importlib.resources import files

_RANGE = re.compile(
    r"\bde (?:las |la )?(\d{1,2}(?::\d\d)?) a (?:las |la )?(\d{1,2}(?::\d\d)?)"
    r"(?! ?(?:horas|dias|minutos|dolares|semanas|\$)|[\d/%])"
)
_DEMONSTRATIVE = re.compile(
    r"\b(is|are|was|does|do|did|would|will|could|can|in|on|of|for|with|about|to|at|like|than|after|before|by|from"
    r"|match|beat|change|misread|need|get|got|have|all) that\b(?=$| ?[,.;:!?)]| (?!you\b|i\b|we\b|it\b|they\b))"
)
_THAT_DAY = re.compile(
    r"\b(if|when|once|unless|until|while|because|since|and|or|so|but) that(?= (?:day|time|one|works|doesn't|date|fits|helps|suits|slot|spot)\b)"
)


def as_known(text: str) -> str:
    """`text` is folded. Only for reading: the customer is shown the sentence as it was said."""
    for pattern, known in _wordings():
        text = pattern.sub(known, text)
    text = _RANGE.sub(r"de las \1 a las \2", text)
    text = _THAT_DAY.sub(r"\1 this", text)
    return _DEMONSTRATIVE.sub(r"\1 this", text)


@cache
def _wordings() -> tuple[tuple[re.Pattern[str], str], ...]:
    data = tomllib.loads(files("chat.domain.speech").joinpath("wordings.toml").read_text("utf-8"))
    return tuple(
        (re.compile(rf"(?<![\w'])(?:{'|'.join(w['said'])})(?![\w'])"), w["as"]) for w in data["wording"]
    )
