"""The endpoints through which operators see what a service holds of a lead or of an address, and erase what is no lead's."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from shared.db.engine import Sessions, transaction
from shared.http.operators import require_ops
from shared.http.routes import CheckedRoute
from shared.persons import NOBODY, Holdings, erase_addresses, erased, held, under_way
from shared.settings import ServiceSettings
from shared.text import AddressText

MOST_ADDRESSES = 100


class ErasedShown(BaseModel):
    """`rows`: table to how many rows were erased. `subjects`: of the events that left the outbox."""

    model_config = ConfigDict(from_attributes=True)

    erased_at: datetime
    rows: dict[str, int]
    subjects: list[str]


class HeldOfLead(BaseModel):
    """`tables`: each with its rows as they stand; `erased`: null while nobody asked for it or it is still to be done."""

    tables: dict[str, list[dict[str, Any]]]
    erased: ErasedShown | None


class Addresses(BaseModel):
    """As ingest answers them: normalised."""

    addresses: Annotated[list[AddressText], Field(min_length=1, max_length=MOST_ADDRESSES)]


class HeldOfAddresses(BaseModel):
    """`tables` as above; rows of leads that have the addresses are among them where they tell of the address itself."""

    tables: dict[str, list[dict[str, Any]]]


class ErasedOfAddresses(BaseModel):
    """As in `ErasedShown`. `under_way`: something is left that is being sent right now; ask again in a moment."""

    rows: dict[str, int]
    subjects: list[str]
    under_way: bool


def build_persons_api(
    sessions: Sessions, settings: ServiceSettings, holdings: Holdings, keys: SecretStr | None = None
) -> APIRouter:
    """`keys` where addresses stay as hashes."""
    router = APIRouter(
        prefix="/api/admin/persons", route_class=CheckedRoute, dependencies=[Depends(require_ops(settings))]
    )

    @router.get("/{tenant_id}/{lead_id}")
    async def show_held(tenant_id: UUID, lead_id: UUID) -> HeldOfLead:
        async with transaction(sessions, tenant_id) as session:
            tables = await held(session, holdings, lead_id)
            found = await erased(session, lead_id)
        return HeldOfLead(tables=tables, erased=ErasedShown.model_validate(found) if found else None)

    @router.post("/{tenant_id}/addresses/find")
    async def show_held_of_addresses(tenant_id: UUID, body: Addresses) -> HeldOfAddresses:
        """Also of somebody who is no lead."""
        async with transaction(sessions, tenant_id) as session:
            return HeldOfAddresses(tables=await held(session, holdings, NOBODY, body.addresses))

    @router.post("/{tenant_id}/addresses/erase")
    async def erase_held_of_addresses(tenant_id: UUID, body: Addresses) -> ErasedOfAddresses:
        """What names the addresses and is no lead's. Repeating it is harmless."""
        async with transaction(sessions, tenant_id) as session:
            rows, subjects = await erase_addresses(
                session, holdings, tenant_id=tenant_id, addresses=body.addresses, keys=keys
            )
            left = await under_way(session, holdings, NOBODY, body.addresses)
        return ErasedOfAddresses(rows=rows, subjects=subjects, under_way=left)

    return router
