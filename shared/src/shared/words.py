"""Which words of strangers may stand among ours: names as people write them, wishes in the words of a catalogue, no links."""

import re
import unicodedata
from collections.abc import Collection, Iterable

LONGEST_NAME = 60
LONGEST_FIRST_NAME = 30
MOST_NAMES = 7
"""`Ana María de la Cruz García López`; more are a sentence."""
LONGEST_WISH = 60

_NAME = re.compile(r"'?(?:LM{0,4})+(?:[-'\u00b7](?:LM{0,4})+)*[.,]?|(?:L\.){1,4}L?,?")
"""One word of a name, with L for a letter and M for its marks. A dot ends a word or an initial, so that no domain is a name."""
_LOOK_ALIKE = str.maketrans("\u2018\u2019\u02bc\u0060\u00b4\u2010\u2011\u30fb", "'''''--\u00b7")
_SENTENCE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]{13,}")
"""Of a script that puts no spaces between words."""
MOST_DIGITS = 4
"""`Robin 42` is a name; a number to call is none."""
_NUMBERED = re.compile(r"(?<!\S)([^\W\d_]*)\d[^\W_]*(?!\S)")
"""A word of letters and digits, and the letters that it begins with."""
_WISH = re.compile(r"[\w\s,&+/'\u2019()-]+")
_SMALL_WORDS = frozenset(
    "a an and con de del el en for full in la las los my mi of on para the to un una with y your".split()  # noqa: SIM905
)
_ENDINGS = ("", "s", "es", "ed", "ing")
_SCHEME = re.compile(
    r"\b[a-z][a-z0-9+.-]{0,20}://+|\b(?:https?|mailto|tel|sms|data|javascript):|\bwww\.", re.IGNORECASE
)
_DOT_IN_A_HOST = re.compile(
    r"(?<=\w)[.\u3002\uff0e\uff61](?=[^\W\d_]{2})|(?<=\d)\.(?=\d+\.\d)|(?<=\.\d)\.(?=\d)"
)


def person_name(written: str) -> str:
    """As written, but without long numbers; empty when it is not what people write as their name."""
    name = visible(unicodedata.normalize("NFKC", written))
    if sum(c.isdecimal() for c in name) > MOST_DIGITS:
        name = _NUMBERED.sub(r"\1", name)
    words = name.split()
    name = " ".join(words)
    whole = len(name) <= LONGEST_NAME and len(words) <= MOST_NAMES and not _SENTENCE.search(name)
    return name if whole and all(_is_of_a_name(word) for word in words) else ""


def first_name(name: str) -> str | None:
    """Its first word; `None`: the name is missing or is not one."""
    words = person_name(name).split()
    first = next((word.rstrip(",") for word in words if not word.isdecimal()), None)
    return first if first and len(first) <= LONGEST_FIRST_NAME else None


def vocabulary(wordings: Iterable[str]) -> frozenset[str]:
    """The words of a catalogue, as `in_words_of` looks them up; figures alone are none."""
    return frozenset(w for wording in wordings for w in _plain(wording) if not w.isdigit())


def in_words_of(words: Collection[str], written: str | None) -> str | None:
    """The wish as written when it is short and all its words are the catalogue's; of other words nothing is said."""
    wish = " ".join(visible(written or "").split())
    said = _plain(wish)
    small = [word for word in said if word in _SMALL_WORDS]
    ours = [word for word in said if word not in _SMALL_WORDS and _is_one_of(word, words)]
    usable = bool(ours) and len(ours) + len(small) == len(said) and len(wish) <= LONGEST_WISH
    return wish if usable and _WISH.fullmatch(wish) else None


def unlinked(text: str) -> str:
    """What somebody typed, so that no program makes a link of it: `evil[.]example/promo`."""
    return _DOT_IN_A_HOST.sub("[.]", _SCHEME.sub("", text))


def _is_of_a_name(word: str) -> bool:
    return bool(_NUMBERED.fullmatch(word) or _NAME.fullmatch(_shape(word.translate(_LOOK_ALIKE))))


def _is_one_of(word: str, words: Collection[str]) -> bool:
    return any(word.endswith(end) and word[: len(word) - len(end)] in words for end in _ENDINGS)


def _plain(text: str) -> list[str]:
    bare = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"[^\W_]+", bare.casefold())


def _shape(word: str) -> str:
    return "".join({"L": "L", "M": "M"}.get(unicodedata.category(c)[0], c) for c in word)


def visible(text: str) -> str:
    """Without characters that are not seen: bidi marks, zero widths, controls; line breaks are spaces."""
    spaced = re.sub(r"[\s\x00-\x1f\x7f]+", " ", text)
    return "".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
