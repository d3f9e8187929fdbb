"""Our appointments as ShopMonkey wants them written."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict
from shared.events import AppointmentFact

from crm_sync.domain.crm import SOURCE, CrmAppointment, Json

COLOR = "blue"
Action = Literal["book", "move", "cancel"]


class AppointmentWish(BaseModel):
    """What the CRM is owed about one appointment, as kept in a task; `old_start` only with `move`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action: Action
    fact: AppointmentFact
    old_start: AwareDatetime | None = None
    reason: str | None = None

    @property
    def starts(self) -> tuple[datetime, ...]:
        """When the appointment may stand in the CRM."""
        return (self.fact.start,) if self.old_start is None else (self.fact.start, self.old_start)


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
    return {**changed_body(fact), "color": COLOR, "locationId": crm_location_id, **known}


def changed_body(fact: AppointmentFact) -> Json:
    """Every send flag off: the customer hears from us, never twice."""
    return {
        "name": f"{fact.service.name}: {fact.contact.name}".strip(" :"),
        "startDate": iso(fact.start),
        "endDate": iso(fact.end),
        "note": f"Booked online, no. {fact.number}",
        "metadata": {
            "source": SOURCE,
            "appointment_id": str(fact.appointment_id),
            "sequence": fact.sequence,
        },
        "sendConfirmation": False,
        "sendReminder": False,
        "useSMS": False,
        "useEmail": False,
    }


def iso(moment: datetime) -> str:
    """UTC with milliseconds and `Z`, as ShopMonkey writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def our_id_of(appointment: CrmAppointment) -> UUID | None:
    """The appointment of ours that its marker names; None: theirs."""
    metadata = appointment.metadata or {}
    if metadata.get("source") != SOURCE:
        return None
    try:
        return UUID(str(metadata.get("appointment_id")))
    except ValueError:
        return None


def reached(appointment: CrmAppointment, sequence: int) -> bool:
    """Whether the record already shows our change of this sequence."""
    written = (appointment.metadata or {}).get("sequence")
    return isinstance(written, int) and written >= sequence


def find_ours(found: Iterable[CrmAppointment], our_id: UUID) -> CrmAppointment | None:
    """One that still stands before one that was called off."""
    ours = sorted((one for one in found if our_id_of(one) == our_id), key=lambda one: one.off)
    return next(iter(ours), None)
