"""The catalogue of a location, and the price of a service out of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from shared.events import Addon, CatalogService, ClassPrice, Price

PriceKind = Literal["exact", "from", "range", "on_request"]

PRICE_KINDS: tuple[PriceKind, ...] = get_args(PriceKind)
VEHICLE_CLASSES = ("coupe", "sedan", "suv", "truck", "van")


@dataclass(frozen=True)
class Offer:
    """A service as it is sold; `class_prices` take the place of `price_cents` for their vehicle class.

    `cure_minutes` take the bay only; `skills` are the codes that its technician must have, all of them.
    """

    id: UUID
    code: str
    name: str
    description: str
    synonyms: tuple[str, ...]
    price_kind: PriceKind
    price_cents: int | None
    max_cents: int | None
    class_prices: Mapping[str, int]
    duration_minutes: int
    buffer_minutes: int
    addons: tuple[Addon, ...]
    active: bool
    cure_minutes: int = 0
    skills: tuple[str, ...] = ()


def effective(tenant_wide: Iterable[Offer], own: Iterable[Offer]) -> tuple[Offer, ...]:
    """What a location offers, by name: its own row takes the tenant's place, also to switch a service off."""
    by_code = {offer.code: offer for offer in tenant_wide} | {offer.code: offer for offer in own}
    return tuple(sorted((o for o in by_code.values() if o.active), key=lambda o: (o.name, o.code)))


def find_service(offers: Sequence[Offer], wanted: str) -> Offer | None:
    """By code or id, else by name or synonym in any case."""
    said = wanted.strip().casefold()
    for offer in offers:
        if said in (offer.code.casefold(), str(offer.id)):
            return offer
    for offer in offers:
        if said in {offer.name.casefold(), *(synonym.casefold() for synonym in offer.synonyms)}:
            return offer
    return None


def price_for(offer: Offer, vehicle_class: str | None) -> Price:
    """A class price names no upper end, so a range becomes `from`."""
    own = offer.class_prices.get(vehicle_class) if vehicle_class else None
    if own is None or offer.price_kind == "on_request":
        return Price(kind=offer.price_kind, amount_cents=offer.price_cents, max_cents=offer.max_cents)
    return Price(kind="from" if offer.price_kind == "range" else offer.price_kind, amount_cents=own)


def published(offer: Offer) -> CatalogService:
    """The service as other services and customers see it."""
    return CatalogService(
        id=str(offer.id),
        code=offer.code,
        name=offer.name,
        description=offer.description,
        synonyms=offer.synonyms,
        price=price_for(offer, None),
        class_prices=tuple(
            ClassPrice(vehicle_class=name, amount_cents=cents)
            for name, cents in sorted(offer.class_prices.items())
        ),
        duration_minutes=offer.duration_minutes,
        addons=offer.addons,
    )
