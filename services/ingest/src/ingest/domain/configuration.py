"""What operators set for tenants and locations, and what a new setting changes."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal
from zoneinfo import available_timezones

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator
from shared.events import A2pRegistration, Address, FirstTouch, LeadStatus, StaffRole, Switches
from shared.events.values import Value
from shared.text import Code, Line

SLUG_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
HIDDEN = frozenset({"webhook_secrets"})
PUBLISHED = frozenset(
    {
        "name",
        "demo_mode",
        "allow_list",
        "text_countries",
        "a2p",
        "first_touch",
        "crm_account",
        "crm_lead_rule",
    }
)
"""The settings of a tenant that travel in `location.changed`."""


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not an IANA time zone such as America/Phoenix")
    return name


def _country(code: str) -> str:
    if code not in SUPPORTED_REGIONS:
        raise ValueError("not the two capital letters of a country, such as US or MX")
    return code


Text = Annotated[Line, Field(min_length=1, max_length=300)]
Key = Annotated[Code, Field(min_length=1, max_length=300)]
FormChallenge = Literal["auto", "always"]
"""Whether the web form asks for proof of work above the soft limit only, or each time."""


class Setting(Value):
    """What an operator writes: a field we do not know is a mistake of theirs, not of a newer publisher."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LeadRule(Setting):
    """Which orders of the CRM are leads, and the column of an order for a status; crm-sync works by it."""

    workflow_columns: tuple[Line, ...] = ()
    name_prefix: Line | None = None
    keywords: tuple[Line, ...] = ()
    exclude: tuple[Line, ...] = ()
    max_age_days: int = Field(default=30, ge=1, le=3650)
    status_columns: dict[LeadStatus, Line] = Field(default_factory=dict)
    won_when: tuple[Literal["authorized", "invoiced", "paid"], ...] = ("authorized", "invoiced", "paid")
    lost_when: tuple[Literal["archived", "deleted"], ...] = ("archived", "deleted")
    lost_columns: tuple[Line, ...] = ()
    order_after_seconds: int | None = Field(default=None, ge=0, le=86_400)


class TenantSettings(Setting):
    name: Text
    webhook_secrets: tuple[Key, ...] = ()
    site_keys: tuple[Key, ...] = ()
    demo_mode: bool = True
    allow_list: tuple[Text, ...] = ()
    text_countries: tuple[Annotated[Code, AfterValidator(_country)], ...] = ("US", "CA")
    a2p: A2pRegistration | None = None
    first_touch: FirstTouch = FirstTouch()
    crm_account: Key = "default"
    crm_lead_rule: LeadRule = LeadRule()
    postal_address: Text | None = None
    form_challenge: FormChallenge = "auto"


class LocationSettings(Setting):
    """`a2p`: `None` means the tenant's registration."""

    name: Text
    timezone: Annotated[str, AfterValidator(_known_zone)]
    address: Address
    phone: Text
    email: Text
    sms_from: str | None = Field(default=None, pattern=r"^\+[1-9][0-9]{6,14}$")
    a2p: A2pRegistration | None = None
    crm_location_id: Key | None = None
    switches: Switches = Switches()


class StaffSettings(Setting):
    """`locations` are codes. The owner has all of them, everybody else names theirs."""

    name: Text
    phone: str | None = Field(default=None, pattern=r"^\+[1-9][0-9]{6,14}$")
    role: StaffRole
    locations: tuple[Key, ...] = ()
    active: bool = True

    @model_validator(mode="after")
    def _works_somewhere(self) -> "StaffSettings":
        if (self.role == "owner") == bool(self.locations):
            raise ValueError("the owner has all locations and names none; everybody else names at least one")
        return self


class Change(Value):
    """One setting before and after; `old` is null when it was not there before. A secret only says `changed`."""

    field: str
    old: JsonValue = None
    new: JsonValue = None


def changes(old: Value | None, new: Value) -> list[Change]:
    """Field by field, `address.city` inside of groups, in the order of the settings; last what is not set any more."""
    before = dict(_flat(old.model_dump(mode="json"))) if old else {}
    after = dict(_flat(new.model_dump(mode="json")))
    return [
        Change(field=field, new="changed")
        if field in HIDDEN
        else Change(field=field, old=before.get(field), new=after.get(field))
        for field in dict.fromkeys([*after, *before])
        if before.get(field) != after.get(field)
    ]


def _flat(settings: dict[str, JsonValue], prefix: str = "") -> Iterator[tuple[str, JsonValue]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def is_slug(text: str) -> bool:
    """Whether a tenant could have this name; other texts need not be looked up."""
    return re.fullmatch(SLUG_PATTERN, text) is not None


def is_published(found: list[Change]) -> bool:
    """Whether a change of the tenant concerns what the other services know of its locations."""
    return any(change.field.split(".")[0] in PUBLISHED for change in found)
