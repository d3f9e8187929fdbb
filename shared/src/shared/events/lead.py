"""Facts about leads and locations, published by ingest."""

from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.events.base import EventData, ServiceName
from shared.events.values import (
    Address,
    Consent,
    Contact,
    CrmRef,
    LeadSource,
    LeadStatus,
    StaffRole,
    Value,
    Vehicle,
)


class LeadReceived(EventData):
    """`received_at` is when the first word of the lead reached us (webhook, form or poll)."""

    type: ClassVar[str] = "lead.received.v1"
    publisher: ClassVar[ServiceName] = "ingest"

    lead_id: UUID
    contact: Contact
    vehicle: Vehicle | None = None
    interest: str | None = None
    message: str | None = None
    source: LeadSource
    external_ref: CrmRef | None = None
    consent: Consent
    received_at: AwareDatetime


class LeadStatusChanged(EventData):
    type: ClassVar[str] = "lead.status.changed.v1"
    publisher: ClassVar[ServiceName] = "ingest"

    lead_id: UUID
    old: LeadStatus
    new: LeadStatus
    reason: str


class Switches(Value):
    """What is switched on at a location. `sms` is on once the tenant's A2P registration is through."""

    enabled: bool = True
    assistant: bool = True
    sends: bool = True
    sms: bool = True


class LocationChanged(EventData):
    """The whole location as it is now; `version` rises, so an older one is skipped.

    `demo_mode` on (the default of a tenant) means that messages leave only for addresses in `allow_list`
    (addresses, numbers, or `*@domain`).
    """

    type: ClassVar[str] = "location.changed.v1"
    publisher: ClassVar[ServiceName] = "ingest"

    location_id: UUID
    version: int
    tenant_slug: str
    tenant_name: str
    code: str
    name: str
    timezone: str
    address: Address
    phone: str
    email: str
    sms_from: str | None = None
    crm_account: str = "default"
    crm_location_id: str | None = None
    crm_lead_rule: dict[str, Any] = Field(default_factory=dict)
    demo_mode: bool = True
    allow_list: tuple[str, ...] = ()
    switches: Switches = Switches()


class StaffChanged(EventData):
    """The whole member of staff as they are now; `version` rises. `locations` is empty for the owner, who has all."""

    type: ClassVar[str] = "staff.changed.v1"
    publisher: ClassVar[ServiceName] = "ingest"

    staff_id: UUID
    version: int
    name: str
    email: str
    phone: str | None = None
    role: StaffRole
    locations: tuple[UUID, ...] = ()
    active: bool = True


class StaffLoginRequested(EventData):
    """Somebody wants to sign in. Whoever sends the mail makes its link: the event carries no secret."""

    type: ClassVar[str] = "staff.login.requested.v1"
    publisher: ClassVar[ServiceName] = "ingest"

    login_id: UUID
    staff_id: UUID
    email: str
    expires_at: AwareDatetime


class CrmChangeReceived(EventData):
    """A delivery of the CRM's webhook, stored before it was answered. `row` is the vendor's row as sent."""

    type: ClassVar[str] = "crm.change.received.v1"
    publisher: ClassVar[ServiceName] = "ingest"

    delivery_id: UUID
    operation: Literal["INSERT", "UPDATE", "DELETE"]
    table: str
    row: dict[str, Any]
    diff: tuple[str, ...] = ()
    received_at: AwareDatetime
