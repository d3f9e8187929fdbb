"""Facts about leads and locations, published by ingest."""

from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.events.base import EventData, ServiceName
from shared.events.values import (
    Address,
    Consent,
    ConsentProof,
    Contact,
    CrmRef,
    LeadSource,
    LeadStatus,
    StaffRole,
    Value,
    Vehicle,
)

A2pId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{2,63}$")]


class LeadReceived(EventData):
    """`received_at` is when the first word of the lead reached us (webhook, form or poll).

    `other_addresses`: further numbers and e-mail addresses of the person, as the CRM has them. What comes from there is the
    person's; they are written to only in answer.
    """

    type: ClassVar[str] = "lead.received.v1"
    publisher: ClassVar[ServiceName] = "ingest"

    lead_id: UUID
    contact: Contact
    other_addresses: tuple[str, ...] = ()
    vehicle: Vehicle | None = None
    interest: str | None = None
    message: str | None = None
    source: LeadSource
    external_ref: CrmRef | None = None
    consent: Consent
    consent_proof: ConsentProof | None = None
    received_at: AwareDatetime

    @property
    def proven(self) -> bool:
        """The shop itself names this person; else only a form does, which anybody may send."""
        in_crm = self.external_ref is not None and not self.external_ref.by_us
        return in_crm or self.source != "web_form"


class LeadStatusChanged(EventData):
    type: ClassVar[str] = "lead.status.changed.v1"
    publisher: ClassVar[ServiceName] = "ingest"

    lead_id: UUID
    old: LeadStatus
    new: LeadStatus
    reason: str


class Switches(Value):
    """What is switched on at a location. `sms` says nothing without an `A2pRegistration`."""

    enabled: bool = True
    assistant: bool = True
    sends: bool = True
    sms: bool = True


class A2pRegistration(Value):
    """The ids of the A2P 10DLC registration that the location's texts are sent under: The Campaign Registry's, or the provider's."""

    brand: A2pId
    campaign: A2pId


class FirstTouch(Value):
    """When a lead is first written to. `asked_now`: at once if they asked us themselves a moment ago, else in the allowed hours."""

    email: Literal["at_once", "allowed_hours"] = "at_once"
    sms: Literal["at_once", "asked_now", "allowed_hours"] = "asked_now"


class LocationChanged(EventData):
    """The whole location as it is now; `version` rises, so an older one is skipped.

    `demo_mode` on (the default of a tenant) means that messages leave only for addresses in `allow_list`
    (addresses, numbers, or `*@domain`). `text_countries`: texts leave only for numbers of these countries (ISO 3166).
    `a2p`: its own registration or its tenant's; without one no text leaves, but in demo mode.
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
    text_countries: tuple[str, ...] = ("US", "CA")
    a2p: A2pRegistration | None = None
    first_touch: FirstTouch = FirstTouch()
    switches: Switches = Switches()


class StaffChanged(EventData):
    """The whole member of staff as they are now; `version` rises. `locations` is empty for the owner, who has all.

    `ended_sessions`: sessions and API tokens that were ended before their time, until that time.
    """

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
    ended_sessions: tuple[UUID, ...] = ()


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
