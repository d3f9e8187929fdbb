"""What a tool answered, kept for as long as the conversation may rest on it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chat.domain.values import Quote, Slot

OFFER_FRESH = timedelta(minutes=30)
"""How long a time that was found open may still be called open; holding it asks booking again in any case."""
_LASTS = {"find_slots": OFFER_FRESH, "decline": timedelta(days=1)}


@dataclass(frozen=True)
class Receipt:
    """One tool result of this conversation. `refused`: it proves no deed, only its alternatives.

    `at`: when it was kept; `None` for one of the answer in the making.
    """

    tool: str
    result: Mapping[str, object]
    refused: bool = False
    at: datetime | None = None

    def in_force(self, now: datetime) -> bool:
        """A quote as long as it is valid, a hold until it ends, open times for half an hour, whatever else for good."""
        if (lasts := _LASTS.get(self.tool)) is not None:
            return self.at is None or now - self.at <= lasts
        ends = {"get_quote": "valid_until", "hold_slot": "expires_at"}.get(self.tool)
        until = self.result.get(ends) if ends else None
        return not isinstance(until, str) or datetime.fromisoformat(until) > now


def quotes_of(receipts: Sequence[Receipt]) -> dict[str, Quote]:
    """By their short names, oldest first, also those that are over."""
    found = (receipt.result for receipt in receipts if receipt.tool == "get_quote")
    return {f"q{n}": Quote.model_validate(result) for n, result in enumerate(found, 1)}


def slots_found(receipts: Sequence[Receipt]) -> Iterator[tuple[Slot, str | None]]:
    """Each open time that was told, with the `ref` of the quote that it is for; newest search first."""
    for result in reversed([receipt.result for receipt in receipts if receipt.tool == "find_slots"]):
        quote = result.get("quote")
        for row in times_in(result):
            yield Slot.model_validate(row), quote if isinstance(quote, str) else None


def start_named(receipts: Sequence[Receipt], ref: str) -> datetime | None:
    found = (row for r in receipts if r.tool == "find_slots" for row in times_in(r.result))
    return next((Slot.model_validate(row).start for row in found if row.get("ref") == ref), None)


def times_in(result: Mapping[str, object]) -> list[Mapping[str, object]]:
    days = rows_in(result.get("days"))
    ends = [day.get(end) for day in days for end in ("first", "last")]
    return [row for name in ("slots", "also", "nearest") for row in rows_in(result.get(name))] + rows_in(ends)


def declined(receipts: Sequence[Receipt], now: datetime) -> frozenset[datetime]:
    """Starts that the customer or booking said no to lately."""
    said = (r.result["start"] for r in receipts if r.tool == "decline" and r.in_force(now))
    return frozenset(datetime.fromisoformat(str(start)) for start in said)


def next_ref(receipts: Sequence[Receipt], tool: str, letter: str) -> str:
    """Short and stable for the conversation: `q2` for its second quote."""
    return f"{letter}{1 + sum(receipt.tool == tool for receipt in receipts)}"


def rows_in(value: object) -> list[Mapping[str, object]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list | tuple) else []
