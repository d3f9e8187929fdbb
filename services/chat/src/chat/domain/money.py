"""Money as customers read it."""

from shared.events import CatalogService


def dollars(cents: int) -> str:
    """`$1,249.00`: cents always shown, so that a price reads the same everywhere."""
    return f"${cents // 100:,}.{cents % 100:02d}"


def total_text(total_cents: int | None, kind: str) -> str:
    if total_cents is None or kind == "on_request":
        return "priced on request"
    return f"from {dollars(total_cents)}" if kind in {"from", "range"} else dollars(total_cents)


def catalog_price(service: CatalogService, vehicle_class: str | None) -> str:
    """The price in the catalogue for that class, or over all classes when it is not known."""
    for price in service.class_prices:
        if price.vehicle_class == vehicle_class:
            return _span(price.amount_cents, price.max_cents, from_=service.price.kind in {"from", "range"})
    if vehicle_class is None and service.class_prices:
        amounts = [price.amount_cents for price in service.class_prices]
        amounts += [service.price.amount_cents] if service.price.amount_cents is not None else []
        return _span(min(amounts), max(amounts), from_=False)
    if service.price.amount_cents is None or service.price.kind == "on_request":
        return "priced on request"
    return _span(service.price.amount_cents, service.price.max_cents, from_=service.price.kind == "from")


def _span(low: int, high: int | None, *, from_: bool) -> str:
    if high is not None and high != low:
        return f"{dollars(low)} to {dollars(high)}"
    return f"from {dollars(low)}" if from_ else dollars(low)
