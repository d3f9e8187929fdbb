"""HTTP in, staff and operators: the lead's timeline."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from shared.http.app import require_ops
from shared.http.problems import Problem
from shared.settings import ServiceSettings

from chat.actions.timeline import read_timeline
from chat.deps import Deps


class TimelineEvent(BaseModel):
    type: str
    time: datetime
    summary: str


class Timeline(BaseModel):
    """By time."""

    events: list[TimelineEvent]


def build_staff_api(deps: Deps, settings: ServiceSettings) -> APIRouter:
    router = APIRouter(dependencies=[Depends(require_ops(settings))])

    @router.get("/api/staff/leads/{lead_id}/timeline")
    async def timeline(lead_id: UUID, tenant: str) -> Timeline:
        """`tenant` is its slug."""
        entries = await read_timeline(deps, tenant, lead_id)
        if entries is None:
            raise Problem(404, "not_found", "There is no such tenant.")
        return Timeline(events=[TimelineEvent(type=e.type, time=e.time, summary=e.summary) for e in entries])

    return router
