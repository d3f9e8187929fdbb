"""What a service costs for one vehicle, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.events import Addon, Vehicle

from booking.domain.catalog import VEHICLE_CLASSES, Offer, PriceKind, addon_cents, price_for
from booking.domain.errors import PriceOnRequest, UnknownAddon, UnknownVehicleClass
from shared import vehicles


@dataclass(frozen=True)
class Line:
    label: str
    amount_cents: int


@dataclass(frozen=True)
class PricedJob:
    """`max_cents`: up to where the total of a range goes."""

    lines: tuple[Line, ...]
    kind: PriceKind
    max_cents: int | None = None

    @property
    def total_cents(self) -> int:
        return sum(line.amount_cents for line in self.lines)


def price_job(offer: Offer, vehicle_class: str | None, addons: Sequence[str]) -> PricedJob:
    """Raises `UnknownAddon`, or `PriceOnRequest` where only the shop can name the price."""
    price = price_for(offer, vehicle_class)
    if price.kind == "on_request" or price.amount_cents is None:
        raise PriceOnRequest(offer.name)
    added = [Line(addon.name, addon_cents(addon, vehicle_class)) for addon in _chosen(offer, addons)]
    highest = price.max_cents and price.max_cents + sum(line.amount_cents for line in added)
    return PricedJob((Line(offer.name, price.amount_cents), *added), price.kind, highest)


def car_of(asked: Vehicle | None, asked_class: str | None, own: Vehicle | None) -> Vehicle | None:
    """The car that a price is for: the one asked about, else the lead's own; `None`: nothing is known of it.

    A class that is not the lead's own car's means another car. Raises `UnknownVehicleClass`.
    """
    wanted = _known_class(asked_class)
    if asked is not None and asked.typed:
        return _of_class(asked, wanted or class_of(asked))
    wanted = wanted or class_of(asked)
    if own is None or (wanted and class_of(own) not in {None, wanted}):
        return Vehicle(vehicle_class=wanted) if wanted else None
    return _of_class(own, wanted or class_of(own))


def class_of(car: Vehicle | None) -> str | None:
    """As given, else that of the model; `None`: neither is known."""
    if car is None:
        return None
    given = (car.vehicle_class or "").lower()
    return given if given in VEHICLE_CLASSES else vehicles.known(car.make, car.model).vehicle_class


def _of_class(car: Vehicle, vehicle_class: str | None) -> Vehicle | None:
    placed = car.model_copy(update={"vehicle_class": vehicle_class})
    return placed if placed.typed or vehicle_class else None


def _known_class(asked: str | None) -> str | None:
    if asked is None:
        return None
    if asked.strip().lower() not in VEHICLE_CLASSES:
        raise UnknownVehicleClass(asked)
    return asked.strip().lower()


def _chosen(offer: Offer, codes: Sequence[str]) -> list[Addon]:
    by_code = {addon.code: addon for addon in offer.addons}
    for code in codes:
        if code not in by_code:
            raise UnknownAddon(code)
    return [by_code[code] for code in dict.fromkeys(codes)]
