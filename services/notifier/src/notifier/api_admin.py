"""What operators see of deliveries, and how they settle one whose fate nobody knows."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict
from shared.db.engine import transaction
from shared.http.app import require_ops
from shared.http.problems import Problem

from notifier.actions.settling import settle_unknown
from notifier.actions.tenants import tenant_named
from notifier.deps import Deps
from notifier.store import deliveries, touches

State = Literal["planned", "sending", "sent", "failed", "unknown", "suppressed"]


class DeliveryView(BaseModel):
    """Without address and words: operators see what happened, not to whom."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    lead_id: UUID
    location_id: UUID
    channel: str
    template: str
    touch: int | None
    state: str
    reason: str | None
    provider_id: str | None
    provider_status: str | None
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None


class Deliveries(BaseModel):
    deliveries: list[DeliveryView]


class TouchView(BaseModel):
    """`reason`: why it was skipped or cancelled."""

    model_config = ConfigDict(from_attributes=True)

    step: int
    due_at: datetime
    state: str
    reason: str | None
    sequence_name: str
    sequence_version: int


class Touches(BaseModel):
    touches: list[TouchView]


class Verdict(BaseModel):
    """`sent`: it arrived, leave it; `resend`: it did not, send it (again)."""

    outcome: Literal["sent", "resend"]


def build_admin_api(deps: Deps) -> APIRouter:
    router = APIRouter(prefix="/api/admin/notifier", dependencies=[Depends(require_ops(deps.settings))])

    @router.get("/{tenant}/deliveries")
    async def list_deliveries(
        tenant: str,
        state: State | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Deliveries:
        """Newest first."""
        tenant_id = await tenant_named(deps, tenant)
        async with transaction(deps.sessions, tenant_id) as session:
            rows = await deliveries.deliveries(session, tenant_id, state, limit)
        return Deliveries(deliveries=[DeliveryView.model_validate(row) for row in rows])

    @router.get("/{tenant}/leads/{lead_id}/touches")
    async def list_touches(tenant: str, lead_id: UUID) -> Touches:
        """The lead's sequence, by step; empty when the lead is not known here."""
        tenant_id = await tenant_named(deps, tenant)
        async with transaction(deps.sessions, tenant_id) as session:
            rows = await touches.sequence_of(session, tenant_id, lead_id)
        return Touches(touches=[TouchView.model_validate(row) for row in rows])

    @router.post("/{tenant}/deliveries/{delivery_id}/settle")
    async def settle(tenant: str, delivery_id: UUID, verdict: Verdict) -> DeliveryView:
        tenant_id = await tenant_named(deps, tenant)
        row = await settle_unknown(deps, tenant_id, delivery_id, resend=verdict.outcome == "resend")
        if row is None:
            raise Problem(409, "not_unknown", "There is no such delivery with an unknown fate.")
        return DeliveryView.model_validate(row)

    return router
