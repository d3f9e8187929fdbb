"""What a call of a model costs."""

from dataclasses import dataclass

SOURCE = "platform.claude.com/docs, model overviews, read 2026-11-22"
LONG_PROMPT_TOKENS = 100_000


@dataclass(frozen=True)
class TokenPrice:
    """Dollars per million tokens, which is the same as millionths of a dollar per token."""

    input: float
    output: float
    cache_read: float

    @property
    def cache_write(self) -> float:
        """A cache of five minutes costs a quarter more than plain input."""
        return self.input * 1.25


_PRICES = {
    "claude-haiku-5-5": TokenPrice(0.10, 0.50, 0.01),
    "claude-sonnet-5-5": TokenPrice(2.0, 10.0, 0.20),
    "claude-opus-5-5": TokenPrice(4.0, 20.0, 0.40),
}
_LONG_PRICES = {"claude-haiku-5-5": TokenPrice(0.50, 2.50, 0.05)}


@dataclass(frozen=True)
class Spent:
    """One call as the provider counted it; `input_tokens` without those read from or written to the cache."""

    model: str
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens


def microdollars(spent: Spent) -> int:
    """Millionths of a dollar, rounded; 0 for a model that is not on the list."""
    is_long = spent.prompt_tokens > LONG_PROMPT_TOKENS and spent.model in _LONG_PRICES
    price = (_LONG_PRICES if is_long else _PRICES).get(spent.model)
    if price is None:
        return 0
    return round(
        spent.input_tokens * price.input
        + spent.output_tokens * price.output
        + spent.cache_read_tokens * price.cache_read
        + spent.cache_write_tokens * price.cache_write
    )
