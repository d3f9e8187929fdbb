"""What a service costs for one vehicle, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.events import Addon

from booking.domain.catalog import VEHICLE_CLASSES, Offer, addon_cents, price_for
from booking.domain.errors import PriceOnRequest, UnknownAddon, UnknownVehicleClass


@dataclass(frozen=True)
class Line:
    label: str
    amount_cents: int


@dataclass(frozen=True)
class PricedJob:
    vehicle_class: str | None
    lines: tuple[Line, ...]
    kind: str

    @property
    def total_cents(self) -> int:
        return sum(line.amount_cents for line in self.lines)


def price_job(offer: Offer, vehicle_class: str | None, addons: Sequence[str]) -> PricedJob:
    """Raises `UnknownAddon`, or `PriceOnRequest` where only the shop can name the price."""
    price = price_for(offer, vehicle_class)
    if price.kind == "on_request" or price.amount_cents is None:
        raise PriceOnRequest(offer.name)
    lines = [Line(offer.name, price.amount_cents)]
    lines += [Line(addon.name, addon_cents(addon, vehicle_class)) for addon in _chosen(offer, addons)]
    return PricedJob(vehicle_class, tuple(lines), price.kind)


def vehicle_class_of(asked: str | None, vehicle: dict[str, Any] | None) -> str | None:
    """The class asked for, else that of the lead's vehicle where we know it. Raises `UnknownVehicleClass`."""
    if asked is not None:
        if asked.strip().lower() not in VEHICLE_CLASSES:
            raise UnknownVehicleClass(asked)
        return asked.strip().lower()
    known = (vehicle or {}).get("vehicle_class")
    return known if known in VEHICLE_CLASSES else None


def _chosen(offer: Offer, codes: Sequence[str]) -> list[Addon]:
    by_code = {addon.code: addon for addon in offer.addons}
    for code in codes:
        if code not in by_code:
            raise UnknownAddon(code)
    return [by_code[code] for code in dict.fromkeys(codes)]
