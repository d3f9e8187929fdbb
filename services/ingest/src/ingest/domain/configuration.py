"""What operators set for tenants and locations, and what a new setting changes."""

import re
from collections.abc import Iterator
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, model_validator
from shared.events import Address, LeadStatus, StaffRole, Switches
from shared.events.values import Value

SLUG_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
HIDDEN = frozenset({"webhook_secrets"})
PUBLISHED = frozenset({"name", "demo_mode", "allow_list", "crm_account", "crm_lead_rule"})
"""The settings of a tenant that travel in `location.changed`."""


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("not an IANA time zone such as America/Phoenix")
    return name


Text = Annotated[str, Field(min_length=1, max_length=300)]


class Setting(Value):
    """What an operator writes: a field we do not know is a mistake of theirs, not of a newer publisher."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LeadRule(Setting):
    """Which orders of the CRM are leads, and the column of an order for a status; crm-sync works by it."""

    workflow_columns: tuple[str, ...] = ()
    name_prefix: str | None = None
    keywords: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_age_days: int = Field(default=30, ge=1, le=3650)
    status_columns: dict[LeadStatus, str] = Field(default_factory=dict)


class TenantSettings(Setting):
    name: Text
    webhook_secrets: tuple[Text, ...] = ()
    site_keys: tuple[Text, ...] = ()
    demo_mode: bool = True
    allow_list: tuple[Text, ...] = ()
    crm_account: Text = "default"
    crm_lead_rule: LeadRule = LeadRule()
    postal_address: Text | None = None


class LocationSettings(Setting):
    name: Text
    timezone: Annotated[str, AfterValidator(_known_zone)]
    address: Address
    phone: Text
    email: Text
    sms_from: str | None = Field(default=None, pattern=r"^\+[1-9][0-9]{6,14}$")
    crm_location_id: Text | None = None
    switches: Switches = Switches()


class StaffSettings(Setting):
    """`locations` are codes. The owner has all of them, everybody else names theirs."""

    name: Text
    phone: str | None = Field(default=None, pattern=r"^\+[1-9][0-9]{6,14}$")
    role: StaffRole
    locations: tuple[Text, ...] = ()
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
    """Field by field, `address.city` inside of groups, in the order of the settings."""
    before = dict(_flat(old.model_dump(mode="json"))) if old else {}
    after = dict(_flat(new.model_dump(mode="json")))
    return [
        Change(field=field, new="changed")
        if field in HIDDEN
        else Change(field=field, old=before.get(field), new=value)
        for field, value in after.items()
        if before.get(field) != value
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
