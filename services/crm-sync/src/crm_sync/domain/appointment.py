"""Our appointments as ShopMonkey wants them written."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from shared.events import AppointmentFact, Vehicle
from shared.prices import price_text
from shared.words import unlinked

from crm_sync.domain.crm import SOURCE, CrmAppointment, Json
from crm_sync.domain.notes import car_as_typed

COLOR = "blue"
Action = Literal["book", "move", "cancel"]


class AppointmentWish(BaseModel):
    """What the CRM is owed about one appointment, as kept in a task; `old_start` only with `move`.

    `repeated`: an operator has it done again, and what was lost there is to be written anew.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    action: Action
    fact: AppointmentFact
    old_start: AwareDatetime | None = None
    reason: str | None = None
    repeated: bool = False

    @property
    def starts(self) -> tuple[datetime, ...]:
        """When the appointment may stand in the CRM."""
        return (self.fact.start,) if self.old_start is None else (self.fact.start, self.old_start)

    @property
    def stands_until(self) -> datetime | None:
        return None if self.action == "cancel" else self.fact.end


def new_body(
    fact: AppointmentFact,
    *,
    crm_location_id: str,
    customer_id: str | None,
    vehicle_id: str | None,
    order_id: str | None,
) -> Json:
    links = {"customerId": customer_id, "vehicleId": vehicle_id, "orderId": order_id}
    known = {name: value for name, value in links.items() if value is not None}
    words = {"name": f"{fact.service.job()}: {unlinked(fact.contact.name)}".strip(" :"), "note": _note(fact)}
    moved = moved_body(fact, crm_location_id)
    return {**words, **moved, "color": COLOR, "locationId": crm_location_id, **known}


def moved_body(fact: AppointmentFact, crm_location_id: str | None) -> Json:
    """Without name and note, which staff may have changed. Every send flag off: the customer hears from us, never twice."""
    return {
        "startDate": iso(fact.start),
        "endDate": iso(fact.end),
        "allDay": False,
        **_marked(fact, start=fact.start, end=fact.end, location=crm_location_id),
        "sendConfirmation": False,
        "sendReminder": False,
        "useSMS": False,
        "useEmail": False,
    }


def marked_body(fact: AppointmentFact, standing: CrmAppointment) -> Json:
    """Only our marker: the record as it stands is of this version of ours."""
    return _marked(
        fact,
        start=standing.start_date,
        end=standing.end_date,
        location=standing.location_id,
        off=standing.off,
    )


def _marked(
    fact: AppointmentFact, *, start: datetime, end: datetime, location: str | None, off: bool = False
) -> Json:
    marker = {
        "source": SOURCE,
        "appointment_id": str(fact.appointment_id),
        "sequence": fact.sequence,
        "start": iso(start),
        "end": iso(end),
        "location": location,
        "off": off,
    }
    return {"metadata": marker}


def _note(fact: AppointmentFact) -> str:
    car = car_as_typed(fact.vehicle)
    lines = (
        f"Booked online, no. {fact.number}",
        f"Vehicle: {car}" if car else "",
        f"Price: {price_text(fact.agreed_price)}",
    )
    return "\n".join(line for line in lines if line)


def linked_vehicle(fact: AppointmentFact, lead_vehicle: Vehicle | None, vehicle_id: str | None) -> str | None:
    """The CRM's vehicle of the lead, unless the booking is for another car."""
    if fact.vehicle is None:
        return vehicle_id
    own = lead_vehicle.typed if lead_vehicle else None
    return vehicle_id if fact.vehicle.typed == own else None


def iso(moment: datetime) -> str:
    """UTC with milliseconds and `Z`, as ShopMonkey writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Written(BaseModel):
    """What our marker says that we wrote last. None: an older marker, which does not say it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    appointment_id: UUID
    sequence: int
    start: AwareDatetime | None = None
    end: AwareDatetime | None = None
    location: str | None = None
    off: bool = False

    def stands(self, appointment: CrmAppointment) -> bool:
        """Nobody there has changed it since, as far as the row itself tells."""
        if self.off or appointment.off:
            return self.off == appointment.off
        pairs = (
            (self.start, appointment.start_date),
            (self.end, appointment.end_date),
            (self.location, appointment.location_id),
        )
        return all(mine is None or mine == now for mine, now in pairs)


def written_of(appointment: CrmAppointment) -> Written | None:
    """None: theirs."""
    metadata = appointment.metadata or {}
    if metadata.get("source") != SOURCE:
        return None
    try:
        return Written.model_validate(metadata)
    except ValidationError:
        return None


def gone(crm_id: str, our_id: UUID | None, at: datetime) -> CrmAppointment:
    """One that staff have deleted, as far as it is known."""
    marker = {"source": SOURCE, "appointment_id": str(our_id), "sequence": 0}
    row = {"id": crm_id, "startDate": at, "endDate": at, "deleted": True}
    return CrmAppointment.model_validate(row | {"metadata": marker if our_id else None})


def find_ours(found: Iterable[CrmAppointment], our_id: UUID) -> CrmAppointment | None:
    """One that still stands before one that was called off."""
    ours = [one for one in found if (written := written_of(one)) and written.appointment_id == our_id]
    return next(iter(sorted(ours, key=lambda one: one.off)), None)


@dataclass(frozen=True)
class Look:
    """The newest look at a record of ours. `edited_sequence`: the version of ours that staff have changed since.

    `stands`: as far as we were told.
    """

    updated_at: datetime | None
    told_at: datetime
    edited_sequence: int | None
    stands: bool = True


def edited(appointment: CrmAppointment, written: Written, look: Look | None) -> bool:
    """Staff's until we write again: also what they changed back is their word."""
    changed_before = look is not None and look.edited_sequence == written.sequence
    return changed_before or not written.stands(appointment)


class Step(StrEnum):
    """What to do about a record of ours for a change of ours."""

    NOTHING = "nothing"
    MARK = "mark"
    """It stands as the change wants it, or as booking knows that staff put it."""
    WRITE = "write"
    CANCEL = "cancel"
    YIELD = "yield"
    """Staff changed it, and booking did not know when it made this change: theirs is told, ours not written."""


def next_step(appointment: CrmAppointment, wish: AppointmentWish, look: Look | None) -> Step:
    """One that has lost our marker is as staff put it."""
    written = written_of(appointment)
    if written is not None and written.sequence >= wish.fact.sequence:
        return Step.NOTHING
    if _as_wished(appointment, wish):
        return Step.MARK
    by_staff = wish.fact.changed_by == "shop"
    if wish.action == "cancel" and not by_staff:
        return Step.CANCEL
    if written is not None and not edited(appointment, written, look):
        return Step.WRITE if wish.action != "cancel" else Step.YIELD
    if not _known(appointment, wish, look):
        return Step.YIELD
    return Step.MARK if by_staff else Step.WRITE


def _as_wished(appointment: CrmAppointment, wish: AppointmentWish) -> bool:
    if wish.action == "cancel" or appointment.off:
        return appointment.off == (wish.action == "cancel")
    wanted = (wish.fact.start, wish.fact.end)
    return not appointment.all_day and (appointment.start_date, appointment.end_date) == wanted


def _known(appointment: CrmAppointment, wish: AppointmentWish, look: Look | None) -> bool:
    """Booking had been told of the record as it stands when it made the change."""
    seen_at = wish.fact.crm_seen_at
    if look is None or seen_at is None:
        return False
    return look.updated_at == appointment.updated_date and look.told_at <= seen_at
