"""Regular forms of everyday verbs, so that the vocabulary lists each verb once.

A form too many (`goed`) allows nothing: it is a word that nobody says. What forms may claim is the grammar's matter.
"""

from collections.abc import Iterator

_VOWELS = "aeiou"
_CLITICS = (
    "",
    "me",
    "te",
    "se",
    "lo",
    "la",
    "le",
    "los",
    "las",
    "les",
    "nos",
    "selo",
    "sela",
    "telo",
    "tela",
    "melo",
)


def english(base: str) -> Iterator[str]:
    """`check`: checks, checked, checking."""
    yield base
    if base.endswith("e"):
        yield from (f"{base}s", f"{base}d", f"{base[:-1]}ing")
    elif base.endswith("y") and base[-2] not in _VOWELS:
        yield from (f"{base[:-1]}ies", f"{base[:-1]}ied", f"{base}ing")
    else:
        yield f"{base}es" if base.endswith(("s", "sh", "ch", "x", "z", "o")) else f"{base}s"
        yield from (f"{stem}{end}" for stem in (base, base + base[-1]) for end in ("ed", "ing"))


def spanish(infinitive: str) -> Iterator[str]:
    """`revisar`: the infinitive, command and gerund with their pronouns, present and conditional; folded."""
    stem, first = infinitive[:-2], infinitive.endswith("ar")
    present = ("o", "as", "a", "amos", "an") if first else ("o", "es", "e", "emos", "imos", "en")
    wished = ("e", "es", "emos", "en") if first else ("a", "as", "amos", "an")
    gerund = f"{stem}ando" if first else f"{stem}iendo"
    for end in (*present, *wished):
        yield f"{stem}{end}"
    for wish in _spelled_wishes(stem):
        yield from (f"{wish}{end}" for end in ("e", "es", "emos", "en"))
    commands = (f"{stem}{end}" for end in ("a", "e"))
    for host in (infinitive, gerund, *commands, *(f"{w}e" for w in _spelled_wishes(stem))):
        yield from (f"{host}{clitic}" for clitic in _CLITICS)
    yield from (f"{infinitive}{end}" for end in ("ia", "ias", "iamos", "ian"))


def _spelled_wishes(stem: str) -> Iterator[str]:
    """`busque`, `llegue`, `empiece`: the sound stays, the letter changes."""
    for end, changed in (("c", "qu"), ("g", "gu"), ("z", "c")):
        if stem.endswith(end):
            yield f"{stem[:-1]}{changed}"
