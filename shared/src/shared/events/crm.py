"""Facts read from or written to the CRM, published by crm-sync."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import EventData, ServiceName
from shared.events.notification import OutboundChannel
from shared.events.values import Consent, ConsentProof, Contact, CrmRef, Value, Vehicle


class CrmLeadObserved(EventData):
    """An order that the tenant's lead rule takes for a lead. `received_at`: when its first trace reached us.

    `other_addresses`: what else the customer's record has of numbers and e-mail addresses.
    """

    type: ClassVar[str] = "crm.lead.observed.v1"
    publisher: ClassVar[ServiceName] = "crm-sync"

    ref: CrmRef
    location_id: UUID
    contact: Contact
    other_addresses: tuple[str, ...] = ()
    vehicle: Vehicle | None = None
    interest: str | None = None
    message: str | None = None
    consent: Consent
    consent_proof: ConsentProof | None = None
    seen_by: Literal["webhook", "poll"]
    received_at: AwareDatetime


class CrmConsent(Value):
    """What the CRM's flags say of one address; `words` are the flags. A flag that is not set says nothing."""

    channel: OutboundChannel
    address: str
    granted: bool
    words: str


class CrmConsentObserved(EventData):
    """Consents of a lead's customer that are not as they were when the CRM was last looked at. `said_at`: at the latest.

    `lapsed`: what the CRM granted before and grants no more without a refusal, since the flag is not set any more or the address is gone.
    """

    type: ClassVar[str] = "crm.consent.observed.v1"
    publisher: ClassVar[ServiceName] = "crm-sync"

    customer_id: str
    order_id: str | None = None
    consents: tuple[CrmConsent, ...]
    lapsed: tuple[CrmConsent, ...] = ()
    said_at: AwareDatetime
    seen_by: Literal["webhook", "poll"]


class CrmOrderObserved(EventData):
    """What has become of a lead's order there: told when it changes. `at`: the order's state is of then.

    `cause`: why it is won or lost; of an order that is open again, none.
    """

    type: ClassVar[str] = "crm.order.observed.v1"
    publisher: ClassVar[ServiceName] = "crm-sync"

    order_id: str
    outcome: Literal["open", "won", "lost"]
    cause: Literal["authorized", "invoiced", "paid", "column", "archived", "deleted"] | None = None
    at: AwareDatetime
    seen_by: Literal["webhook", "poll"]


class CrmOccurrence(Value):
    """One time at which a repeating appointment takes place."""

    start: AwareDatetime
    end: AwareDatetime


class CrmAppointmentObserved(EventData):
    """An appointment in the CRM. `our_id`: the appointment of ours that its marker names, `None`: theirs.

    Of ours: `our_sequence` is the version that we wrote there last, `changed_there` that somebody there has changed it since,
    `observed_at` the order of looks at it. `occurrences`: of a repeating one every time, as far ahead as anybody books;
    empty: once, from `start` to `end`.
    """

    type: ClassVar[str] = "crm.appointment.observed.v1"
    publisher: ClassVar[ServiceName] = "crm-sync"

    crm_appointment_id: str
    location_id: UUID
    our_id: UUID | None = None
    order_id: str | None = None
    start: AwareDatetime
    end: AwareDatetime
    all_day: bool = False
    deleted: bool = False
    our_sequence: int | None = None
    changed_there: bool = False
    observed_at: AwareDatetime | None = None
    occurrences: tuple[CrmOccurrence, ...] = ()


class CrmMessageObserved(EventData):
    type: ClassVar[str] = "crm.message.observed.v1"
    publisher: ClassVar[ServiceName] = "crm-sync"

    crm_message_id: str
    order_id: str
    lead_id: UUID | None = None
    author: Literal["customer", "staff"]
    text: str


class CrmSynced(EventData):
    """Something of ours now stands in the CRM."""

    type: ClassVar[str] = "crm.synced.v1"
    publisher: ClassVar[ServiceName] = "crm-sync"

    lead_id: UUID
    what: Literal["appointment", "message", "status"]
    our_id: UUID
    crm_id: str


class CrmSyncFailed(EventData):
    type: ClassVar[str] = "crm.sync.failed.v1"
    publisher: ClassVar[ServiceName] = "crm-sync"

    lead_id: UUID
    what: Literal["appointment", "message", "status"]
    our_id: UUID
    code: str
    attempts: int


class CrmLeadEntered(EventData):
    """A lead that came from elsewhere has its customer, vehicle and order in the CRM: we wrote what was not there."""

    type: ClassVar[str] = "crm.lead.entered.v1"
    publisher: ClassVar[ServiceName] = "crm-sync"

    lead_id: UUID
    ref: CrmRef


class CrmLeadRefused(EventData):
    """The CRM did not take a lead that came from elsewhere; a person must look."""

    type: ClassVar[str] = "crm.lead.refused.v1"
    publisher: ClassVar[ServiceName] = "crm-sync"

    lead_id: UUID
    step: Literal["customer", "vehicle", "order"]
    code: str
    attempts: int
