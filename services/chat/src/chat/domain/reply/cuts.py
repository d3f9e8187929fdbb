"""Shorter sentences out of one that may not be shown as it is: the smallest part is cut first, and what is left is a sentence."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from chat.domain.reply.text import folded, sentences

_JOINT = re.compile(
    r"\s*[;:]\s+|\s+[-\u2013\u2014]+\s+|\s*\((?=[^()]*\))|\)\s*"
    r"|,?\s+(?:but|and|so|because|since|though|although|however|while|which|pero|y|aunque|porque|as\u00ed que|mientras|que)\s+|,\s+",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"(?<![\w'])(?:is|are|was|am|be|has|have|do|does|can|could|will|would|may|might|should|costs?|comes?|takes?|runs?|works?|blocks?|keeps?|covers?|starts?"
    r"|opens?|closes?|hold|need|want|pick|tell|choose|let|thank|understand"
    r"|es|son|esta|estan|hay|tiene|tenemos|puede|podemos|cuesta|cuestan|sale|salen|queda|tarda|toma|lleva|abrimos|cerramos|ofrecemos|hacemos|digame|elija|gracias)(?!\w)"
    r"|(?<=\w)'(?:s|re|m|ve|ll|d)\b"
)
"""Without one of these nothing is told."""
_BEGINS = re.compile(
    r"(?:i|we|you|it|that|this|they|there|our|your|the|usted|le|nosotros|el|la|los|las|su|sus|es|son|hay|tenemos|podemos|puede|cuesta|sale|tarda)(?!\w)|\{"
)
"""A part may stand first, where the one before it is cut."""
_HANGS = re.compile(
    r"(?:if|when|once|since|because|although|though|while|unless|until|only|except|which"
    r"|si|cuando|como|aunque|porque|salvo|excepto|solo|que)(?!\w)"
)
"""Is no sentence by itself."""
_LIMITS = re.compile(
    r"(?:but )?(?:unless|if|only|except|as long as|provided|not|without|a menos|salvo|excepto|si|solo|sin)(?!\w)"
)
"""What limits the rest is not cut off it: the rest would say more."""
_AGREES = re.compile(
    r"\W*(?:yes|yeah|yep|yup|sure|of course|absolutely|definitely|certainly|correct|exactly|right|ok|okay|si|claro|por supuesto|correcto|exacto|asi es)(?!\w)"
)
_DENIES = re.compile(r"(?:\bno\b|\bnot\b|n't|\bnever\b|\bnunca\b|\bsin\b|\bwithout\b)")
_TAG_AND_REST = re.compile(r"^(.*\})([^{}]*\w[^{}]*)$", re.DOTALL)
_FEWEST_WORDS = 3
MOST_PARTS = 8


@dataclass(frozen=True)
class _Part:
    joint: str
    words: str


def cuts(said: str) -> Iterator[str]:
    """A bare yes in front says more of what is left than it did: it goes, too."""
    sentence = sentences(said)[-1] if sentences(said) else ""
    parts = _parts(sentence)
    if len(parts) > MOST_PARTS:
        return
    if parts and _AGREES.match(folded(parts[0].words)):
        parts = parts[1:]
        if not parts or not _BEGINS.match(folded(parts[0].words)):
            return
        yield _sentence([_Part("", parts[0].words), *parts[1:]])
    found = [*_without_some(parts), *_without_the_end(parts)]
    for kept in sorted(found, key=len, reverse=True):
        if _stands(kept):
            yield kept


def _parts(sentence: str) -> list[_Part]:
    found, at, joint = [], 0, ""
    for match in _JOINT.finditer(sentence):
        if words := sentence[at : match.start()].strip():
            found.append(_Part(joint, words))
            joint = match[0]
        at = match.end()
    rest = sentence[at:].strip()
    return [*found, _Part(joint, rest)] if re.search(r"[\w}]", rest) else found


def _without_some(parts: Sequence[_Part]) -> Iterator[str]:
    """Parts that stand side by side: a beginning, an end, or what was put in between. Without another middle a sentence joins what never belonged together."""
    for first, last in combinations(range(len(parts) + 1), 2):
        if first and last < len(parts) and not _is_put_in(parts, first, last):
            continue
        kept = [*parts[:first], *parts[last:]]
        asks = parts[-1].words.endswith("?") and last == len(parts)
        if not kept or asks or (first and _LIMITS.match(folded(parts[first].words))):
            continue
        if first or _BEGINS.match(folded(kept[0].words)):
            yield _sentence(kept)


def _is_put_in(parts: Sequence[_Part], first: int, last: int) -> bool:
    """Between brackets, or between what is told of and what is told of it."""
    before = " ".join(part.words for part in parts[:first])
    return "(" in parts[first].joint or _tells_of(before, parts[last])


def _without_the_end(parts: Sequence[_Part]) -> Iterator[str]:
    """Of the last part: what stands behind its fact."""
    if not parts or not (match := _TAG_AND_REST.match(parts[-1].words)):
        return
    head, end = match[1], folded(match[2]).strip()
    if not (match[2].rstrip().endswith("?") or _DENIES.search(folded(head)) or _LIMITS.match(end)):
        yield _sentence([*parts[:-1], _Part(parts[-1].joint, head)])


def _sentence(parts: Sequence[_Part]) -> str:
    first, *others = parts
    text = first.words
    for part in others:
        joint = ", " if "(" in part.joint or ")" in part.joint else part.joint
        text += f"{' ' if _tells_of(text, part) else joint}{part.words}"
    text = text[0].upper() + text[1:]
    return text if text[-1:] in ".!?" else f"{text}."


def _tells_of(before: str, part: _Part) -> bool:
    """`Ceramic` and `is $399` were one, before what stood between them was cut."""
    return (
        part.joint.strip() == ","
        and not _VERB.search(folded(before))
        and bool(_VERB.match(folded(part.words)))
    )


def _stands(text: str) -> bool:
    plain = folded(re.sub(r"\{[^{}]*\}", " fact ", text))
    told = len(plain.split()) >= _FEWEST_WORDS and _VERB.search(plain) is not None
    return told and not _HANGS.match(plain) and not _AGREES.match(plain)
