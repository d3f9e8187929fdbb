"""What a sentence says without stating it: that something is not known, not offered, or not among what was found.

The words of such a part need no proof, because whatever they name is said to be unknown or refused. The part must be
of a listed form as a whole, so that no promise hides in it: `I can't say if tax is in it`, never `I don't see any tax`.
"""

import re
from dataclasses import dataclass

from chat.domain.receipts import Proof
from chat.domain.speech import claims
from chat.domain.speech.prices import services_said

_END = r"(?=[,;:.!?()\"]|$| - |\b(?:and|but|so|because|since|though|although|while|pero|y|porque|asi|aunque|entonces)\b)"
_SOFTLY = r"(?:(?:really|just|honestly|actually|unfortunately|sadly|also|still|exactly|yet|quite|completely|totally|100%) )*"
_I_CANNOT = rf"(?:i|we) {_SOFTLY}(?:can't|cannot|can not|couldn't|wouldn't|am unable to|'m unable to)|(?:i'm|i am|we're|we are) {_SOFTLY}(?:not able to|unable to)"
_TELL = (
    r"(?:say|tell|tell you|see|confirm|verify|know|check|speak to|answer|look up|guess|promise|promise you|comment on|advise on|advise|compare"
    r"|say for sure|tell you for sure|be sure|find out)"
)
_INFO = r"(?:(?:any|the|that|this|much|more|enough|reliable|specific|exact|good|clear) )*(?:info|information|details?|data|answers?|notes?|idea|word|way (?:of knowing|to (?:know|tell|see|check|confirm|say|look up)))"
_UNKNOWN = (
    rf"(?:i'm |i am |we're )?{_SOFTLY}not {_SOFTLY}(?:sure|certain)(?: yet)?"
    rf"|(?:i|we) {_SOFTLY}(?:don't|do not|wouldn't) {_SOFTLY}know"
    rf"|(?:{_I_CANNOT}) {_SOFTLY}{_TELL}"
    rf"|(?:i|we) {_SOFTLY}(?:have no|don't have|do not have|haven't got|have not got) {_INFO}|no idea"
    r"|(?:yo )?no (?:le |te |lo )?(?:se|sabria|puedo|podria)(?: (?:decir|confirmar|asegurar|ver|saber|orientar|prometer|responder|contestar)(?:le|te|lo)?)?(?: con (?:certeza|seguridad))?"
    r"|no (?:tengo|cuento con|dispongo de|manejo) (?:(?:la|esa|mas|ninguna|mucha) )*(?:informacion|datos|detalles|idea|forma de (?:saber|ver|confirmar)(?:lo)?)|desconozco"
)
_WHETHER = r"(?:exactly |for sure )?(?:whether|if)|si"
_WHICH = (
    r"(?:exactly |for sure )?(?:what|which|when|where|who|how (?:much|long|many|dark|far|often|soon|well|the|that|this|it|they))"
    r"|(?:exactamente )?(?:que(?: tan)?|cual(?:es)?|cuando|donde|cuant[oa]s?|quien(?:es)?|como)"
)
_ABOUT = r"(?:anything |much |more |nada |mucho )?(?:about|regarding|on|as to|sobre|acerca de|respecto a|de)"
_REST = rf"[^,;:.!?()\"]*?{_END}"

_IF = re.compile(rf"(?<![\w'])(?:{_UNKNOWN}) (?P<what>(?:{_WHETHER}) {_REST})")
_WH = re.compile(rf"(?<![\w'])(?:{_UNKNOWN}) (?P<what>(?:{_WHICH}) {_REST})")
_TOPIC_BEHIND = re.compile(rf"(?<![\w'])(?:{_UNKNOWN}) (?P<what>{_ABOUT} {_REST})")
_NO_ANSWER = (
    rf"(?:i|we) {_SOFTLY}(?:don't|do not|can't|cannot|have no|couldn't|wouldn't|have nothing)|i'm {_SOFTLY}not"
    r"|no (?:le |te |lo |la |los |las )?(?:se|puedo|podria|sabria|tengo|cuento|manejo)"
)
_TOPIC_BEFORE = re.compile(
    rf"^\W*(?:perdon,? |disculp[ae],? )?(?P<what>(?:about|as for|regarding|on|for|with|sobre|acerca de|de|con|en cuanto a|respecto a)l? [^,;:.!?]+?),? (?={_NO_ANSWER})"
)
_WH_BEFORE = re.compile(rf"^\W*(?P<what>(?:{_WHICH}) [^,;:.!?]+), (?:that )?(?={_NO_ANSWER})")
_REFUSED = re.compile(
    r"^\W*(?:(?:(?:i'm )?sorry|unfortunately|i'm afraid|lo siento|lamentablemente)[, ]+)?(?P<what>[^,;:.!?]+?) (?:(?:isn't|aren't|is not|are not) (?:a question |a thing )?"
    r"(?:something |anything )?(?:that |this )?(?:i|we)(?:'m able to|'re able to| am able to| can| could| have| know)"
    r"(?: (?:answer|give|offer|do|help with|change|know about|look up|speak to|handle|see|discuss|provide|share|quote|any (?:details|information) (?:on|about)|information (?:on|about)|about))?"
    r"|(?:is|are) (?:something|a question) (?:i|we) (?:don't|can't|do not|cannot)(?: (?:know(?: about)?|answer|have|offer|do|give|see|look up|help with|change|handle))?"
    r"|(?:is|are) (?:a bit |a little )?(?:beyond|outside|past)(?: of)? what (?:i|we) (?:can|know)(?: (?:answer|do|help with|speak to|see))?"
    rf"|(?:isn't|is not|aren't|are not) (?:my (?:thing|area|specialty)|something for me)){_END}"
)
_LOVED_TO = re.compile(
    r"(?<![\w'])(?:i'd|i would|i wish i could|me encantaria|me gustaria) (?:love to |like to |gladly )?(?:help(?: you)?(?: out)? (?:with|on)|ayudar(?:te|le)? con) "
    r"(?P<what>(?:the|a|an|that|this|el|la|un|una) (?!free|gratis|discount|refund)[a-z ]+?)(?=,? (?:but|pero)\b)"
)
"""A wish that `but` turns into a refusal."""
_NOT_SOLD = re.compile(
    r"^\W*(?:(?:sorry|unfortunately|lo siento)[, ]+)?(?P<what>[^,;:.!?]+?) (?:(?:isn't|aren't|is not|are not) (?:on|in|among|part of|one of) "
    rf"(?:our|my|the) (?:list|catalog|menu|services|service list|list of services)|no (?:esta|estan|aparece|aparecen) en (?:la lista|el catalogo|nuestros servicios|el menu)){_END}"
)
_NOT_NAMED = re.compile(
    rf"(?<![\w'])(?:there's no|there isn't (?:a|any)|there is no|(?:i|we) {_SOFTLY}(?:don't|do not|can't) see (?:a|any)|no veo(?: ninguna)?|no aparece(?: ninguna)?) "
    rf"(?P<what>warranty|lifetime warranty)(?: (?:noted|listed|mentioned|shown|on file|indicada|anotada))? (?:for|on|with|para|en|con)(?: the| el de| la de| el| la)? [\w ]+?{_END}"
)

