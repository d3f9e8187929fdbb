"""The catalogue of a location, and the price of a service out of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args
from uuid import UUID

from shared.events import Addon, CatalogService, ClassPrice, Price

from booking.domain.errors import TierNeeded, UnknownTier

PriceKind = Literal["exact", "from", "range", "on_request"]

PRICE_KINDS: tuple[PriceKind, ...] = get_args(PriceKind)
VEHICLE_CLASSES = ("coupe", "sedan", "suv", "truck", "van")


@dataclass(frozen=True)
class Offer:
    """A service as it is sold; `class_prices` take the place of `price_cents` for their vehicle class.

    Services of one `family` are the same job in several film tiers.
    `cure_minutes` take the bay only; `skills` are the codes that its technician must have, all of them.
    """

    id: UUID
    code: str
    name: str
    name_es: str
    description: str
    synonyms: tuple[str, ...]
    family: str
    tier: str
    price_kind: PriceKind
    price_cents: int | None
    max_cents: int | None
    class_prices: Mapping[str, int]
    duration_minutes: int
    buffer_minutes: int
    cure_minutes: int
    skills: tuple[str, ...]
    addons: tuple[Addon, ...]
    valid_from: date | None
    valid_to: date | None
    active: bool

    @property
    def sort_key(self) -> tuple[str, ...]:
        return self.name, self.code


def find_service(offers: Sequence[Offer], wanted: str, tier: str | None = None) -> Offer | None:
    """By code or id, else by family, else by name or synonym, in any case; then that tier of its family.

    Raises `TierNeeded` when only a family that comes in several tiers is named, `UnknownTier`.
    """
    said = wanted.strip().casefold()
    found = _by_code(offers, said) or _of_family(offers, said) or _by_name(offers, said)
    if not found:
        return None
    if tier is not None:
        return _of_tier(_of_family(offers, found[0].family.casefold()), tier)
    if len(found) > 1:
        raise TierNeeded(wanted, [offer.tier for offer in found])
    return found[0]


def _by_code(offers: Sequence[Offer], said: str) -> list[Offer]:
    return [offer for offer in offers if said in (offer.code.casefold(), str(offer.id))][:1]


def _of_family(offers: Sequence[Offer], family: str) -> list[Offer]:
    return [offer for offer in offers if offer.family and offer.family.casefold() == family]


def _by_name(offers: Sequence[Offer], said: str) -> list[Offer]:
    return [o for o in offers if said in {name.casefold() for name in _names(o)}][:1]


def _names(offer: Offer) -> Iterable[str]:
    return filter(None, (offer.name, offer.name_es, *offer.synonyms))


def _of_tier(family: Sequence[Offer], tier: str) -> Offer:
    for offer in family:
        if offer.tier.casefold() == tier.strip().casefold():
            return offer
    raise UnknownTier(tier, [offer.tier for offer in family])


def price_for(offer: Offer, vehicle_class: str | None) -> Price:
    """A class price names no upper end, so a range becomes `from`."""
    own = offer.class_prices.get(vehicle_class) if vehicle_class else None
    if own is None or offer.price_kind == "on_request":
        return Price(kind=offer.price_kind, amount_cents=offer.price_cents, max_cents=offer.max_cents)
    return Price(kind="from" if offer.price_kind == "range" else offer.price_kind, amount_cents=own)


def addon_cents(addon: Addon, vehicle_class: str | None) -> int:
    own = (price.amount_cents for price in addon.class_prices if price.vehicle_class == vehicle_class)
    return next(own, addon.amount_cents)


def published(offer: Offer) -> CatalogService:
    """The service as other services and customers see it."""
    return CatalogService(
        id=str(offer.id),
        code=offer.code,
        name=offer.name,
        name_es=offer.name_es,
        description=offer.description,
        synonyms=offer.synonyms,
        family=offer.family,
        tier=offer.tier,
        price=price_for(offer, None),
        class_prices=tuple(
            ClassPrice(vehicle_class=name, amount_cents=cents)
            for name, cents in sorted(offer.class_prices.items())
        ),
        duration_minutes=offer.duration_minutes,
        addons=offer.addons,
    )
