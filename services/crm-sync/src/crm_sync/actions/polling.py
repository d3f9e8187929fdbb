"""The backup of the webhooks: looks for changed orders; concludes nothing from what a list does not show."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from shared.db.engine import transaction
from shared.db.time import database_now
from shared.messaging.failures import RetryLater

from crm_sync import store
from crm_sync.actions.echoes import note_appointment
from crm_sync.actions.observing import api_of, look_at_order, note_order
from crm_sync.clients.errors import ShopMonkeyError
from crm_sync.deps import Deps
from crm_sync.domain.crm import CrmAppointment, Order
from crm_sync.tables import Location, PollCursor

log = structlog.get_logger()

FIRST_LOOK_BACK = timedelta(days=1)
OVERLAP = timedelta(minutes=10)
"""For clocks that differ, and for rows that their lists show late."""
CALENDAR_LOOK_BACK = timedelta(days=7)
"""A block of several days may have begun before today."""
CALENDAR_WEEKS = 14
"""Past every booking horizon that is offered."""
_WEEK = timedelta(weeks=1)


async def poll_locations(deps: Deps) -> bool:
    """One round over all locations, each by itself: one that fails does not stop the others. False: not due again at once."""
    async with transaction(deps.sessions, None) as session:
        tenants = await store.tenants(session)
    for tenant_id in tenants:
        async with transaction(deps.sessions, tenant_id) as session:
            places = await store.crm_locations(session, tenant_id)
        await asyncio.gather(*(_poll_and_log(deps, place) for place in places))
    return False


async def poll_appointments(deps: Deps) -> bool:
    """What stands in their calendars, also from before we came: a slot that they filled must not be sold here."""
    async with transaction(deps.sessions, None) as session:
        tenants = await store.tenants(session)
    for tenant_id in tenants:
        async with transaction(deps.sessions, tenant_id) as session:
            places = await store.crm_locations(session, tenant_id)
        for account in {place.crm_account for place in places}:
            ours = {str(place.crm_location_id): place for place in places if place.crm_account == account}
            await _poll_calendar_and_log(deps, ours)
    return False


async def _poll_calendar_and_log(deps: Deps, places: dict[str, Location]) -> None:
    api = deps.accounts.get(next(iter(places.values())).crm_account)
    if api is None:
        return
    start = database_now() - CALENDAR_LOOK_BACK
    try:
        for week in range(CALENDAR_WEEKS):
            first = start + week * _WEEK
            for seen in await api.appointments_between(first, first + _WEEK):
                await _note_in_calendar(deps, places, seen)
    except ShopMonkeyError as error:
        log.warning("poll.calendar_failed", reason=type(error).__name__)


async def _note_in_calendar(deps: Deps, places: dict[str, Location], seen: CrmAppointment) -> None:
    """One transaction each: one that fails must not take back the others."""
    place = places.get(seen.location_id or "")
    if place is not None:
        async with transaction(deps.sessions, place.tenant_id) as session:
            await note_appointment(session, place, seen, seen_by="poll")


async def _poll_and_log(deps: Deps, place: Location) -> None:
    try:
        await poll_location(deps, place)
    except (ShopMonkeyError, RetryLater) as error:
        log.warning("poll.failed", location=place.code, reason=type(error).__name__)
    except Exception:
        # The location's edge: what was not seen is still after the watermark.
        log.exception("poll.failed", location=place.code)


async def poll_location(deps: Deps, place: Location) -> None:
    """Raises the client's errors; the watermark moves only when everything since the last one was seen."""
    started_at = database_now()
    since = await _since(deps, place, started_at)
    orders, complete = await api_of(deps, place).orders_changed_since(str(place.crm_location_id), since)
    fresh = await _not_seen(deps, place.tenant_id, orders)
    looked = await asyncio.gather(*(_look(deps, place, order.id, started_at) for order in fresh))
    if complete and all(looked):
        await _move_watermark(deps, place, started_at)
    else:
        log.warning("poll.incomplete", location=place.code, orders=len(orders), complete=complete)


async def _since(deps: Deps, place: Location, now: datetime) -> datetime:
    async with transaction(deps.sessions, place.tenant_id) as session:
        watermark = await store.watermark(session, place.tenant_id, place.location_id)
    return (watermark or now - FIRST_LOOK_BACK) - OVERLAP


async def _not_seen(deps: Deps, tenant_id: UUID, orders: list[Order]) -> list[Order]:
    """Those in a state that was not looked at before."""
    async with transaction(deps.sessions, tenant_id) as session:
        seen = await store.seen_updates(session, tenant_id, [order.id for order in orders])
    return [
        order for order in orders if order.updated_date is None or seen.get(order.id) != order.updated_date
    ]


async def _look(deps: Deps, place: Location, order_id: str, now: datetime) -> bool:
    """False when the order could not be read; it comes again with the next round."""
    try:
        seen = await look_at_order(deps, place, order_id)
    except ShopMonkeyError as error:
        log.warning("poll.order_unread", location=place.code, reason=type(error).__name__)
        return False
    async with transaction(deps.sessions, place.tenant_id) as session:
        await note_order(session, seen, seen_by="poll", received_at=now)
    return True


async def _move_watermark(deps: Deps, place: Location, to: datetime) -> None:
    cursor = PollCursor(tenant_id=place.tenant_id, location_id=place.location_id, watermark=to, polled_at=to)
    async with transaction(deps.sessions, place.tenant_id) as session:
        await store.keep_cursor(session, cursor)
