"""Facts read from or written to the CRM, published by crm-sync."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import EventData, ServiceName
from shared.events.values import Consent, Contact, CrmRef, Vehicle


class CrmLeadObserved(EventData):
    """An order that the tenant's lead rule takes for a lead. `received_at`: when its first trace reached us."""

    type: ClassVar[str] = "crm.lead.observed.v1"
    publisher: ClassVar[ServiceName] = "crm-sync"

    ref: CrmRef
    location_id: UUID
    contact: Contact
    vehicle: Vehicle | None = None
    interest: str | None = None
    message: str | None = None
    consent: Consent
    seen_by: Literal["webhook", "poll"]
    received_at: AwareDatetime


class CrmAppointmentObserved(EventData):
    """An appointment in the CRM. `our_id`: the appointment of ours that its marker names, `None`: theirs."""

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
