"""Endpoints for operators: what the CRM is owed, what was seen and why it was skipped, and trying again."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict
from shared.db.engine import transaction
from shared.http.operators import require_ops
from shared.http.problems import Problem
from shared.http.routes import CheckedRoute
from shared.settings import ServiceSettings
from shared.text import Code

from crm_sync import store
from crm_sync.actions.settling import settle_in_doubt
from crm_sync.deps import Deps
from crm_sync.domain.sync import Kind

TaskState = Literal["planned", "sending", "done", "skipped", "failed", "unknown"]
Seen = Literal["lead", "skipped", "ours", "theirs", "published", "erased"]
Limit = Annotated[int, Query(ge=1, le=500)]


class _Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class TaskShown(_Shown):
    """Without the payload: it holds what customers wrote."""

    id: UUID
    lead_id: UUID
    location_id: UUID | None
    kind: Kind
    our_id: UUID
    sequence: int
    state: TaskState
    attempts: int
    due_at: datetime
    last_error: str | None
    created_at: datetime


class Verdict(BaseModel):
    outcome: Literal["written", "write"]


class ObservationShown(_Shown):
    kind: str
    crm_id: str
    location_id: UUID | None
    crm_updated_at: datetime | None
    verdict: str
    reason: str | None
    seen_by: str
    observed_at: datetime


class CursorShown(_Shown):
    location_id: UUID
    watermark: datetime
    polled_at: datetime


def build_api_admin(
    deps: Deps, settings: ServiceSettings, *, wake_worker: Callable[[], None], wake_poll: Callable[[], None]
) -> APIRouter:
    router = APIRouter(
        prefix="/api/admin/crm-sync", route_class=CheckedRoute, dependencies=[Depends(require_ops(settings))]
    )
    _show(router, deps)

    @router.post("/tasks/{task_id}/retry", status_code=202)
    async def retry_task(task_id: UUID, tenant: Code) -> dict[str, str]:
        tenant_id = await _tenant(deps, tenant)
        async with transaction(deps.sessions, tenant_id) as session:
            if not await store.plan_again(session, tenant_id, task_id, now=await store.clock(session)):
                raise Problem(404, "not_found", "There is no failed or skipped task with this id.")
        wake_worker()
        return {"status": "planned"}

    @router.post("/tasks/{task_id}/settle")
    async def settle_task(task_id: UUID, tenant: Code, verdict: Verdict) -> TaskShown:
        """An operator has looked in the CRM: `written` leaves it, `write` writes without looking again."""
        tenant_id = await _tenant(deps, tenant)
        task = await settle_in_doubt(deps, tenant_id, task_id, written=verdict.outcome == "written")
        if task is None:
            raise Problem(409, "not_in_doubt", "There is no unknown or failed task with this id.")
        wake_worker()
        return TaskShown.model_validate(task)

    @router.post("/poll", status_code=202)
    async def poll_now() -> dict[str, str]:
        """Without waiting for the clock."""
        wake_poll()
        return {"status": "polling"}

    return router


def _show(router: APIRouter, deps: Deps) -> None:
    @router.get("/tasks")
    async def show_tasks(
        tenant: Code, state: TaskState | None = None, lead_id: UUID | None = None, limit: Limit = 100
    ) -> dict[str, list[TaskShown]]:
        tenant_id = await _tenant(deps, tenant)
        async with transaction(deps.sessions, tenant_id) as session:
            rows = await store.tasks(session, tenant_id, state=state, lead_id=lead_id, limit=limit)
        return {"tasks": [TaskShown.model_validate(row) for row in rows]}

    @router.get("/observations")
    async def show_observations(
        tenant: Code, verdict: Seen | None = None, limit: Limit = 100
    ) -> dict[str, list[ObservationShown]]:
        tenant_id = await _tenant(deps, tenant)
        async with transaction(deps.sessions, tenant_id) as session:
            rows = await store.observations(session, tenant_id, verdict=verdict, limit=limit)
        return {"observations": [ObservationShown.model_validate(row) for row in rows]}

    @router.get("/cursors")
    async def show_cursors(tenant: Code) -> dict[str, list[CursorShown]]:
        tenant_id = await _tenant(deps, tenant)
        async with transaction(deps.sessions, tenant_id) as session:
            rows = await store.cursors(session, tenant_id)
        return {"cursors": [CursorShown.model_validate(row) for row in rows]}


async def _tenant(deps: Deps, slug: str) -> UUID:
    async with transaction(deps.sessions, None) as session:
        tenant_id = await store.tenant_of_slug(session, slug)
    if tenant_id is None:
        raise Problem(404, "not_found", f"No tenant {slug!r} is known here.")
    return tenant_id
