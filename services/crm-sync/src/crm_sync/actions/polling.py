"""The backup of the webhooks: looks for changed orders; concludes nothing from what a list does not show."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from shared.db.engine import transaction
from shared.db.time import database_now
from shared.messaging.failures import RetryLater

from crm_sync import store
from crm_sync.actions.customers import look_at_customer_again
from crm_sync.actions.echoes import note_appointment, note_gone
from crm_sync.actions.looking import api_of
from crm_sync.actions.observing import look_at_order, note_order
from crm_sync.clients.errors import NotFound, ShopMonkeyError
from crm_sync.clients.shopmonkey import ShopMonkey
from crm_sync.deps import Deps
from crm_sync.domain.appointment import written_of
from crm_sync.domain.crm import CrmAppointment, Order
from crm_sync.domain.horizon import calendar_windows, past_windows
from crm_sync.tables import Location, Observation, PollCursor

log = structlog.get_logger()

FIRST_LOOK_BACK = timedelta(days=1)
OVERLAP = timedelta(minutes=10)
"""For clocks that differ, and for rows that their lists show late."""
CUSTOMERS_OF = timedelta(days=35)
"""Leads younger than this: as long as a sequence may run. Older ones are told by webhook."""
CUSTOMER_AGAIN_AFTER = timedelta(minutes=10)
CUSTOMERS_A_ROUND = 60
"""Of a tenant: one call each, since their list of customers knows no filter by change."""
MOST_DIRECT_READS = 50
"""Of one account in one round: known appointments that the search did not show."""
MOST_GONE = 1
"""More than this are not believed to be gone while most of what is known is not shown: the key may be one of another company."""
MOST_GONE_AT_ONCE = 3
"""Staff tell of what they delete by webhook; more without one is a loss there, or a fault."""
GONE_AFTER = timedelta(minutes=5)
"""A read that does not find it says so again no sooner than this, before it is believed."""


async def poll_locations(deps: Deps) -> bool:
    """One round over all locations, each by itself: one that fails does not stop the others. False: not due again at once."""
    async with transaction(deps.sessions, None) as session:
        tenants = await store.tenants(session)
    for tenant_id in tenants:
        async with transaction(deps.sessions, tenant_id) as session:
            places = await store.crm_locations(session, tenant_id)
        await asyncio.gather(*(_poll_and_log(deps, place) for place in places))
    return False


async def poll_customers(deps: Deps) -> None:
    """Those of live leads, longest unseen first: an opt-out that no webhook told of."""
    async with transaction(deps.sessions, None) as session:
        tenants = await store.tenants(session)
    for tenant_id in tenants:
        async with transaction(deps.sessions, tenant_id) as session:
            now = await store.clock(session)
            customers = await store.customers_unseen_since(
                session,
                tenant_id,
                now - CUSTOMER_AGAIN_AFTER,
                of_leads_since=now - CUSTOMERS_OF,
                limit=CUSTOMERS_A_ROUND,
            )
        await asyncio.gather(
            *(_look_at_customer_and_log(deps, tenant_id, customer_id) for customer_id in customers)
        )


async def _look_at_customer_and_log(deps: Deps, tenant_id: UUID, customer_id: str) -> None:
    try:
        await look_at_customer_again(deps, tenant_id, customer_id)
    except (ShopMonkeyError, RetryLater) as error:
        log.warning("poll.customer_unread", reason=type(error).__name__)


async def poll_appointments(deps: Deps) -> bool:
    """What stands in their calendars, also from before we came: a slot that they filled must not be sold here."""
    await _each_account(deps, _poll_calendar)
    return False


async def poll_series(deps: Deps) -> bool:
    """Repeating appointments that began long ago still take place, though a search of these days does not show them."""
    await _each_account(deps, _poll_past_calendar)
    return False


Places = dict[str, Location]
"""The locations of one account, by their ids there."""


async def _each_account(deps: Deps, poll: Callable[[Deps, ShopMonkey, Places], Awaitable[None]]) -> None:
    async with transaction(deps.sessions, None) as session:
        tenants = await store.tenants(session)
    for tenant_id in tenants:
        async with transaction(deps.sessions, tenant_id) as session:
            places = await store.crm_locations(session, tenant_id)
        for account in {place.crm_account for place in places} & set(deps.accounts):
            ours = {str(place.crm_location_id): place for place in places if place.crm_account == account}
            try:
                await poll(deps, deps.accounts[account], ours)
            except ShopMonkeyError as error:
                log.warning("poll.calendar_failed", reason=type(error).__name__)


async def _poll_calendar(deps: Deps, api: ShopMonkey, places: Places) -> None:
    now = database_now()
    shown: set[str] = set()
    for first, last in calendar_windows(now):
        for seen in await api.appointments_between(first, last):
            shown.add(seen.id)
            await _note_in_calendar(deps, places, seen)
    await _look_for_those_not_shown(deps, api, places, shown, now)


async def _poll_past_calendar(deps: Deps, api: ShopMonkey, places: Places) -> None:
    for first, last in past_windows(database_now()):
        for seen in await api.appointments_between(first, last):
            if seen.rruleset:
                await _note_in_calendar(deps, places, seen)


async def _look_for_those_not_shown(
    deps: Deps, api: ShopMonkey, places: Places, shown: set[str], now: datetime
) -> None:
    """Moved out of sight, or deleted: only a read of each by itself tells."""
    known = await _standing(deps, places, now)
    missing = [one for one in known if one.crm_id not in shown]
    gone: list[Observation] = []
    for one in _read_this_round(missing):
        try:
            await _note_in_calendar(deps, places, await api.appointment(one.crm_id))
        except NotFound:
            gone.append(one)
    few = MOST_GONE if len(missing) > len(known) / 2 else MOST_GONE_AT_ONCE
    if len(gone) > few:
        log.error("poll.calendar_doubtful", gone=len(gone), known=len(known))
        return
    by_id = {place.location_id: place for place in places.values()}
    for one in gone:
        place = by_id[one.location_id] if one.location_id in by_id else next(iter(places.values()))
        async with transaction(deps.sessions, place.tenant_id) as session:
            if await store.note_missing(session, one, now=now, since=now - GONE_AFTER):
                await note_gone(session, place, one)


def _read_this_round(missing: list[Observation]) -> list[Observation]:
    """Ours first, in another order each time, so that every one is read in time: many stay unshown, as old series do."""
    drawn = random.sample(missing, len(missing))
    return sorted(drawn, key=lambda one: one.verdict != "ours")[:MOST_DIRECT_READS]


async def _standing(deps: Deps, places: Places, now: datetime) -> Sequence[Observation]:
    tenant_id = next(iter(places.values())).tenant_id
    ids = [place.location_id for place in places.values()]
    async with transaction(deps.sessions, tenant_id) as session:
        return await store.standing_appointments(session, tenant_id, ids, after=now)


async def _note_in_calendar(deps: Deps, places: dict[str, Location], seen: CrmAppointment) -> None:
    """One transaction each: one that fails must not take back the others. Of other locations only what has our marker."""
    place = places.get(seen.location_id or "")
    if place is None and seen.location_id and written_of(seen):
        place = next(iter(places.values()))
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
