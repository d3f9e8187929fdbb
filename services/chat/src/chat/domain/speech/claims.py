"""What words may promise: deeds, terms, services and bargains, in English and Spanish, as patterns over folded text."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Claim:
    """`deed`: the promise a receipt must hold; `None` where no tool can make it true."""

    deed: str | None
    pattern: re.Pattern[str]


def _claim(deed: str | None, *patterns: str) -> Claim:
    return Claim(deed, re.compile("|".join(f"(?:{p})" for p in patterns)))


_SOMEBODY = r"(?:the |our |a |my |al |a la |el |la |a nuestr[oa] )?(?:team|staff|shop|manager|person|owner|technician|tech|installer|colleague|someone|them|guys|equipo|gerente|encargad[oa]|taller|persona|dueno)"
_CONTACT = (
    r"(?:call|contact|reach out|text|e ?mail|get back|follow up|join|step in|be in touch|message|write|ping|ring|respond|reply|take over"
    r"|answer you|meet|have (?:it|everything|your \w+) ready|assist you|take it from here)"
)
_CONTACT_ES = r"(?:llam|contest|contact|escrib|respond|atend|envi|mand|avis|comunic|marc)"

CLAIMS: tuple[Claim, ...] = (
    _claim(
        "booked",
        r"\b(?:pre ?)?booked\b",
        r"\bscheduled\b",
        r"\bconfirmed\b",
        r"\ball set\b",
        r"\byou(?:'re| are) (?:now |all )?(?:set|in|on the (?:calendar|schedule|books))\b",
        r"\byou(?:'re| are) (?:now )?(?:on|for|in for) (?:mon|tues|wednes|thurs|fri|satur|sun|tomorrow|today|the \d)",
        r"\bset (?:you )?up for\b",
        r"\block(?:ed|ing) (?:it |that |you )?in\b",
        r"\bsee you\b",
        r"\bexpect(?:ing)? (?:you|your (?:car|vehicle))\b",
        r"\b(?:got|put|have|had|get|pencil+ed|squeezed|marked|slotted|fit|signed|added) you (?:down|in|for|on|up)\b",
        r"\b(?:slot|spot|time|place|appointment|it|that)(?: is|'s)(?: now)? (?:all )?yours\b",
        r"\bit'?s a date\b",
        r"\bgood to go\b",
        r"\byou(?: now)? have an? (?:appointment|booking|reservation)\b",
        r"\b(?:made|placed|completed|finali[sz]ed) (?:the|a|your|an|that) (?:reservation|appointment|booking)\b",
        r"\bsecured\b",
        r"(?<!choice )(?<!decision )\b(?:is|are|es|son) (?:now )?(?:yours|suy[oa]s?|tuy[oa]s?)\b|\byou(?: now| still)? have (?:the|your)\b|\bdown for\b|\bcounting on you\b",
        r"^(?:just |so |please )*(?:come|visit|bring|show|stop|drop|swing|venga|pase|visite|traiga)\b",
        r"\b(?:in|on) the (?:calendar|schedule|system|diary)\b|\ben (?:la agenda|el calendario|el sistema)\b|\bqueda(?:mos|n)? (?:para|el|en)\b(?! ?\$?\d)",
        r"\b(?:are|is|'s|all) (?:arranged|settled|prepared|organized)\b|\b(?:is|are) saved\b",
        r"\b(?:[ap]m|day|\d)\b,? (?:the \w+,? )?it is\b",
        r"\b(?:are|'re|is|be|'ll be|waiting) ready for you\b|\bshow up\b|\byour name on\b|\bthank(?:s| you) for (?:booking|scheduling|reserving)\b|\bknows? (?:you're|you are|about your|that you)\b",
        r"\b(?:get|receive|have) (?:a|your|the) confirmation\b|\b[lt]e confirmo\b|\b(?:su|tu) (?:turno|cita|lugar|reserva) ya\b(?! (?:esta|fue|quedo) cancelad)|\bya esta\b\W*$",
        r"\bconsider it (?:done|yours)\b",
        r"\btaken care of\b|\bwent through\b",
        r"^(?:all )?(?:booked|set)\b|\b(?:it'?s|all|that'?s) (?:arranged|settled|sorted)\b",
        r"\bon the (?:books|calendar|schedule)\b",
        r"\blooking forward to (?:see|seeing|your visit)\b",
        r"\b(?:appointment|booking|reservation)(?: number)?(?: is|'s|:)(?: now)?(?: all)? (?:set|made|ready|in place|on)\b",
        r"\bagend(?:ad[oa]|e|o|amos)\b|\breservad[oa]\b|\bconfirmad[oa]\b|\bprogramad[oa]\b|\bmarcad[oa]\b",
        r"\b(?:le|te|lo|la|ya|he) (?:reserve|confirme|programe|anote|registre|apunte)\b",
        r"\b(?:ya )?(?:tiene|tienes) (?:una|su|tu) (?:cita|reserva|turno)\b",
        r"\bnos vemos\b|\b(?:lo|la|le|te|los) esper(?:amos|o|aremos)\b|\bl[eoa] veremos\b",
        r"\b(?:quedo|queda|esta) (?:listo|lista|hecho|hecha|todo|apuntad[oa]|anotad[oa])\b|\btodo listo\b",
        r"\b(?:cita|reserva|turno|lugar) (?:es|esta|quedo|queda) (?:list[oa]|hech[oa]|suy[oa])\b",
    ),
    _claim(
        "done",
        r"^(?:all )?done\b|\b(?:it'?s|all|that'?s) done\b",
        r"^(?:y )?(?:listo|hecho)\b",
    ),
    _claim(
        "appointment",
        r"\b(?:your|su|tu|the shop has your)(?: \w+){0,3}? (?:appointment|booking|reservation|visit|cita|reserva|turno)\b(?!s? (?:number )?(?:can|could|would|may|puede))",
        r"\b(?:your|su|tu) (?:time|slot|spot|place|horario|lugar) (?:is|es)\b",
    ),
    _claim(
        "held",
        r"\breserved\b",
        r"\bholding\b",
        r"\bheld\b",
        r"\bset aside\b",
        r"\bsaved (?:you|your|the|that|it)\b|\bsaving (?:you|your|the|that|it)\b",
        r"\bon hold for\b",
        r"\b(?:le|te|lo|ya|he) (?:aparte|guarde|separe)\b|\bapartad[oa]\b|\bapartando\b|\bguardad[oa]\b|\bseparad[oa]\b",
    ),
    _claim(
        "moved",
        r"\bmoved\b",
        r"\bre ?scheduled\b",
        r"\b(?:changed|switched|pushed|swapped|shifted) (?:it|your|the|you|to)\b",
        r"\b(?:was|been|is) (?:changed|switched|updated)\b",
        r"\bnew (?:time|appointment|date|slot) is\b",
        r"\bcambi(?:e|o|ado|ada|amos)\b|\bmovi(?:do|da|mos)?\b|\bre ?agend\w+|\breprogram(?:e|o|ad[oa])\b|\bse movio\b",
        r"\bnueva? (?:cita|hora|fecha|horario) es\b",
    ),
    _claim(
        "cancelled",
        r"\bcancell?ed\b",
        r"\bcalled off\b",
        r"\b(?:appointment|booking) is (?:off|gone)\b",
        r"\bcancelad[oa]\b|\bcancele\b|\bcancelo\b|\banulad[oa]\b|\banule\b",
    ),
    _claim(
        "handed_off",
        rf"\b(?:will|'ll|going to|gonna|about to|is to|can expect) (?:\w+ ){{0,2}}{_CONTACT}\b",
        rf"\b(?:notified|alerted|told|informed|messaged|asked|pinged|contacted|flagged|let|looped in|reached out to|spoke (?:to|with)|talked (?:to|with)|checked with) {_SOMEBODY}\b",
        r"\bsent (?:this|your \w+) (?:over )?to (?:the|our) (?:team|shop)\b|\b(?:esta|queda) con (?:el|nuestro) equipo\b|\b(?:is|it's|are) (?:now )?with (?:the |our |a )?(?:team|staff|crew|people|shop|person|colleague)\b|\b(?:esta|queda) (?:ya )?con (?:nuestr[oa]|el|la|una) (?:equipo|personal|taller|gente|persona)\b",
        r"\b(?:been|was|is) (?:passed|handed|sent|given) (?:on|over|along|to (?:the|our|a))\b",
        r"\bpass(?:ed|ing)? (?:this|it|that|your|these) (?:\w+ ){0,3}(?:on|along|to)\b",
        r"\b(?:transferr?(?:ed|ing)?|connect(?:ed|ing) you|hand(?:ed|ing) (?:you|this|it|your (?:conversation|request|question|message|chat))|escalat(?:ed|ing))\b",
        r"\b(?:someone|somebody|a person|the shop|the team|our team|they|the manager|a manager|a colleague|alguien|una persona|el taller|el gerente)(?: \w+)? (?:will|'ll|is going to|are going to|va a|said|says|knows?|has (?:been|your|the)|agreed|dijo|sabe)\b",
        r"\b(?:will|'ll) be (?:called|contacted|told|informed|answered|helped)\b|\bcalled back\b",
        r"\bhear (?:back )?from\b(?! you\b)|(?<!for getting )\bin touch\b",
        rf"\b(?:get|getting|got|grab|find|bring|bringing|fetch)(?:ting|ing)? {_SOMEBODY}\b|\b(?:was|(?<!you )were|been|is being|are being) (?:informed|told|notified|asked)\b|\bpase (?:su|tu|el|la)\b|\ble atiende\b",
        r"\bexpect an? (?:call|text|message|e ?mail|reply)\b",
        r"\b(?:is|are) on (?:it|the case|the way|their way)\b",
        rf"\b(?:avise|avisado|notifique|informe|pregunte|consulte)\b(?: ya)?(?: {_SOMEBODY})?",
        rf"\b(?:le|lo|la|te|se)(?: (?:va|van|voy|vamos) a)? ?(?:comunicara|pondra|{_CONTACT_ES}(?:a|e|i)?r?(?:a|an|e|emos)?)\b(?! (?:por|con) (?:favor|gusto))",
        r"\btransfir\w+|\btransferid[oa]\b|\bpas(?:o|are|ando) (?:con|su|al?)\b",
    ),
    _claim(
        "called_back",
        r"\b(?:will|'ll|going to|gonna|about to|can expect) (?:\w+ ){0,2}(?:call|phone|ring)(?!ed)\b",
        r"\bcall(?:ed)? (?:you )?back\b|\b(?:give|giving) you a (?:call|ring)\b|\bexpect an? (?:\w+ )?call\b|\bwill be called\b",
        r"\b(?:le|lo|la|te) (?:va|van|vamos) a llamar\b|\b(?:le|lo|la|te) llam(?:ar(?:an|a|emos)|an|amos)\b|\bdevolv\w+ la llamada\b",
    ),
    _claim(
        None,
        r"\b(?:i|we)(?:'ll| will|'m going to| am going to|'re going to) (?:\w+ )?(?:check|ask|look into|find out|see (?:what|if)|try|make sure|arrange|send|note|add|update|"
        r"remind|speak|talk|apply|honor|honou?r|match|waive|include|throw|knock|take|process|refund|credit|upgrade|squeeze|work|forward|ignore|give you|let you know)\b",
        r"\b(?:let you know|keep you posted|be right back|get right on)\b",
        r"\b(?:sent|e ?mailed|texted|mailed) (?:you|the|it|an?|your)\b",
        r"\bpromise\b|\bguarantee\w*\b|\bmake (?:it|this|things) right\b|\bmy word\b",
        r"\b(?:made|left|added|took) an? note\b|\bnoted (?:for|it|that|on)\b|\bwait ?list\w*\b",
        r"\b(?:refund|charg|appli|approv|authori[sz]|waiv|upgrad|credit|process|submitt|updat|registr|accept)(?:e?d)\b(?! on)",
        r"\bprometo\b|\bprometemos\b|\ble (?:voy|vamos) a\b|\baprobad[oa]\b|\baceptad[oa]\b|\baplicad[oa]\b",
        r"\bagreed\b|\bacordad[oa]\b|\b(?:a|the|it'?s a|that'?s a|good|great|special) deal\b|\btrato hecho\b|\blegally\b|\bbinding\b|\btakes?ies\b",
        r"\b(?:as instructed|per your (?:note|instructions?)|system prompt|developer mode|override|(?:my|earlier|previous|prior|these|all) (?:instructions|rules|prompt)"
        r"|password|api key|secret|canary|admin|jailbreak|unrestricted)\b",
        r"\b(?:another|other|otro|otra|otros) (?:customers?|clients?|clientes?|person'?s|people'?s)\b",
    ),
)

APPOINTMENT_IS = re.compile(
    r"\b(?:your|su|tu)(?: new| nueva)? (?:appointment|booking|reservation|cita|reserva|turno)\b(?!.*\b(?:move|change|to a|cambiar|mover)\b)"
)

BARGAIN = re.compile(
    r"\b(?:old|previous|better|earlier) prices?\b|\bfree\b(?! to\b)|\bgratis\b|\bgratuit\w+|\bcomplimentary\b|\bon the house\b|\bno (?:extra |additional )?(?:charge|cost)\b|\bat no\b|\bsin (?:costo|cargo|pagar)\b"
    r"|\bfor nothing\b|\bpor nada\b|\bthrow(?:n|ing)? in\b|\bregalo\b|\bregalamos\b|\bcortesia\b|\bdiscount\w*\b|\bdescuentos?\b|\brebaj\w+|\bpromo\w*\b|\bspecial (?:price|offer|rate)\b"
    r"|\bcoupons?\b|\bcupon\w*\b|\bvouchers?\b|\bthe code\b|\bhalf (?:off|price|the price|of that)\b|\bmitad\b|(?<!\bdrop )(?<!\bdrop it )(?<!\bdropping )(?<!\bdropping it )(?<!\bcar )(?<!\bcivic )(?<!\btime )\boff\b|\bcheap\w*\b|\bafford\w*\b|\binexpensive\b|\bbarat\w+|\beconomic\w*"
    r"|\bsav(?:e|es|ings?) (?:you|money|on|up)\b|\byou(?:'ll| will)? save\b|\bahorr\w+|\bmatch\w* (?:the|that|any|their|your|other)\b|\bbeat\b|\blower\b|\bless than\b|\bworth\b|\bbest price\b|\bwaive\w*\b"
    r"|\b(?:normally|usually|regular(?:ly)?|(?<!quote )was|instead of|reduced|marked down|antes|normalmente)\b[^.]*\$"
    r"|\bprice match\b|\bgifts?\b|\b(?:costs?|pay|pays|cuesta|paga|for) (?:you )?(?:nothing|nada)\b|\b(?:good|great|nice|fair|low(?:est)?) prices?\b|\bbuen precio\b|\bprecio de amigo\b|\b(?:same|double|twice|triple|half) (?:the )?(?:price|cost|as)\b|\bdouble\b(?! ?check)|\btwice\b|\btriple\b|\bdoble\b|\bbonus\b|\bextra charge\b|(?<!\band a )\bhalf\b|\bunder budget\b"
    r"|\bbetter (?:price|rate|deal)\b|\bour (?:treat|cuenta)\b|\bonly pay\b|\blittle (?:extra|something)\b|\bextra\b|\b(?:mention|show) this chat\b|\blose on\b|\bsale menos\b|\bcover the\b|\bcorre por\b"
    r"|\bworks? for me\b.*\bprice\b|\bknock\b|\bcut you\b|\bround(?:ed)? (?:it )?(?:down|up|off)\b|\bnext to nothing\b|\bpay (?:a|any|one|nothing)\b|\bno (?:\w+ )?(?:hay|tiene|lleva|genera|have|is) (?:ningun |ninguna )?(?:costo|cargo|cobro|recargo)\b|\bningun (?:costo|cargo|cobro)\b|\b[lt]e (?:lo |la )?(?:dejo|dejamos) (?:en|a|por)\b|\bfor (?:a bit |a little )?less\b(?! than)|\bpag\w+ menos\b|\bpay less\b|\b(?:al|el|por el|lo) mismo precio\b|\bpor lo mismo\b|\bmejor precio\b|\bprecio especial\b|\bigualamos\b|\bigualar\b"
)
"""Prices by other words than an amount. Said as an inability (`I can't give discounts`), it is none."""

TERMS = re.compile(
    r"\b(?:tax(?:es)?|impuestos?|iva|deposit\w*|deposito\w*|down ?payment|anticipo|fees?|recargos?|surcharges?|financ\w+|install?ments?|cuotas|mensualidades|at no interest"
    r"|refund\w*|money back|reembols\w+|devol\w+|warrant\w+|garanti\w+|lifetime|de por vida|legal\w*|illegal\w*|ilegal\w*|law|laws|ley|leyes|may drive|allowed|permitid[oa]s?|police|ticket|insur\w+|(?<!estoy )(?<!esta )seguro de|uv|infrared|heat rejection"
    r"|package|paquetes?|bundle|combo|membership|subscription|memberships?|certified|certificad[oa]s?|award\w*|in business|years of experience|includ(?:ed|ing)|incluid[oa]s?|incluy(?:e|endo)|pickup|pick you up|tow(?:s|ed|ing)?|loaner|shuttle|rental"
    r"|deliver\w*|mobile service|a domicilio|gift card|walk ?ins?|credit cards?|cash|venmo|zelle|paypal)\b"
)
"""Terms of business: only as the receipts put them."""

PER_PIECE = re.compile(
    r"\b(?:per|each|a|every|por|cada) (?:window|vehicle|car|side|door|hour|person|month|ventana|auto|carro|vehiculo|lado|puerta|mes|hora)\b|\beach\b|\bapiece\b|\bcada un[oa]\b|\ba vehicle\b"
)
TOTAL = re.compile(
    r"\b(?:total|in all|altogether|all in|all together|comes to|grand total|in full|en total|todo)\b"
)
FROM = re.compile(
    r"\b(?:from|starts?|starting|at least|beginning|begins|upwards?|desde|a partir|minimo|empieza)\b"
)

LIKE_SERVICES = re.compile(
    r"\b(?:oil|brakes?|tires?|alignment|car ?wash(?:es|ing)?|wash(?:es|ing)?|wax\w*|polish\w*|detail(?:ing|er)|coatings?|wraps?|wrapping|vinyl|replacement|chip repair|dents?|repair\w*|ppf|paint (?:protection|correction)"
    r"|xpel|llumar|3m|suntek|madico|avery|headlights?|tail ?lights?|remote start\w*|alarms?|stereo|audio|dash ?cams?|spoilers?|rust\w*|engine|transmission|battery|muffler|undercoating|clear bra"
    r"|ceramic|carbon|dyed|crystalline|nano|metallic|hybrid film|platinum|gold|silver|deluxe|windshields?|sunroofs?|removal|fleet|hood"
    r"|aceite|frenos?|llantas?|lavado|pulido|encerado|vinil|recubrimiento|alineacion|bateria|parabrisas|remocion|cambio de)\b"
)
"""Words that name what a shop of this trade may sell; each must stand in the catalogue as the receipts show it."""

SPANISH_NAMES = {
    "ceramico": "ceramic",
    "ceramica": "ceramic",
    "carbono": "carbon",
    "remocion": "removal",
    "retiro": "removal",
    "parabrisas": "windshield",
    "cofre": "hood",
    "capo": "hood",
    "flota": "fleet",
    "flotilla": "fleet",
    "camioneta": "suv",
    "sedan": "sedan",
    "camion": "truck",
}

OPEN_DOOR = re.compile(
    r"\b(?:walk in|drop by|drop in|stop by|come (?:by|in|over)|swing by|pop in|bring it(?: in| by)?|venga|pase|open|available|fit you|start|do it|free|get you in)\b(?: \w+){0,3} "
    r"(?:any ?time|whenever|right (?:now|away)|immediately|asap|same day|24/7|all day|cuando (?:quiera|guste)|en cualquier momento|ahora mismo|hoy mismo|a cualquier hora)\b"
    r"|\b(?:any ?time|whenever|right now|right away|cuando quiera|ahora mismo)\b(?: \w+){0,2} (?:works|is (?:fine|good|open|ok))\b|\bsame day\b|\bno appointment needed\b|\bwide open\b|\b(?:at )?any (?:hour|day|time of)\b|\ba toda hora\b"
    r"|\bany ?time\b|\b(?:before|after|at|around|over) lunch\b"
    r"|\bopen (?:late|early|every|daily|all|around)\b|\bsin cita\b"
)
CHANGING_ONE = re.compile(
    r"^(?!.*\b(?:come|stop|drop|bring|walk|visit|show|swing)\b).*\b(?:cancel|move|change|ask|message|write|reach)\b.*\b(?:any ?time|whenever)\b"
)
SOON = re.compile(
    r"\b(?:shortly|momentarily|within (?:the|an?) \w+|any (?:minute|moment)|in no time|asap|pronto|enseguida|en breve|right away|as soon as possible|lo antes posible)\b"
)

NEGATED = re.compile(
    r"\b(?:not|no|never|cannot|neither|nor|nothing|none|without|unable|don't|doesn't|didn't|isn't|aren't|wasn't|hasn't|haven't|won't|can't|couldn't|wouldn't|nunca|nada|ningun[oa]?|tampoco|todavia no|aun no|sin|ni)\b"
)
NOT_REALLY = re.compile(
    r"\bno (?:problema?|worries|doubt|brainer|hay problema|se preocupe|cabe duda|matter)\b|\bnot (?:only|just|a problem|to worry|a dream)\b|\bdon't worry\b|\bcan't wait\b|\bwhy not\b|\bno need\b|\bno solo\b|\bwithout (?:a )?(?:doubt|problem|fail)\b"
)
"""Words of denial that deny nothing."""
INABILITY = re.compile(
    r"\b(?:can't|cannot|can not|unable|not able|don't|do not|doesn't|won't be able|am not|isn't|aren't|there (?:is|are) no|not something|couldn't|no puedo|no podemos|no hacemos|no ofrecemos|no tenemos|no hay|no tengo"
    r"|no (?:me |nos )?es posible|no (?:manejo|manejamos|hago|doy|damos)|no (?:le|te|lo|la|se lo|te lo) (?:puedo|podemos))\b"
)
FOR_NOW = re.compile(r"\b(?:until|unless|yet|before|without|hasta|a menos|todavia|aun)\b")
"""A refusal that may end is half a promise."""
WISHED = re.compile(
    r"\b(?:if you(?:'d)? (?:like|want|need|prefer|rather have|are looking for|were hoping for)|(?:si|que) (?:busca|buscas|quiere|quieres|prefiere|prefieres)|(?:understand|know|see|hear) you(?:'ve)? (?:have|had|got|found|saw|were offered)|(?:get|understand|know|hear)(?: you| why you| you're)? (?:totally )?want(?:ing|ed)?|know (?:it's|it is|that's) not)"
    r" (?:something|algo|an?|a film|un|una)?(?: (?:mas|less|bit|little|option|un poco))*\W*$"
)
"""Before what the customer may wish for."""
AFTER_A_YES = re.compile(
    r"\b(?:if|once|when|as soon as|after|before|until|unless|si|cuando|una vez que|en cuanto|hasta que|antes de que) (?:you(?:'d| would)?|usted|me|te|le)? ?"
    r"(?:say|confirm|tell|answer|agree|reply|choose|pick|want|like|give|let|approve|decide|are ready|need|diga|dice|confirm[ae]|acept[ae]|quier[ae]|elij[ae]|elige|sirve|conviene|parece|funciona|acomoda|responda|responde|prefier[ae])\b"
    r"|\b(?:once|when|as soon as) i (?:have|get|see|hear) your (?:ok|okay|yes|confirmation|answer|reply|go ahead)\b"
    r"|\b(?:say|answer|confirm|just say|reply|let me know|tell me|choose|pick|diga|confirme|dime|digame|avisame|escoge|elige|responde)\b[^.;:]* (?:and|to|y|para)\b"
)
ASKING = re.compile(
    r"^(?:\W*(?:so|and|or|ok|okay|great|perfect|sure|then|entonces|y|o|bien|perfecto)[, ]+)*\W*(?:shall|should|would|do|does|did|is|are|can|could|may|which|what|when|how|who|want|ready|like|anything|quiere|desea|le gustaria|"
    r"prefiere|cual|que|cuando|como|puedo|debo|le sirve|le parece|reservo|lo|se|esta)\b"
)
WILLING = re.compile(
    r"\b(?:shall i|should i|would you|want (?:me|to|it)|like (?:me|to|it)|can i|could i|may i|i can|i could|you can|you could|to (?:be|get|have)|ready to|able to|please|how to|sure you|need to|quiere|desea|puedo|puede|gustaria|para|que)\b(?:[^.;:!]|:(?=\d)){0,40}$"
)

ANNOUNCED = re.compile(
    r"^(?:\W*(?:sure|okay|ok|great|absolutely|of course|certainly|no problem|perfect|alright|claro|por supuesto|con gusto|perfecto|thing)\b[,.! ]*)*"
    r"(?:let me|i'll|i will|one (?:moment|second|sec)|just (?:a|one) (?:moment|second|sec)|give me a (?:moment|second|sec)|hold on|bear with me|permitame|dejeme|deme un|un momento|un segundo|voy a)\b"
    r"[^.?!]*"
)
_BY_MYSELF = re.compile(
    r"\b(?:check|look|see|pull|find|get|grab|fetch|search|moment|second|sec|hold on|bear|ver|verificar|revisar|buscar|consultar|momento|segundo)\b"
)
_WITH_OTHERS = re.compile(
    r"\b(?:with|ask|team|manager|shop|them|someone|back|know|call|text|e ?mail|into|out|con|preguntar|gerente|equipo|book|reserv\w*|hold (?:it|that|this|the|your)|discount|price down)\b"
)


def only_announces(text: str) -> bool:
    """`Let me check that for you`: nothing stated, and nothing that the customer waits for once the tools answered."""
    return bool(
        ANNOUNCED.fullmatch(text.strip(" .!,")) and _BY_MYSELF.search(text) and not _WITH_OTHERS.search(text)
    )


OPENER = re.compile(
    r"\W*(?:yes|yep|yeah|sure(?: thing)?|absolutely|of course|certainly|definitely|no problem|you bet|gladly|perfect|great|si|claro(?: que si)?|por supuesto|de acuerdo|perfecto)\b(?: sam)?\W*"
)
"""A plain yes. Where the customer has just named a price or a time of their own it is left out."""
ACCEPTING = re.compile(
    r"^\W*(?:yes|yep|yeah|sure|absolutely|of course|certainly|definitely|si|claro)[^\w]+(?:we|i|it|that|you|podemos|se puede)\b(?: \w+){0,3}\W*$"
    r"|\byou(?:'ve)? got it\b|\bworks for (?:me|us)\b|\bconsider it done\b|\b(?:we|i) can (?:certainly |definitely |absolutely )?(?:do|match|honor|make) (?:that|it|this)\b"
    r"|\b(?:that|it)(?:'s| is| will be|'ll be)? (?:works|fine|ok|okay|possible|doable)\b|\bno hay problema\b|\bpodemos hacer(?:lo|le)\b|\bse puede\b(?! (?:agregar|anadir|poner|cambiar|cancelar|mover))|\best[ao] bien\b"
)
"""Agreement to what the customer named: a promise where no receipt holds it."""
HAGGLED = re.compile(
    r"\b(?:discount|deal|cheaper|free|match|lower|off|less|binding|descuento|gratis|rebaja|mas barato|menos)\b"
)

ENGLISH = frozenset(
    "the a an is are was be been it its it's i i'm i'd i'll i've you your you'd you're we we're we'll our to of for on in at by with and or but if not no yes that this these those there here have has had do does "
    "did can can't could would will which what when how who any all just so as from up out about me my they them their please let".split()
)
SPANISH = frozenset(
    "el la los las un una unos unas de del al a en con por para su sus le lo se que y o si no es son esta estan hay tengo tiene puedo puede quiere cual como cuando gusto mi me te nos ya muy mas este estos todavia".split()
)
FOREIGN = frozenset(
    "seu sua voce nao amanha hoje obrigado obrigada agendamento votre vous rendez notre est pour nous avez etes ihr ihre termin wir sie und nicht ist der das ein fur il suo suoi appuntamento domani grazie confermato "
    "naka po ang iyong para sa inyo nyo mo khong ban cua duoc lich hen".split()
) - {"para", "sa", "mo", "ban", "lich", "hen", "das"}
