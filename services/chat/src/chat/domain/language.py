"""Plain words: which language they are in, and one spelling for what Spanish and English customers say alike."""

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import Literal

from py3langid.langid import MODEL_FILE, LanguageIdentifier
from shared.understanding.opt_out import spanish_chance

Language = Literal["en", "es"]

SURE = 0.9
"""Of the fitted chance that words are Spanish; between it and its contrary they tell nothing."""

LEANING = 0.55
"""As `SURE`, for a customer's first words."""

_SPANISH_SIGNS = re.compile(r"[¿¡ñáéíóú]", re.IGNORECASE)

_NUMBER = re.compile(r"\+?\d(?:[\d\s().:/-]*\d)?")
"""Of no language."""

_WORD = re.compile(r"[^\W\d_]+")
FEWEST_TO_CHANGE = 2
FOREIGN = 0.97
FEWEST_WORDS = 3
"""Of an alphabet that we share, to be called another language: `combien` alone may be a typo."""
LANGUAGES = (
    "en",
    "es",
    "fr",
    "de",
    "pt",
    "it",
    "pl",
    "ru",
    "uk",
    "tl",
    "vi",
    "ht",
    "zh",
    "ko",
    "ja",
    "ar",
    "fa",
    "hi",
)
"""That are spoken in the United States."""


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Lower case, without accents, straight quotes, single blanks: what every pattern is matched against."""
    straight = text.replace("\u2019", "'").replace("\u2018", "'")
    letters = unicodedata.normalize("NFKD", straight.lower())
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())


@lru_cache(maxsize=1024)
def language_of(text: str, sure: float = SURE) -> Language | None:
    """`None` where the words tell nothing: a number, a name, `ok`. `sure`: less will do where nothing was decided before."""
    if not re.search(r"[^\W\d_]", text) or is_foreign(text):
        return None
    chance = spanish_chance(_NUMBER.sub(" ", text))
    written = bool(_SPANISH_SIGNS.search(text))
    return "es" if chance >= (0.5 if written else sure) else "en" if chance <= 1 - sure else None


def heard_language(text: str, *, first: bool) -> Language | None:
    """Of a customer's message. A word or two make no conversation English: Spanish speakers say `wed` or `ok, thanks`, too."""
    found = language_of(text, LEANING if first else SURE)
    few = len(_WORD.findall(text)) <= FEWEST_TO_CHANGE
    return None if found == "en" and few and not first else found


@lru_cache(maxsize=1024)
def is_foreign(text: str) -> bool:
    """Surely neither English nor Spanish."""
    letters = [c for c in text if c.isalpha()]
    if not letters:
        return False
    latin = sum(unicodedata.name(c, "").startswith("LATIN") for c in letters)
    if latin < len(letters) / 2:
        return True
    if len(text.split()) < FEWEST_WORDS:
        return False
    language, chance = _identifier().classify(text)
    return language not in {"en", "es"} and chance >= FOREIGN


@cache
def _identifier() -> LanguageIdentifier:
    """Of the process; its weights take some seconds to load."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


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
    """The Spanish words of the glossary that are whole there, for putting spelling right."""
    whole = r"[a-z]{5,}(?![a-z\\\[])"
    return frozenset(word for pattern, _ in _glossary() for word in re.findall(whole, pattern.pattern))
