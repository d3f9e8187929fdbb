"""Values that several events carry."""

from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from shared import vehicles
from shared.text import Line, one_line

Channel = Literal["web", "sms", "email", "crm"]
Author = Literal["customer", "assistant", "system", "staff"]
LeadStatus = Literal["new", "contacted", "engaged", "appointment_scheduled", "won", "lost"]
LeadSource = Literal["shopmonkey", "web_form", "meta", "google", "import"]
StaffRole = Literal["owner", "region", "location", "read_only"]
Language = Literal["en", "es"]
Cents = Annotated[int, Field(ge=0)]


class Value(BaseModel):
    """Base of values: immutable, and tolerant of fields that a newer publisher adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Contact(Value):
    """`email` is lower-cased, `phone` is E.164; both checked where the lead came in. `None`: not given.

    `name` is as typed: messages say `words.first_name` or `words.person_name` of it.
    """

    name: Annotated[str, Field(max_length=200), AfterValidator(one_line)]
    email: str | None = Field(default=None, max_length=254)
    phone: str | None = Field(default=None, max_length=16)


class Vehicle(Value):
    """`vehicle_class` is a class of the catalogue (sedan, suv, ...); `None`: not known yet.

    Year, make and model are as typed, for the shop and the customer; messages say what is `named`.
    """

    year: int | None = None
    make: str | None = Field(default=None, max_length=100)
    model: str | None = Field(default=None, max_length=100)
    vehicle_class: str | None = Field(default=None, max_length=40)

    @field_validator("make", "model")
    @classmethod
    def _one_line(cls, typed: str | None) -> str | None:
        return one_line(typed or "") or None

    @property
    def typed(self) -> str | None:
        return " ".join(str(part) for part in (self.year, self.make, self.model) if part) or None

    @property
    def named(self) -> str | None:
        """`2021 Honda Civic`, as far as there are such a make and model; `None`: neither is one."""
        return vehicles.named(self.year, self.make, self.model)

    @property
    def called(self) -> str | None:
        """As `named`, else by its class: `SUV`; `None`: nothing is known that may be said."""
        return self.named or vehicles.CLASS_NAMES.get(self.vehicle_class or "")


class Consent(Value):
    """May we write to the person about this request, per channel.

    `refused`: those that they said no to, as against those about which nothing is said.
    """

    sms: bool
    email: bool
    refused: tuple[Literal["sms", "email"], ...] = ()


class ConsentProof(Value):
    """What a consent rests on: the form's words (with their `version` and the page), or the CRM's flags.

    `ip` is the person's own; `said_at`: at the latest.
    """

    text: str
    said_at: AwareDatetime
    version: str | None = None
    url: str | None = None
    ip: str | None = None


class CrmRef(Value):
    """Where the lead lives in the shop's CRM. `by_us`: we put it there on a form's word, so it proves nobody."""

    order_id: str
    customer_id: str | None = None
    vehicle_id: str | None = None
    by_us: bool = False


class Address(Value):
    street: Line
    city: Line
    region: Line
    postal_code: Line
    country: Line = "US"


class BookedAddon(Value):
    """`name_es` empty: it has no Spanish name."""

    name: str
    name_es: str = ""

    def called(self, language: Language) -> str:
        return (language == "es" and self.name_es) or self.name


class Service(Value):
    """A service as booked or asked for. `name_es` empty: it has no Spanish name. `addons`: what is booked beside it."""

    code: str
    name: str
    name_es: str = ""
    addons: tuple[BookedAddon, ...] = ()

    def called(self, language: Language) -> str:
        return (language == "es" and self.name_es) or self.name

    def job(self, language: Language = "en") -> str:
        """All that its price is for: `Ceramic Tint + Old film removal`."""
        return " + ".join([self.called(language), *(addon.called(language) for addon in self.addons)])


class Price(Value):
    """`exact` and `from` use `amount_cents`; `range` also `max_cents`; `on_request` neither."""

    kind: Literal["exact", "from", "range", "on_request"]
    amount_cents: Cents | None = None
    max_cents: Cents | None = None

    @property
    def is_estimate(self) -> bool:
        """The shop names the final price when it has seen the car."""
        return self.kind in {"from", "range"}


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
    name_es: str = ""
    description: str
    synonyms: tuple[str, ...] = ()
    family: str = ""
    tier: str = ""
    price: Price
    class_prices: tuple[ClassPrice, ...] = ()
    duration_minutes: int
    addons: tuple[Addon, ...] = ()

    @property
    def wordings(self) -> tuple[str, ...]:
        """All words that the shop itself uses for it."""
        names = (self.code, *self.names, *self.synonyms)
        return (*names, self.family, self.tier, *(addon.name for addon in self.addons))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name in (self.name, self.name_es) if name)

    def called(self, language: Language) -> str:
        return (language == "es" and self.name_es) or self.name


class KnowledgeEntry(Value):
    """What a shop says about `code`, in its own words. `es` empty: only the English was given. `questions`: how customers ask."""

    code: str
    en: str
    es: str = ""
    questions: tuple[str, ...] = ()
