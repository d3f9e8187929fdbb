"""How a person can be reached, in one form whatever was typed; for who has the extra `contact`."""

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from shared.text import address_text

DEFAULT_REGION = "US"
_LONGEST_PHONE_INPUT = 60


class BadEmail(ValueError):
    def __init__(self) -> None:
        super().__init__("This is not an e-mail address.")


MEXICO = 52
"""Mobiles there were called with a 1 before their ten digits until 2020, and are still written so."""


class BadPhone(ValueError):
    def __init__(self) -> None:
        super().__init__("This is not a phone number; write it with area code, or with + and country code.")


def normal_email(written: str) -> str:
    """Lower-cased, the domain as DNS and every mail server know it; says nothing about whether mail arrives. Raises `BadEmail`."""
    try:
        # Without `test_environment` the reserved .test domains, which sample data lives in, are refused.
        checked = validate_email(address_text(written), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise BadEmail from error
    return f"{checked.local_part}@{checked.ascii_domain}".lower()


def normal_phone(written: str, region: str = DEFAULT_REGION) -> str:
    """E.164; without a country code it is a number of `region`. Raises `BadPhone`."""
    typed = address_text(written)
    if len(typed) > _LONGEST_PHONE_INPUT:
        raise BadPhone
    try:
        number = phonenumbers.parse(typed, region)
    except phonenumbers.NumberParseException as error:
        raise BadPhone from error
    national = number.national_number or 0
    if number.country_code == MEXICO and national // 10**10 == 1:
        number.national_number = national - 10**10
    if not phonenumbers.is_valid_number(number):
        raise BadPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_address(written: str) -> str:
    """An e-mail address or a phone number, as leads keep it. Raises `BadEmail` or `BadPhone`."""
    return normal_email(written) if "@" in written else normal_phone(written)


def address_or_none(written: str) -> str | None:
    try:
        return normal_address(written)
    except ValueError:
        return None
