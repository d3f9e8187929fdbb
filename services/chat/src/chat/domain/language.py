"""Plain words: which language they are in, and one spelling for what Spanish and English customers say alike."""

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

Language = Literal["en", "es"]

_SPANISH = frozenset(
    [
        "que",
        "cuanto",
        "cuanta",
        "cuantos",
        "cuesta",
        "cuestan",
        "cobran",
        "precio",
        "hola",
        "gracias",
        "por",
        "para",
        "el",
        "la",
        "los",
        "las",
        "un",
        "una",
        "mi",
        "su",
        "quiero",
        "quisiera",
        "puedo",
        "puede",
        "pueden",
        "cita",
        "manana",
        "si",
        "donde",
        "estan",
        "cuando",
        "tienen",
        "hay",
        "con",
        "de",
        "del",
        "favor",
        "necesito",
        "carro",
        "coche",
        "camioneta",
        "buenas",
        "buenos",
        "dias",
        "tardes",
        "noches",
        "es",
        "esta",
        "este",
        "como",
        "ustedes",
        "tengo",
        "hoy",
        "lunes",
        "martes",
        "miercoles",
        "jueves",
        "viernes",
        "sabado",
        "domingo",
        "horario",
        "abierto",
        "abiertos",
        "cambiar",
        "cancelar",
        "persona",
        "hablar",
        "ayuda",
        "ninguna",
        "primera",
        "segunda",
        "tercera",
        "claro",
        "correcto",
        "adelante",
        "todavia",
        "mejor",
        "eres",
        "adios",
        "me",
        "da",
        "dame",
        "polarizado",
        "ceramica",
        "parabrisas",
        "al",
        "se",
        "lo",
        "yo",
        "y",
        "muchas",
        "turno",
        "alguien",
        "en",
        "quien",
        "tiene",
        "dejemelo",
        "dejelo",
        "carbono",
    ]
)
_ENGLISH = frozenset(
    [
        "the",
        "how",
        "much",
        "is",
        "are",
        "what",
        "when",
        "where",
        "do",
        "does",
        "you",
        "your",
        "my",
        "for",
        "and",
        "of",
        "on",
        "at",
        "it",
        "i",
        "a",
        "an",
        "in",
        "can",
        "to",
        "with",
        "have",
        "that",
        "this",
        "please",
        "yes",
        "want",
        "need",
        "would",
        "like",
        "thanks",
        "thank",
        "hello",
        "hi",
        "hey",
        "book",
        "tomorrow",
        "today",
        "price",
        "cost",
        "time",
        "not",
        "be",
        "was",
        "which",
        "who",
        "will",
        "am",
        "tint",
        "car",
        "truck",
        "appointment",
        "cancel",
        "move",
        "morning",
        "afternoon",
        "next",
        "all",
        "any",
        "show",
        "let",
        "think",
        "could",
        "appointments",
    ]
)


def plain(text: str) -> str:
    """Lower case, without accents, straight quotes, single blanks: what every pattern is matched against."""
    straight = text.replace("\u2019", "'").replace("\u2018", "'")
    letters = unicodedata.normalize("NFKD", straight.lower())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


def language_of(text: str) -> Language | None:
    """`None` where the words tell nothing: a number, a name, `ok`."""
    words = re.findall(r"[a-z']+", plain(text))
    spanish = sum(word in _SPANISH for word in words) + bool(re.search(r"[¿¡ñÑ]", text))
    english = sum(word in _ENGLISH for word in words)
    if spanish == english:
        return None
    return "es" if spanish > english else "en"


@lru_cache(maxsize=1024)
def in_english(words: str) -> str:
    """Spanish times, services and vehicles in the English words that are looked for; `words` are plain."""
    for pattern, english in _glossary():
        words = pattern.sub(english, words)
    return " ".join(words.split())


@cache
def _glossary() -> tuple[tuple[re.Pattern[str], str], ...]:
    data = tomllib.loads(files("chat.domain").joinpath("glossary.toml").read_text("utf-8"))
    return tuple((re.compile(rf"\b(?:{spanish})\b"), english) for spanish, english in data["words"])


@cache
def glossary_words() -> frozenset[str]:
    """The Spanish words of the glossary, for putting spelling right."""
    return frozenset(word for pattern, _ in _glossary() for word in re.findall(r"[a-z]{5,}", pattern.pattern))
