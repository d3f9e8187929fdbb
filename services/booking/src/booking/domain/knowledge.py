"""What a shop says beside catalogue and hours, and the check of its import: no price and no time of day stands in it."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast
from uuid import UUID

from shared.events import KnowledgeEntry

from booking.domain.rows import Format, Wrong, check_days, code, day, lines, same_code, text, truth

LONGEST = 1000
"""Characters of a statement: an answer in a chat."""


@dataclass(frozen=True)
class Statement:
    """`es` empty: the Spanish-speaking customer reads the English. `questions`: how customers ask for it, in either language."""

    id: UUID
    code: str
    en: str
    es: str
    questions: tuple[str, ...]
    valid_from: date | None
    valid_to: date | None
    active: bool

    @property
    def sort_key(self) -> tuple[str, ...]:
        return (self.code,)


def published(statement: Statement) -> KnowledgeEntry:
    return KnowledgeEntry(
        code=statement.code, en=statement.en, es=statement.es, questions=statement.questions
    )


_NUMBER = (
    r"(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundred|thousand|uno?|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|quince|veinte|"
    r"treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|cien(?:to)?|"
    r"(?:dos|tres|quin|ocho)?cientos|mil)"
)
_MONEY = re.compile(
    rf"[$€£¢]|\b(?:usd|mxn)\b|\b{_NUMBER}[\s-]*(?:us\s)?(?:dollars?|bucks?|cents?|grand|dolares|pesos|centavos)\b"
)
_CLOCK = re.compile(
    r"\b\d{1,2}\s?[:h]\s?[0-5]\d\b|\b(?:half|quarter) past\b|\b(?:noon|midnight|mediodia|medianoche)\b"
    rf"|\b{_NUMBER}\s*(?:o'?clock\b|[ap]\.?\s?m\b|in the (?:morning|afternoon|evening)\b)"
    rf"|\blas?\s+{_NUMBER}\s+(?:y\s+(?:media|cuarto)|en punto|de la (?:manana|tarde|noche))\b"
    rf"|\ba\s?las?\s+{_NUMBER}\b(?=\s*(?:$|[.,;:!?)]|o\b|y\b|hasta\b))"
)


def _free_of_figures(value: object) -> str:
    """What binds comes from catalogue and calendar: said twice, it would be true once."""
    said = text(value)
    if len(said) > LONGEST:
        raise Wrong(f"must have at most {LONGEST} characters")
    plain = _plain(said)
    if found := _MONEY.search(plain):
        raise Wrong(f"names money ({found[0].strip()!r}): prices come from the catalogue")
    if found := _CLOCK.search(plain):
        raise Wrong(f"names a time of day ({found[0].strip()!r}): times come from the shop's hours")
    return said


def _plain(said: str) -> str:
    letters = unicodedata.normalize("NFKD", said.replace("\u2019", "'").casefold())
    return "".join(c for c in letters if unicodedata.category(c) not in {"Mn", "Me", "Cf"})


def _statement(value: object) -> str:
    said = _free_of_figures(value)
    if not said:
        raise Wrong("is needed")
    return said


def _questions(value: object) -> tuple[str, ...]:
    return tuple(_free_of_figures(said) for said in lines(value))


def _check(values: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    if len(cast("tuple[str, ...]", values["questions"])) > 50:
        yield "questions", "must be at most 50"
    yield from check_days(values)


KNOWLEDGE_FORMAT = Format(
    {
        "code": code,
        "en": _statement,
        "es": _free_of_figures,
        "questions": _questions,
        "valid_from": day,
        "valid_to": day,
        "active": truth,
    },
    _check,
    unique={"code": same_code},
)
