"""Which telephone numbers may be sent a text."""

import re
from collections.abc import Collection

import phonenumbers
from phonenumbers import PhoneNumberType

_OLD_MEXICAN_MOBILE = re.compile(r"\+521(\d{10})")
_COSTLY = frozenset({PhoneNumberType.PREMIUM_RATE, PhoneNumberType.SHARED_COST})


def as_leads_keep_it(number: str) -> str:
    """Mexican mobiles without the 1 that some carriers still put before them, as ingest does."""
    return _OLD_MEXICAN_MOBILE.sub(r"+52\1", number) if _OLD_MEXICAN_MOBILE.fullmatch(number) else number


def why_no_text(number: str, countries: Collection[str]) -> str | None:
    """The reason against it. `countries`: ISO codes; US and CA share +1 with islands whose numbers cost a lot."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return "not_a_number"
    if phonenumbers.number_type(parsed) in _COSTLY:
        return "premium_number"
    country = phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )
    return None if country in countries else "country_not_allowed"
