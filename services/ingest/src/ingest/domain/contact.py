"""A person's addresses as fields of a body, and as the CRM tells them."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator
from shared.contact import BadEmail, BadPhone, address_or_none, normal_email, normal_phone
from shared.events import Contact
from shared.text import AddressText, one_line

Email = Annotated[AddressText, AfterValidator(normal_email)]
Phone = Annotated[AddressText, AfterValidator(normal_phone)]
"""As fields of a body."""


def usable(contact: Contact) -> Contact:
    """What a shop typed into its CRM: an address or number that cannot work is left out, the lead is not."""
    return Contact(
        name=one_line(contact.name),
        email=_email_or_none(contact.email),
        phone=_phone_or_none(contact.phone),
    )


def usable_others(addresses: Iterable[str], contact: Contact) -> tuple[str, ...]:
    """Beside those of `contact`, likewise."""
    others = {address_or_none(one) for one in addresses} - {None, contact.email, contact.phone}
    return tuple(sorted(one for one in others if one))


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
