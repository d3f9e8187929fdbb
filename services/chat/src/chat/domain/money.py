"""Money as customers read it."""

from shared.events import CatalogService

from chat.domain.language import Language

_ON_REQUEST: dict[Language, str] = {"en": "priced on request", "es": "precio a consultar"}
_FROM: dict[Language, str] = {"en": "from", "es": "desde"}
_TO: dict[Language, str] = {"en": "to", "es": "a"}


def dollars(cents: int) -> str:
    """`$1,249.00`: cents always shown, so that a price reads the same everywhere."""
    return f"${cents // 100:,}.{cents % 100:02d}"


def total_text(total_cents: int | None, kind: str, language: Language = "en") -> str:
    if total_cents is None or kind == "on_request":
        return _ON_REQUEST[language]
    return f"{_FROM[language]} {dollars(total_cents)}" if kind in {"from", "range"} else dollars(total_cents)


def catalog_price(service: CatalogService, vehicle_class: str | None, language: Language = "en") -> str:
    """The price in the catalogue for that class, or over all classes when it is not known."""
    for price in service.class_prices:
        if price.vehicle_class == vehicle_class:
            open_ended = service.price.kind in {"from", "range"}
            return _span(price.amount_cents, price.max_cents, language, from_=open_ended)
    if vehicle_class is None and service.class_prices:
        amounts = [price.amount_cents for price in service.class_prices]
        amounts += [service.price.amount_cents] if service.price.amount_cents is not None else []
        return _span(min(amounts), max(amounts), language, from_=False)
    if service.price.amount_cents is None or service.price.kind == "on_request":
        return _ON_REQUEST[language]
    return _span(
        service.price.amount_cents, service.price.max_cents, language, from_=service.price.kind == "from"
    )


def _span(low: int, high: int | None, language: Language, *, from_: bool) -> str:
    if high is not None and high != low:
        return f"{dollars(low)} {_TO[language]} {dollars(high)}"
    return f"{_FROM[language]} {dollars(low)}" if from_ else dollars(low)
