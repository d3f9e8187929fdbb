"""How a person can be reached, in one form whatever was typed."""

from typing import Annotated

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator
from shared.events import Contact

from ingest.domain.text import plain_text

DEFAULT_REGION = "US"
_LONGEST_PHONE_INPUT = 60


class BadEmail(ValueError):
    def __init__(self) -> None:
        super().__init__("This is not an e-mail address.")


class BadPhone(ValueError):
    def __init__(self) -> None:
        super().__init__("This is not a phone number; write it with area code, or with + and country code.")


def normal_email(written: str) -> str:
    """Lower-cased; says nothing about whether mail arrives. Raises `BadEmail`."""
    try:
        # Without `test_environment` the reserved .test domains, which sample data lives in, are refused.
        checked = validate_email(written.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise BadEmail from error
    return checked.normalized.lower()


Email = Annotated[str, AfterValidator(normal_email)]
"""As a field of a body."""


def normal_phone(written: str) -> str:
    """E.164; without a country code it is a US number. Raises `BadPhone`."""
    if len(written) > _LONGEST_PHONE_INPUT:
        raise BadPhone
    try:
        number = phonenumbers.parse(written, DEFAULT_REGION)
    except phonenumbers.NumberParseException as error:
        raise BadPhone from error
    if not phonenumbers.is_valid_number(number):
        raise BadPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def usable(contact: Contact) -> Contact:
    """What a shop typed into its CRM: an address or number that cannot work is left out, the lead is not."""
    return Contact(
        name=plain_text(contact.name),
        email=_email_or_none(contact.email),
        phone=_phone_or_none(contact.phone),
    )


def _email_or_none(written: str | None) -> str | None:
    try:
        return normal_email(written) if written else None
    except BadEmail:
        return None


def _phone_or_none(written: str | None) -> str | None:
    try:
        return normal_phone(written) if written else None
    except BadPhone:
        return None