_DEFINITE = re.compile(
    rf"\b(?:your|the|our|su|tu|el|la|his|her|their) (?:\w+ )?(?:(?!ley|law|legal){claims.TERMS.pattern}|discounts?|deal|gift|descuento)"
)
_SUBJECT = re.compile(
    r"\b(?:i|we|they|you|it|he|she)(?:'\w+)? \w|\b(?:is|are|was|will|has|have|es|son|esta|incluye|va|tiene)\b"
)
_STRIKING = re.compile(r"\b(?:discount|descuento|free|gratis|waive\w*|refund\w*|reembols\w+)\b")


@dataclass(frozen=True)
class Unstated:
    """`anything`: the words may name days and times, too, as in `I can't say if Thursday is open`."""

    span: tuple[int, int]
    anything: bool


def unstated(text: str, proof: Proof) -> list[Unstated]:
    """Parts of the folded sentence that state nothing, in order, none overlapping another."""
    found = [Unstated(m.span(), anything=True) for m in _IF.finditer(text)]
    found += [
        Unstated(m.span(), anything=False)
        for m in _WH.finditer(text)
        if _takes_nothing_for_granted(m["what"])
    ]
    found += [
        Unstated(m.span(), anything=False)
        for m in _WH_BEFORE.finditer(text)
        if _takes_nothing_for_granted(m["what"])
    ]
    for pattern in (_TOPIC_BEHIND, _TOPIC_BEFORE, _REFUSED, _LOVED_TO):
        found += [Unstated(m.span(), anything=False) for m in pattern.finditer(text) if _is_topic(m["what"])]
    found += [
        Unstated(m.span(), anything=False) for m in _NOT_SOLD.finditer(text) if _is_not_sold(m["what"], proof)
    ]
    found += [
        Unstated(m.span(), anything=False) for m in _NOT_NAMED.finditer(text) if _has_no_warranty(m[0], proof)
    ]
    return _apart(found)


def _apart(found: list[Unstated]) -> list[Unstated]:
    kept: list[Unstated] = []
    for part in sorted(found, key=lambda p: (p.span[0], -p.span[1])):
        if not kept or part.span[0] >= kept[-1].span[1]:
            kept.append(part)
    return kept


def _takes_nothing_for_granted(what: str) -> bool:
    """`When your refund arrives` tells that there is one."""
    return not (_DEFINITE.search(what) or _STRIKING.search(what))


def _is_topic(what: str) -> bool:
    """A thing alone, without anything said of it; a question about a thing is one as well."""
    if re.match(rf"(?:whether|if) |(?:about|sobre|de|on) (?:whether|{_WHICH}) ", what):
        return _takes_nothing_for_granted(what)
    return not (_DEFINITE.search(what) or _SUBJECT.search(what))


def _is_not_sold(what: str, proof: Proof) -> bool:
    """A thing of another name than all that the shop sells."""
    other = any(
        word not in proof.words | claims.ENGLISH | claims.SPANISH for word in re.findall(r"[a-z]+", what)
    )
    return bool(proof.services) and other and not services_said(what, proof) and not _SUBJECT.search(what)


def _has_no_warranty(said: str, proof: Proof) -> bool:
    """Of a listed service whose description knows none."""
    named = {name for _, name in services_said(said, proof)}
    return bool(named) and all("warrant" not in proof.descriptions.get(name, "warrant") for name in named)
