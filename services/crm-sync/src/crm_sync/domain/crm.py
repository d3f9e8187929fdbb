"""ShopMonkey's records, as far as they matter here; unknown fields and nulls are normal, added enum values too."""

from typing import Any, Literal

from pydantic import AliasGenerator, AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

SOURCE = "lead-orchestrator"
"""Marks in an appointment's `metadata` what we wrote."""

Json = dict[str, Any]
OrderState = Literal["authorized", "invoiced", "paid", "archived", "deleted"]


class Record(BaseModel):
    """Field names as the vendor writes them (camelCase)."""

    model_config = ConfigDict(
        alias_generator=AliasGenerator(validation_alias=to_camel),
        extra="ignore",
        frozen=True,
        coerce_numbers_to_str=True,
    )

    id: str


class Order(Record):
    name: str | None = None
    coalesced_name: str | None = None
    complaint: str | None = None
    note: str | None = None
    status: str | None = None
    workflow_status_id: str | None = None
    authorized: bool | None = None
    invoiced: bool | None = None
    invoiced_date: AwareDatetime | None = None
    paid: bool | None = None
    fully_paid_date: AwareDatetime | None = None
    archived: bool | None = None
    deleted: bool | None = None
    appointment_dates: list[str] | None = None
    customer_id: str | None = None
    vehicle_id: str | None = None
    location_id: str | None = None
    generated_customer_name: str | None = None
    generated_vehicle_name: str | None = None
    order_created_date: AwareDatetime | None = None
    created_date: AwareDatetime | None = None
    updated_date: AwareDatetime | None = None
    metadata: Json | None = None

    @property
    def title(self) -> str:
        return (self.name or self.coalesced_name or "").strip()

    def is_(self, state: OrderState) -> bool:
        """Each is told by a flag, two of them by a moment, too."""
        match state:
            case "authorized":
                return bool(self.authorized)
            case "invoiced":
                return bool(self.invoiced or self.invoiced_date)
            case "paid":
                return bool(self.paid or self.fully_paid_date)
            case "archived":
                return bool(self.archived)
            case "deleted":
                return bool(self.deleted)


class Email(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    email: str | None = None
    primary: bool | None = None
    subscribed: bool | None = None


class PhoneNumber(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    number: str | None = None
    primary: bool | None = None
    opt_in: bool | None = Field(default=None, validation_alias="optIn")
    type: str | None = None
    country: str | None = None


class Customer(Record):
    first_name: str | None = None
    last_name: str | None = None
    company_name: str | None = None
    marketing_opt_in: bool | None = None
    emails: list[Email] | None = None
    phone_numbers: list[PhoneNumber] | None = None
    location_ids: list[str] | None = None
    deleted: bool | None = None
    created_date: AwareDatetime | None = None
    updated_date: AwareDatetime | None = None


class CrmVehicle(Record):
    year: int | None = None
    make: str | None = None
    model: str | None = None
    type: str | None = None
    deleted: bool | None = None


class CrmAppointment(Record):
    start_date: AwareDatetime
    end_date: AwareDatetime
    all_day: bool | None = None
    location_id: str | None = None
    order_id: str | None = None
    confirmation_status: str | None = None
    cancellation_note: str | None = None
    deleted: bool | None = None
    metadata: Json | None = None
    rruleset: str | None = None
    updated_date: AwareDatetime | None = None

    @property
    def off(self) -> bool:
        """Nobody is expected any more."""
        return bool(self.deleted or self.cancellation_note or self.confirmation_status == "Declined")


class CrmMessage(Record):
    text: str | None = None
    author_type: str | None = None
    internal: bool | None = None
    deleted: bool | None = None
    automated_campaign_id: str | None = None
    appointment_event: str | None = None
    order_id: str | None = None
    customer_id: str | None = None
    updated_date: AwareDatetime | None = None


class Column(Record):
    """A column of the shop's board ("workflow status")."""

    name: str
    location_id: str | None = None
