"""The recorded life of many leads: every event of it, in the order in which it happened. Everybody in it is invented."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from shared.events import (
    A2pRegistration,
    Address,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentNoShow,
    AppointmentRescheduled,
    BookingDeclined,
    BookingRequested,
    CallBackRequested,
    CatalogChanged,
    CatalogService,
    ChatLinkRequested,
    Consent,
    ConsentProof,
    Contact,
    ContactOptedOut,
    CrmAppointmentObserved,
    CrmChangeReceived,
    CrmConsent,
    CrmConsentObserved,
    CrmLeadEntered,
    CrmLeadObserved,
    CrmLeadRefused,
    CrmMessageObserved,
    CrmOccurrence,
    CrmOrderObserved,
    CrmRef,
    CrmSynced,
    CrmSyncFailed,
    Event,
    EventData,
    FirstTouch,
    HandoffEnded,
    HandoffEscalated,
    HandoffRequested,
    InboundMessageReceived,
    KnowledgeChanged,
    KnowledgeEntry,
    LeadReceived,
    LeadStatus,
    LeadStatusChanged,
    LocationChanged,
    MessageSent,
    NotificationFailed,
    NotificationSent,
    Price,
    Service,
    SlotOffer,
    StaffChanged,
    StaffLoginRequested,
    Switches,
    Vehicle,
)

TENANT = UUID("00000000-0000-4000-8000-00000000a11c")
LOCATIONS = tuple(uuid5(TENANT, f"location/{number}") for number in range(3))
STATUS_COLUMNS = {"contacted": "Contacted", "appointment_scheduled": "Appointments"}
SHARED_PHONE = "+16195557777"
"""Of one person who asks at two shops."""


def form_lead_id(number: int) -> UUID:
    return uuid5(TENANT, f"form/{number}")


@dataclass
class Life:
    """One lead. `order` is the row in the CRM, where there is a real one; `version` is the lead's, as ingest counts it."""

    number: int
    lead_id: UUID
    location_id: UUID
    order_id: str
    by_form: bool
    order: dict[str, Any] | None = None
    version: int = 0
    status: LeadStatus = "new"

    def id(self, name: str) -> UUID:
        return uuid5(self.lead_id, name)

    @property
    def contact(self) -> Contact:
        """Every fifth gives no number at first."""
        phone = None if self.number % 5 == 4 else self.phone
        return Contact(
            name=f"Sample Person{self.number}", email=f"lead{self.number}@example.com", phone=phone
        )

    @property
    def phone(self) -> str:
        return SHARED_PHONE if self.number in {12, 13} else f"+1619555{2000 + self.number}"


