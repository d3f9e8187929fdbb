"""What is open of what a customer asked for: day by day, the times that fit, and the nearest where none does."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from chat.domain.values import Slot, SlotList
from chat.domain.wishes import Wish, fits, on_day, three_of, window

USUAL_DAYS = 14
MOST_DAYS = 62
"""As far as booking answers at once."""
DAYS_AROUND = 3
"""Before the days asked for, and a usual range after them, for the nearest times."""
SHOWN = 12
OFFERED = 3

Days = tuple[date, date]
"""First and last, both included."""


@dataclass(frozen=True)
class OpenDay:
    """`open`: how many times there are that day; `matching` of them are as asked for. `first` and `last` of those, of all where none is."""

    day: date
    open: int
    matching: int
    first: Slot | None = None
    last: Slot | None = None


@dataclass(frozen=True)
class OpenTimes:
    """`matching` are to choose from, `also` fit as well, and `more` beside them. `nearest` only where none fits."""

    days: tuple[OpenDay, ...]
    matching: tuple[Slot, ...]
    also: tuple[Slot, ...]
    more: int
    nearest: tuple[Slot, ...]

    @property
    def offered(self) -> tuple[Slot, ...]:
        return self.matching or self.nearest

    @property
    def ends(self) -> Iterator[Slot]:
        return (slot for day in self.days for slot in (day.first, day.last) if slot)


def times_told(search: str, *lists: Iterable[Slot]) -> dict[datetime, dict[str, object]]:
    """As a receipt has them: each time once, under a short name that stays (`s2.1`: the first one of the second search)."""
    slots = {slot.start: slot for slots in lists for slot in slots}
    return {
        start: {"ref": f"{search}.{n}", **slot.model_dump(mode="json")}
        for n, (start, slot) in enumerate(slots.items(), 1)
    }


def told_of(times: OpenTimes, search: str) -> dict[str, object]:
    """As a receipt has it, under the short name of the search."""
    named = times_told(search, times.matching, times.also, times.nearest, times.ends)
    return {
        "days": [
            {
                "date": day.day.isoformat(),
                "weekday": f"{day.day:%A}",
                "open": day.open,
                "matching": day.matching,
                "first": named[day.first.start] if day.first else None,
                "last": named[day.last.start] if day.last else None,
            }
            for day in times.days
        ],
        "slots": [named[slot.start] for slot in times.matching],
        "also": [named[slot.start] for slot in times.also],
        "more": times.more,
        "nearest": [named[slot.start] for slot in times.nearest],
    }


def asked_days(wish: Wish, today: date) -> Days:
    """Those that the wish names, from today on, else the coming two weeks."""
    first, last = wish.span or (wish.day, wish.day)
    begins = max(first or today, today)
    return begins, max(begins, min(last or date.max, begins + timedelta(days=_length(wish) - 1)))


def _length(wish: Wish) -> int:
    """Of a range as much as can be searched at once; one without an end is looked at like any two weeks."""
    ranged = wish.span is not None and wish.span[1] < date.max
    return MOST_DAYS - 2 * DAYS_AROUND if ranged else USUAL_DAYS


def searched_days(asked: Days, today: date) -> Days:
    """With those around them, so that the nearest times are known too."""
    first = max(today, asked[0] - timedelta(days=DAYS_AROUND))
    return first, max(asked[1] + timedelta(days=DAYS_AROUND), first + timedelta(days=USUAL_DAYS - 1))


def open_times(found: SlotList, wish: Wish, asked: Days, refused: Collection[datetime] = ()) -> OpenTimes:
    """`refused`: starts that the customer did not want, or could not have; they are not offered again unasked."""
    fitting = [
        slot for slot in found.slots if fits(slot, wish, found.timezone) and _within(slot, asked, found)
    ]
    welcome = fitting if wish.at else [slot for slot in fitting if slot.start not in refused]
    nearest = () if welcome else _nearest(found, wish, asked, refused)
    offered = _picked(welcome, wish, found.timezone, OFFERED)
    others = [slot for slot in welcome if slot not in offered]
    also = _picked(others, wish, found.timezone, SHOWN - OFFERED)
    return OpenTimes(
        days=_by_day(found, {slot.start for slot in fitting}, [d for d in _days(asked) if on_day(d, wish)]),
        matching=offered,
        also=also,
        more=len(others) - len(also),
        nearest=nearest,
    )


def _picked(slots: Sequence[Slot], wish: Wish, timezone: str, count: int) -> tuple[Slot, ...]:
    """The latest are those of the latest hours, of the nearest days first."""
    if wish.order is None:
        return three_of(slots, timezone, count)
    in_order = sorted(slots, key=lambda slot: slot.start)
    if wish.order == "latest":
        zone = ZoneInfo(timezone)
        in_order.sort(key=lambda slot: slot.start.astimezone(zone).time(), reverse=True)
    return tuple(sorted(in_order[:count], key=lambda slot: slot.start))


def _nearest(found: SlotList, wish: Wish, asked: Days, refused: Collection[datetime]) -> tuple[Slot, ...]:
    others = [slot for slot in found.slots if slot.start not in refused]
    closest = sorted(others, key=lambda slot: _distance(slot, wish, asked, found.timezone))[:OFFERED]
    return tuple(sorted(closest, key=lambda slot: slot.start))


def _distance(slot: Slot, wish: Wish, asked: Days, timezone: str) -> tuple[int, int, datetime]:
    """In days, then in minutes of the day: who asks for a day wants the day first."""
    local = slot.start.astimezone(ZoneInfo(timezone))
    low, high = (wall.hour * 60 + wall.minute for wall in window(wish))
    minute = local.hour * 60 + local.minute
    days = min((abs((local.date() - day).days) for day in _days(asked) if on_day(day, wish)), default=0)
    return days, max(low - minute, minute - high, 0), slot.start


def _by_day(found: SlotList, fitting: Collection[datetime], days: Sequence[date]) -> tuple[OpenDay, ...]:
    """Of a long range only how many there are each day."""
    zone = ZoneInfo(found.timezone)
    slots: dict[date, list[Slot]] = {day: [] for day in days}
    for slot in sorted(found.slots, key=lambda slot: slot.start):
        slots.get(slot.start.astimezone(zone).date(), []).append(slot)
    in_full = len(days) <= USUAL_DAYS
    return tuple(_open_day(day, there, fitting, in_full=in_full) for day, there in slots.items())


def _open_day(day: date, there: Sequence[Slot], fitting: Collection[datetime], *, in_full: bool) -> OpenDay:
    matching = [slot for slot in there if slot.start in fitting]
    told = (matching or there) if in_full else []
    return OpenDay(
        day, len(there), len(matching), first=next(iter(told), None), last=next(reversed(told), None)
    )


def _within(slot: Slot, asked: Days, found: SlotList) -> bool:
    return asked[0] <= slot.start.astimezone(ZoneInfo(found.timezone)).date() <= asked[1]


def _days(asked: Days) -> list[date]:
    return [asked[0] + timedelta(days=n) for n in range((asked[1] - asked[0]).days + 1)]
