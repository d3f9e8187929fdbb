"""Values that several events carry."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Channel = Literal["web", "sms", "email", "crm"]
Author = Literal["customer", "assistant", "system", "staff"]
LeadStatus = Literal["new", "contacted", "engaged", "appointment_scheduled", "won", "lost"]
LeadSource = Literal["shopmonkey", "web_form", "meta", "google", "import"]
StaffRole = Literal["owner", "region", "location", "read_only"]
Cents = Annotated[int, Field(ge=0)]


class Value(BaseModel):
    """Base of values: immutable, and tolerant of fields that a newer publisher adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Contact(Value):
    """`email` is lower-cased, `phone` is E.164; both checked where the lead came in. `None`: not given."""

    name: str = Field(max_length=200)
    email: str | None = Field(default=None, max_length=254)
    phone: str | None = Field(default=None, max_length=16)


class Vehicle(Value):
    """`vehicle_class` is a class of the catalogue (sedan, suv, ...); `None`: not known yet."""

    year: int | None = None
    make: str | None = Field(default=None, max_length=100)
    model: str | None = Field(default=None, max_length=100)
    vehicle_class: str | None = Field(default=None, max_length=40)


class Consent(Value):
    """May we write to the person about this request, per channel."""

    sms: bool
    email: bool


class CrmRef(Value):
    """Where the lead lives in the shop's CRM."""

    order_id: str
    customer_id: str | None = None
    vehicle_id: str | None = None


class Address(Value):
    street: str
    city: str
    region: str
    postal_code: str
    country: str = "US"


class Service(Value):
    """A service as booked or asked for."""

    code: str
    name: str


class Price(Value):
    """`exact` and `from` use `amount_cents`; `range` also `max_cents`; `on_request` neither."""

    kind: Literal["exact", "from", "range", "on_request"]
    amount_cents: Cents | None = None
    max_cents: Cents | None = None


class ClassPrice(Value):
    """The price for one vehicle class where it differs from the service's or add-on's own."""

    vehicle_class: str
    amount_cents: Cents
    max_cents: Cents | None = None


class Addon(Value):
    code: str
    name: str
    amount_cents: Cents
    class_prices: tuple[ClassPrice, ...] = ()


class CatalogService(Value):
    """Services of one `family` are the same job in several film tiers; empty: it comes in one way only."""

    id: str
    code: str
    name: str
    description: str
    synonyms: tuple[str, ...] = ()
    family: str = ""
    tier: str = ""
    price: Price
    class_prices: tuple[ClassPrice, ...] = ()
    duration_minutes: int
    addons: tuple[Addon, ...] = ()