@dataclass
class History:
    """`events`, oldest first; a second lies between two of them."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=12))
    events: list[Event[Any]] = field(default_factory=list)

    def tell(self, fact: EventData, *, location_id: UUID, life: Life | None = None, version: int = 0) -> None:
        self.now += timedelta(seconds=1)
        self.events.append(
            Event(
                id=uuid5(TENANT, f"event/{len(self.events)}"),
                type=fact.type,
                source=fact.publisher,
                subject=str(life.lead_id if life else location_id),
                time=self.now,
                tenant_id=TENANT,
                location_id=location_id,
                correlation_id=str(life.id("first") if life else location_id),
                lead_version=version,
                data=fact,
            )
        )

    def of(self, life: Life, fact: EventData, version: int | None = None) -> None:
        self.tell(
            fact,
            location_id=life.location_id,
            life=life,
            version=life.version if version is None else version,
        )


def recorded(lives: list[Life]) -> History:
    history = History()
    for version in (1, 2, 3):
        for number, location_id in enumerate(LOCATIONS):
            history.tell(_location(number, location_id, version), location_id=location_id)
            history.tell(_catalog(location_id, version), location_id=location_id)
            history.tell(_knowledge(location_id, version), location_id=location_id)
            history.tell(_member(number, location_id, version), location_id=location_id)
    _signs_in(history)
    for chapter in CHAPTERS:
        for life in lives:
            chapter(history, life)
    for number, location_id in enumerate(LOCATIONS):
        _fill_calendar(history, number, location_id)
    return history


def _location(number: int, location_id: UUID, version: int) -> LocationChanged:
    return LocationChanged(
        location_id=location_id,
        version=version,
        tenant_slug="sample-tint",
        tenant_name="Sample Tint",
        code=f"Store{number:03}",
        name=f"Sample Tint {number}",
        timezone="America/Los_Angeles",
        address=Address(street="1 Sample St", city="San Diego", region="CA", postal_code="92101"),
        phone="+16195550194",
        email=f"store{number}@sample-tint.example",
        sms_from="+16195550194",
        crm_location_id="sample-sm-094" if number == 0 else f"sample-sm-{number}",
        crm_lead_rule={"workflow_columns": [], "status_columns": STATUS_COLUMNS, "order_after_seconds": 0},
        a2p=A2pRegistration(brand="BSAMPLE", campaign="CSAMPLE"),
        first_touch=FirstTouch(sms="at_once"),
        demo_mode=False,
        switches=Switches(sms=version > 1),
    )


def _member(number: int, location_id: UUID, version: int) -> StaffChanged:
    return StaffChanged(
        staff_id=uuid5(location_id, "member"),
        version=version,
        name=f"Sample Member{number}",
        email=f"member{number}@example.com",
        role="location",
        locations=(location_id,),
        active=version != 2,
    )


def _signs_in(history: History) -> None:
    """A link that is too old by the time anybody hears of it."""
    asked = StaffLoginRequested(
        login_id=uuid5(TENANT, "login"),
        staff_id=uuid5(LOCATIONS[0], "member"),
        email="member0@example.com",
        expires_at=history.now,
    )
    history.tell(asked, location_id=LOCATIONS[0])


def _catalog(location_id: UUID, version: int) -> CatalogChanged:
    tint = CatalogService(
        id="1",
        code="ceramic",
        name="Ceramic Tint",
        description="Sample",
        price=Price(kind="exact", amount_cents=39900 + version),
        duration_minutes=180,
    )
    return CatalogChanged(
        location_id=location_id, version=version, services=(tint,), vehicle_classes=("sedan",)
    )


def _knowledge(location_id: UUID, version: int) -> KnowledgeChanged:
    tax = KnowledgeEntry(code="tax", en=f"Sample {version}", es=f"Muestra {version}", questions=("tax?",))
    return KnowledgeChanged(location_id=location_id, version=version, entries=(tax,))


def _ref(life: Life) -> CrmRef:
    order = life.order or {}
    return CrmRef(
        order_id=life.order_id, customer_id=order.get("customerId"), vehicle_id=order.get("vehicleId")
    )


def _received(life: Life, history: History, **changes: Any) -> LeadReceived:
    values: dict[str, Any] = {
        "lead_id": life.lead_id,
        "contact": life.contact,
        "vehicle": Vehicle(year=2021, make="Honda", model="Civic", vehicle_class="sedan"),
        "interest": "Ceramic Tint",
        "source": "web_form" if life.by_form else "shopmonkey",
        "external_ref": None if life.by_form else _ref(life),
        "consent": Consent(sms=True, email=True),
        "received_at": history.events[0].time,
    }
    if life.number % 10 == 1 and not life.by_form:
        values["consent"] = Consent(sms=False, email=True, refused=("sms",))
        values["consent_proof"] = ConsentProof(text="optIn false", said_at=history.events[0].time)
    return LeadReceived(**(values | changes))


def _observed(life: Life, history: History, contact: Contact) -> CrmLeadObserved:
    return CrmLeadObserved(
        ref=_ref(life),
        location_id=life.location_id,
        contact=contact,
        interest="Ceramic Tint",
        consent=Consent(sms=True, email=True),
        seen_by="webhook",
        received_at=history.now,
    )


def _arrives(history: History, life: Life) -> None:
    life.version = 1
    if life.order is not None:
        for operation in ("INSERT", "UPDATE"):
            history.of(life, _change(life, "order", life.order, operation, history.now), 0)
    if not life.by_form:
        history.of(life, _observed(life, history, life.contact), 0)
    history.of(life, _received(life, history))
    if life.by_form:
        ref = CrmRef(order_id=f"ours-{life.number}", customer_id=f"ours-{life.number}", by_us=True)
        history.of(life, CrmLeadEntered(lead_id=life.lead_id, ref=ref))
    if life.by_form or life.number % 4 == 0 or life.contact.phone is None:
        # Seen in the CRM (again), where somebody has typed another name and the number.
        contact = life.contact.model_copy(update={"name": "Somebody Else", "phone": life.phone})
        history.of(life, _observed(life, history, contact), 0)
        life.version += 1
        contact = life.contact.model_copy(update={"phone": life.contact.phone or life.phone})
        history.of(life, _received(life, history, contact=contact, external_ref=_ref(life)))


def _change(life: Life, table: str, row: dict[str, Any], operation: Any, at: datetime) -> CrmChangeReceived:
    return CrmChangeReceived(
        delivery_id=life.id(f"{table}/{operation}"),
        operation=operation,
        table=table,
        row={"id": row["id"], "locationId": "sample-sm-094", **row},
        received_at=at,
    )


def _moves_to(history: History, life: Life, new: LeadStatus) -> None:
    if new == life.status:
        return
    life.version += 1
    history.of(life, LeadStatusChanged(lead_id=life.lead_id, old=life.status, new=new, reason="sample"))
    life.status = new


def _is_greeted(history: History, life: Life) -> None:
    for channel in ("email", "sms"):
        sent = {"delivery_id": life.id(channel), "lead_id": life.lead_id, "channel": channel, "touch": 0}
        if life.number % 10 == 7 and channel == "sms":
            history.of(life, NotificationFailed(**sent, template="first_touch", code="30003"))
        else:
            history.of(
                life, NotificationSent(**sent, template="first_touch", provider_id=f"{channel}{life.number}")
            )
    _moves_to(history, life, "contacted")


def _says(history: History, life: Life, seq: int, author: Any, text: str, channel: Any = "web") -> None:
    message = MessageSent(
        message_id=life.id(f"message/{seq}"),
        conversation_id=life.id("conversation"),
        lead_id=life.lead_id,
        seq=seq,
        author=author,
        channel=channel,
        text=text,
    )
    history.of(life, message, seq)


def _talks(history: History, life: Life) -> None:
    _says(history, life, 1, "assistant", "Hello, I am a virtual assistant.")
    if life.number % 2:
        return
    _says(history, life, 2, "customer", "How much is it?")
    _says(history, life, 3, "assistant", "$399", "sms" if life.number % 4 else "web")
    _moves_to(history, life, "engaged")
    if life.number % 7 == 0:
        inbound = {"lead_id": life.lead_id, "channel": "sms", "sender": life.phone, "text": "And on Friday?"}
        history.of(life, InboundMessageReceived(**inbound, provider_id=f"SM{life.number}"))


def _needs_a_person(history: History, life: Life) -> None:
    conversation = {"conversation_id": life.id("conversation"), "lead_id": life.lead_id}
    if life.number % 9 == 0:
        asked = HandoffRequested(
            **conversation, kind="hard", reason="asked", summary="Wants to talk to a person"
        )
        history.of(life, asked)
        escalated = HandoffEscalated(
            **conversation,
            handoff_id=life.id("handoff"),
            level=1,
            reason="asked",
            summary="Wants to talk to a person",
            requested_at=history.now,
        )
        history.of(life, escalated)
        called = CallBackRequested(
            **conversation,
            handoff_id=life.id("handoff"),
            phone=life.phone,
            reason="asked",
            summary="Wants to talk to a person",
        )
        history.of(life, called)
        history.of(life, HandoffEnded(**conversation, how="given_back"))
    if life.number % 11 == 0:
        said = {"crm_message_id": f"m{life.number}", "order_id": life.order_id, "lead_id": life.lead_id}
        history.of(life, CrmMessageObserved(**said, author="staff", text="I will call you."))
    if life.order is not None:
        message = {"id": f"cm{life.number}", "orderId": life.order_id, "authorType": "Customer", "text": "Hi"}
        history.of(life, _change(life, "message", message, "INSERT", history.now), 0)
    if life.number % 13 == 0:
        wish = {"request_id": life.id("request"), "lead_id": life.lead_id}
        start = history.now + timedelta(days=30)
        history.of(life, BookingRequested(**wish, service="nothing-like-it", wished_start=start))
        history.of(life, BookingDeclined(**wish, code="unknown_service"))


def _appointment(history: History, life: Life, name: str, sequence: int, days: int) -> dict[str, Any]:
    start = (history.events[0].time + timedelta(days=days)).replace(microsecond=0)
    return {
        "appointment_id": life.id(name),
        "number": f"ST-{life.number}-{name}",
        "lead_id": life.lead_id,
        "contact": life.contact,
        "service": Service(code="ceramic", name="Ceramic Tint"),
        "start": start,
        "end": start + timedelta(hours=3),
        "timezone": "America/Los_Angeles",
        "total_cents": 39900,
        "sequence": sequence,
        "manage_url": "http://127.0.0.1/m/sample",
    }


def _books(history: History, life: Life) -> None:
    if life.number % 3:
        return
    history.of(life, AppointmentBooked(**_appointment(history, life, "one", 0, 20)))
    _moves_to(history, life, "appointment_scheduled")
    synced = {"lead_id": life.lead_id, "what": "appointment", "our_id": life.id("one")}
    if life.number % 15 == 0:
        history.of(life, CrmSyncFailed(**synced, code="400", attempts=1))
    else:
        history.of(life, CrmSynced(**synced, crm_id=f"a{life.number}"))
    if life.number % 21 == 0:
        history.of(life, CrmLeadRefused(lead_id=life.lead_id, step="vehicle", code="400", attempts=1))


def _changes_the_booking(history: History, life: Life) -> None:
    if life.number % 6:
        return
    old = _appointment(history, life, "one", 0, 20)["start"]
    history.of(life, AppointmentRescheduled(**_appointment(history, life, "one", 1, 25), old_start=old))
    if life.number % 12:
        history.of(life, ChatLinkRequested(lead_id=life.lead_id, appointment_id=life.id("one")))
        return
    if life.number % 24:
        _staff_change_it(history, life)
        return
    history.of(life, AppointmentCancelled(**_appointment(history, life, "one", 2, 25), reason="sample"))
    _moves_to(history, life, "engaged")
    history.of(life, AppointmentBooked(**_appointment(history, life, "two", 0, 26), staff_id=life.id("sam")))
    _moves_to(history, life, "appointment_scheduled")
    if life.number % 48 == 0:
        history.of(
            life, AppointmentNoShow(**_appointment(history, life, "two", 1, 26), staff_id=life.id("sam"))
        )
        _moves_to(history, life, "engaged")


def _comes_to_an_end(history: History, life: Life) -> None:
    """Its order is lost, for some opened again and paid."""
    if life.number % 7:
        return
    order = {"order_id": life.order_id, "seen_by": "webhook"}
    history.of(life, CrmOrderObserved(**order, outcome="lost", cause="archived", at=history.now))
    _moves_to(history, life, "lost")
    if life.number % 14 == 0:
        history.of(life, CrmOrderObserved(**order, outcome="won", cause="paid", at=history.now))
        _moves_to(history, life, "won")


def _staff_change_it(history: History, life: Life) -> None:
    """In the CRM: moved to an hour that is taken, cancelled, and for some restored."""
    moved = _by_shop(history, life, 2, 27)
    old = _appointment(history, life, "one", 1, 25)["start"]
    offer = SlotOffer(start=old, end=old, label="Sample")
    history.of(life, AppointmentRescheduled(**moved, old_start=old, alternatives=(offer,)))
    history.of(life, AppointmentCancelled(**_by_shop(history, life, 3, 27)))
    _moves_to(history, life, "engaged")
    if life.number % 36 == 0:
        history.of(life, AppointmentBooked(**_by_shop(history, life, 4, 28)))
        _moves_to(history, life, "appointment_scheduled")


def _by_shop(history: History, life: Life, sequence: int, days: int) -> dict[str, Any]:
    seen = {"changed_by": "shop", "crm_seen_at": history.now}
    return {**_appointment(history, life, "one", sequence, days), **seen}


def _opts_out(history: History, life: Life) -> None:
    if life.number % 8 != 5 and life.number != 12:
        return
    _says(history, life, 9, "customer", "please stop texting me")
    how = {"channel": "sms", "how": "free_text", "text": "please stop texting me"}
    history.of(life, ContactOptedOut(lead_id=life.lead_id, address=life.phone, **how))


def _agrees_in_the_crm(history: History, life: Life) -> None:
    """Some refuse there and some take it back; what they have refused themselves no flag takes back."""
    if life.order is not None:
        customer = {"id": life.order["customerId"]}
        history.of(life, _change(life, "customer", customer, "UPDATE", history.now), 0)
    match life.number % 4:
        case 0:
            _flags(history, life, sms=True, email=False)
        case 1:
            _flags(history, life, sms=False)
            _flags(history, life, sms=True)
        case 2:
            _flags(history, life, sms=True, email=True)
            _flags(history, life, email=False)


def _flags(history: History, life: Life, **granted: bool) -> None:
    addresses = {"sms": life.phone, "email": life.contact.email}
    consents = [
        CrmConsent.model_validate(
            {"channel": channel, "address": addresses[channel], "granted": yes, "words": f"optIn {yes}"}
        )
        for channel, yes in granted.items()
    ]
    observed = CrmConsentObserved(
        customer_id=f"customer-{life.number}",
        order_id=life.order_id,
        consents=tuple(consents),
        said_at=history.now,
        seen_by="webhook",
    )
    history.of(life, observed, 0)


CHAPTERS = (
    _arrives,
    _is_greeted,
    _talks,
    _needs_a_person,
    _books,
    _agrees_in_the_crm,
    _changes_the_booking,
    _opts_out,
    _agrees_in_the_crm,
    _comes_to_an_end,
)


def _fill_calendar(history: History, number: int, location_id: UUID) -> None:
    """Three appointments of the shop's own: one is moved, one is deleted. A repeating one, and one of ours that booking lost."""
    base = history.events[0].time.replace(microsecond=0) + timedelta(days=40)
    for name, days, deleted in _entries():
        start = base + timedelta(days=days)
        seen = CrmAppointmentObserved(
            crm_appointment_id=f"theirs-{number}-{name}",
            location_id=location_id,
            start=start,
            end=start + timedelta(hours=2),
            deleted=deleted,
        )
        history.tell(seen, location_id=location_id)
    for changed_there, days in ((False, 5), (True, 6)):
        starts = [base + timedelta(days=days + week * 7) for week in range(3)]
        repeating = CrmAppointmentObserved(
            crm_appointment_id=f"theirs-{number}-weekly",
            location_id=location_id,
            start=starts[0],
            end=starts[0] + timedelta(hours=1),
            occurrences=tuple(CrmOccurrence(start=at, end=at + timedelta(hours=1)) for at in starts),
        )
        history.tell(repeating, location_id=location_id)
        lost = CrmAppointmentObserved(
            crm_appointment_id=f"ours-{number}",
            location_id=location_id,
            our_id=uuid5(location_id, "lost"),
            our_sequence=0,
            changed_there=changed_there,
            observed_at=history.now,
            start=base + timedelta(days=days + 1),
            end=base + timedelta(days=days + 1, hours=3),
        )
        history.tell(lost, location_id=location_id)


def _entries() -> Iterator[tuple[str, int, bool]]:
    yield from (("a", 0, False), ("b", 0, False), ("c", 1, False), ("b", 2, False), ("c", 1, True))
