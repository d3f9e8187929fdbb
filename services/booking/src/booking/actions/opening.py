"""The opening hours of a location, for whoever asks on the customer's behalf."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from shared.db.engine import transaction
from sqlalchemy.ext.asyncio import AsyncSession

from booking.actions.access import Visitor, lead_of, location_of
from booking.deps import Deps
from booking.domain.opening import Hours, OpenDay, is_open_at, open_days, opens_next
from booking.store import shops
from booking.tables import Location


@dataclass(frozen=True)
class OpeningHours:
    """`opens_next` is None while it is open."""

    timezone: str
    open_now: bool
    opens_next: datetime | None
    days: list[OpenDay]


async def show_hours(deps: Deps, visitor: Visitor, first_day: date | None, days: int) -> OpeningHours:
    """`first_day` None: today at the location."""
    async with transaction(deps.sessions, visitor.tenant_id) as session:
        lead = await lead_of(session, visitor)
        location = await location_of(session, lead.tenant_id, lead.location_id)
        hours = await hours_of(session, location)
    now = deps.now()
    is_open = is_open_at(hours, now)
    return OpeningHours(
        timezone=location.timezone,
        open_now=is_open,
        opens_next=None if is_open else opens_next(hours, now),
        days=open_days(hours, first_day or now.astimezone(hours.zone).date(), days),
    )


async def hours_of(session: AsyncSession, location: Location) -> Hours:
    """Also of a location that takes no bookings."""
    place = (location.tenant_id, location.location_id)
    return Hours(
        ZoneInfo(location.timezone),
        tuple(await shops.openings(session, *place)),
        await shops.closures(session, *place),
    )
