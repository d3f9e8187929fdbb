"""A model's text as it may be shown and as it is read: what is checked is what is shown."""

import re
import unicodedata
from functools import lru_cache

from text_to_num import alpha2digit

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+|\n+")
_GOES_ON = re.compile(
    r"(?:\b(?:a\.m|p\.m|\d+ [ap]|[ap]\. m|mr|mrs|dr|st|ave|blvd|no|approx|vs|etc|e\.g|i\.e|sr|sra)|(?:^|\n)\s*\d{1,2})\.$",
    re.IGNORECASE,
)
"""An abbreviation, or the number of a list's line."""

_MARKUP = re.compile(r"</?[A-Za-z][^>]{0,40}>|\*+|~~+|`+|(?<!\w)_+|_+(?!\w)|^\s*#+\s+|\|")
_LIST_NUMBER = re.compile(r"^\s*\d{1,2}[.)]\s+")
_INVISIBLE = {"Cf", "Mn", "Me", "Co", "Cs", "Cn", "So"}
_LAST_READABLE_LETTER = 0x17F
"""The end of Latin Extended-A: English, Spanish and European names. Look-alikes live beyond it."""
_LETTER_SYMBOLS = range(0x1F100, 0x1F200)

_PUNCTUATION = str.maketrans(
    {
        0x2019: "'",
        0x2018: "'",
        0x201C: '"',
        0x201D: '"',
        0x2011: "-",
        0x2013: "-",
        0x2014: "-",
        0x2212: "-",
        0xA0: " ",
    }
)
_SPELLED = re.compile(r"(?:(?<![\w'])[a-z](?![\w'])[\s.'_-]+){3,}(?<!\w)[a-z](?!\w)")
_BROKEN = re.compile(r"[a-z]-\s+[a-z]")
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])")

_SMALL = {
    "zero": 0,
    "cero": 0,
    "one": 1,
    "un": 1,
    "una": 1,
    "uno": 1,
    "two": 2,
    "dos": 2,
    "three": 3,
    "tres": 3,
}
_UNIT = (
    r"dollars?|dolar(?:es)?|bucks?|cents?|centavos?|euros?|pesos?|grand|hundred|thousand|hours?|hrs?|minutes?|mins?|days?"
    r"|weeks?|months?|years?|horas?|minutos?|dias?|semanas?|mes(?:es)?|anos?|percent|%|am|pm|a\.m|p\.m|o'clock|en punto"
)
_SMALL_WITH_UNIT = re.compile(
    rf"\b(zero|cero|one|uno)\b(?=\s+(?:{_UNIT})\b)|\b(one)\b(?=\s+and a half\b)|\b(una)\b(?= hora y\b)"
)
"""`Un` and `una` are articles, as `a` is: what is said of a day or a dollar is read as that."""
_SMALL_HOUR = re.compile(
    r"(?<=\blas )(dos|tres)\b|(?<=\bla )una\b(?=\s*(?:y|menos|de la|en punto|[.,;!?]|$))|(?<=\bat )(one)\b|(?<=\bpast )(one)\b"
)
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_FIRSTS = {"first": "1st", "second": "2nd", "third": "3rd"}
_FIRST_OF_MONTH = re.compile(rf"\b(first|second|third)(?= of {_MONTH}\b)")
_MONTH_FIRST = re.compile(rf"\b({_MONTH} (?:the )?)(first|second|third)\b")
_TWO_OR_THREE = re.compile(r"\b(two|three|dos|tres)\b")
_ONCE = re.compile(r"\bonce\b(?! (?:dolares|horas|dias|minutos|de (?:la|noviembre|diciembre)))")
_ONCE_HOUR = re.compile(r"(?<=\blas )once\b")
_SOME = re.compile(r"\bun[oa]s\b")
"""`Unas dos horas` are two, not one and two."""
_KEPT, _KEPT_SOME = "\x00", "\x01"


def sentences(text: str) -> list[str]:
    """Whole sentences, in order; joining them with spaces reads as the text did."""
    pieces: list[str] = []
    for piece in _SENTENCE_END.split(text):
        if pieces and _GOES_ON.search(pieces[-1]):
            pieces[-1] += f" {piece}"
        elif piece.strip():
            pieces.append(piece.strip())
    return pieces


def cleaned(sentence: str) -> str:
    """The sentence as it may be shown: plain letters, no marks, nothing invisible, no pictures."""
    composed = unicodedata.normalize("NFKC", sentence)
    visible = "".join(
        c for c in composed if unicodedata.category(c) not in _INVISIBLE or ord(c) in _LETTER_SYMBOLS
    )
    plain = _MARKUP.sub("", _LIST_NUMBER.sub("- ", visible))
    return re.sub(r"[ \t]+", " ", plain).strip()


def unreadable(sentence: str) -> bool:
    """Letters or figures that look like others, or words taken apart: nobody can check them."""
    for character in sentence:
        if ord(character) in _LETTER_SYMBOLS:
            return True
        if ord(character) > _LAST_READABLE_LETTER and (character.isalpha() or character.isnumeric()):
            return True
    lowered = sentence.lower()
    return bool(_SPELLED.search(lowered) or _BROKEN.search(lowered))


@lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """For reading: small letters without accents, numbers in figures whether English or Spanish."""
    lowered = unicodedata.normalize("NFD", text.translate(_PUNCTUATION).lower())
    plain = "".join(c for c in lowered if not unicodedata.combining(c)).replace("¿", " ").replace("¡", " ")
    plain = re.sub(r"\b([ap])\. m\b", r"\1.m", plain)
    return _in_figures(re.sub(r"\s+", " ", _HYPHEN.sub(" ", plain)))


def _in_figures(text: str) -> str:
    """`Once` is a word in English and eleven in Spanish; `one` and `una` are numbers only with a unit."""
    text = text.replace("veintiun ", "veintiuno ")
    text = _SMALL_HOUR.sub(lambda m: str(_SMALL[m[0]]), text)
    text = _SMALL_WITH_UNIT.sub(lambda m: str(_SMALL[m[0]]), text)
    text = _ONCE_HOUR.sub("11", text)
    text = _ONCE.sub(_KEPT, text).replace("y cuarto", "y 15").replace("menos cuarto", "menos 15")
    text = _FIRST_OF_MONTH.sub(lambda m: _FIRSTS[m[1]], text)
    text = _MONTH_FIRST.sub(lambda m: m[1] + _FIRSTS[m[2]], text)
    text = _SOME.sub(_KEPT_SOME, text)
    text = alpha2digit(alpha2digit(text, "en"), "es").replace(_KEPT, "once").replace(_KEPT_SOME, "unas")
    return _TWO_OR_THREE.sub(lambda m: str(_SMALL[m[0]]), text)
