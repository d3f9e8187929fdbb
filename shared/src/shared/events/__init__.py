"""The event contract: every event of the system, and who consumes it (docs/events.md is generated from this)."""

from shared.events.base import CONTENT_TYPE, Event, EventData, ServiceName
from shared.events.booking import (
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentFact,
    AppointmentRescheduled,
    BookingDeclined,
    CatalogChanged,
    SlotOffer,
)
from shared.events.chat import BookingRequested, HandoffEnded, HandoffRequested, MessageSent
from shared.events.crm import (
    CrmAppointmentObserved,
    CrmLeadObserved,
    CrmMessageObserved,
    CrmSynced,
    CrmSyncFailed,
)
from shared.events.lead import CrmChangeReceived, LeadReceived, LeadStatusChanged, LocationChanged, Switches
from shared.events.notification import (
    ContactOptedOut,
    InboundMessageReceived,
    NotificationFailed,
    NotificationSent,
)
from shared.events.values import (
    Addon,
    Address,
    Author,
    CatalogService,
    Cents,
    Channel,
    ClassPrice,
    Consent,
    Contact,
    CrmRef,
    LeadSource,
    LeadStatus,
    Price,
    Service,
    Vehicle,
)

SERVICES: tuple[ServiceName, ...] = ("ingest", "chat", "booking", "crm-sync", "notifier")

_APPOINTMENTS = (AppointmentBooked, AppointmentRescheduled, AppointmentCancelled)

CONSUMES: dict[ServiceName, tuple[type[EventData], ...]] = {
    "ingest": (CrmLeadObserved, MessageSent, *_APPOINTMENTS, NotificationSent, ContactOptedOut),
    "chat": (
        LeadReceived,
        LeadStatusChanged,
        LocationChanged,
        CatalogChanged,
        *_APPOINTMENTS,
        BookingDeclined,
        CrmMessageObserved,
        CrmSynced,
        CrmSyncFailed,
        NotificationSent,
        NotificationFailed,
        InboundMessageReceived,
        ContactOptedOut,
    ),
    "booking": (LeadReceived, LocationChanged, BookingRequested, CrmAppointmentObserved),
    "crm-sync": (
        CrmChangeReceived,
        LocationChanged,
        LeadReceived,
        LeadStatusChanged,
        MessageSent,
        *_APPOINTMENTS,
        HandoffRequested,
        HandoffEnded,
        ContactOptedOut,
    ),
    "notifier": (
        LeadReceived,
        LeadStatusChanged,
        LocationChanged,
        MessageSent,
        *_APPOINTMENTS,
        BookingDeclined,
        HandoffRequested,
        HandoffEnded,
        CrmMessageObserved,
    ),
}

EVENTS: tuple[type[EventData], ...] = tuple(
    dict.fromkeys(event for service in SERVICES for event in CONSUMES[service])
)

__all__ = [
    "CONSUMES",
    "CONTENT_TYPE",
    "EVENTS",
    "SERVICES",
    "Addon",
    "Address",
    "AppointmentBooked",
    "AppointmentCancelled",
    "AppointmentFact",
    "AppointmentRescheduled",
    "Author",
    "BookingDeclined",
    "BookingRequested",
    "CatalogChanged",
    "CatalogService",
    "Cents",
    "Channel",
    "ClassPrice",
    "Consent",
    "Contact",
    "ContactOptedOut",
    "CrmAppointmentObserved",
    "CrmChangeReceived",
    "CrmLeadObserved",
    "CrmMessageObserved",
    "CrmRef",
    "CrmSyncFailed",
    "CrmSynced",
    "Event",
    "EventData",
    "HandoffEnded",
    "HandoffRequested",
    "InboundMessageReceived",
    "LeadReceived",
    "LeadSource",
    "LeadStatus",
    "LeadStatusChanged",
    "LocationChanged",
    "MessageSent",
    "NotificationFailed",
    "NotificationSent",
    "Price",
    "Service",
    "ServiceName",
    "SlotOffer",
    "Switches",
    "Vehicle",
]
