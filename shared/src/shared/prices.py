"""Prices as people read them: a firm one is a sum, an estimate says that it is one."""

from shared.events.values import Language, Price

_FROM: dict[Language, str] = {"en": "from", "es": "desde"}
_TO: dict[Language, str] = {"en": "to", "es": "a"}
_ON_REQUEST: dict[Language, str] = {"en": "price on request", "es": "precio a consultar"}
_INSPECTION: dict[Language, str] = {
    "en": "final price after inspection",
    "es": "precio final tras la inspección",
}


def dollars(cents: int) -> str:
    """`$1,249.00`: cents always shown, so that a price reads the same everywhere."""
    return f"${cents // 100:,}.{cents % 100:02d}"


def amount_text(price: Price, language: Language = "en") -> str:
    """`$899.00`, `from $899.00`, `$799.00 to $1,299.00` or `price on request`. A range without its end begins somewhere."""
    low, high = price.amount_cents, price.max_cents
    if price.kind == "on_request" or low is None:
        return _ON_REQUEST[language]
    if price.kind == "range" and high is not None and high > low:
        return f"{dollars(low)} {_TO[language]} {dollars(high)}"
    return dollars(low) if price.kind == "exact" else f"{_FROM[language]} {dollars(low)}"


def price_text(price: Price, language: Language = "en") -> str:
    """As agreed on, so that nobody takes an estimate for the bill: `from $899.00, final price after inspection`."""
    amount = amount_text(price, language)
    return f"{amount}, {_INSPECTION[language]}" if price.is_estimate else amount
