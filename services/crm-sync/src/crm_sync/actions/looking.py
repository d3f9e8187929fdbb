"""Where and whom to ask about a record of the CRM, and how two looks at one are compared."""

import hashlib
from datetime import datetime
from typing import Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.db.engine import transaction
from shared.events import CrmChangeReceived, Event
from shared.messaging.failures import DeadLetter, RetryLater

from crm_sync import store
from crm_sync.clients.shopmonkey import ShopMonkey
from crm_sync.deps import Deps
from crm_sync.tables import Location, Observation

SeenBy = Literal["webhook", "poll"]


def crm_id_of(event: Event[CrmChangeReceived]) -> str:
    crm_id = event.data.row.get("id")
    if not crm_id:
        raise DeadLetter("a row without id")
    return str(crm_id)


async def place_of(deps: Deps, event: Event[CrmChangeReceived]) -> Location:
    """The location that the event or its row names. Raises `RetryLater` while it is unknown here."""
    crm_location_id = event.data.row.get("locationId")
    async with transaction(deps.sessions, event.tenant_id) as session:
        place = None
        if event.location_id is not None:
            place = await store.location(session, event.tenant_id, event.location_id)
        if place is None and crm_location_id:
            place = await store.location_by_crm_id(session, event.tenant_id, str(crm_location_id))
    if place is None:
        raise RetryLater("the location is not known here yet")
    return place


def api_of(deps: Deps, place: Location) -> ShopMonkey:
    api = deps.accounts.get(place.crm_account)
    if api is None:
        raise RetryLater(f"no key for the ShopMonkey account {place.crm_account!r}")
    return api


def is_stale(row: Observation, updated_at: datetime | None) -> bool:
    """A look at an older state than the one noted: two looks may end in the wrong order."""
    return row.crm_updated_at is not None and updated_at is not None and updated_at < row.crm_updated_at


def subject_of(tenant_id: UUID, kind: str, crm_id: str) -> UUID:
    """The subject of events about a record that has no lead here yet: the same for each of them, so they keep their order."""
    return uuid5(NAMESPACE_URL, f"{tenant_id}/{kind}/{crm_id}")


def digest_of(*parts: object) -> str:
    return hashlib.sha256("|".join(str(part) for part in parts).encode()).hexdigest()
