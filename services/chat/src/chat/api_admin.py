"""Endpoints for operators."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from shared.http.operators import require_ops
from shared.http.problems import Problem
from shared.http.routes import CheckedRoute
from shared.text import Code

from chat.actions.knowledge import gaps
from chat.deps import Deps
from chat.settings import Settings


class GapOut(BaseModel):
    """`location` is the shop's code."""

    question: str
    language: str
    location: str
    asked_at: datetime


class GapsOut(BaseModel):
    """The newest first."""

    gaps: list[GapOut]


def build_admin_api(deps: Deps, settings: Settings) -> APIRouter:
    router = APIRouter(
        prefix="/api/admin/chat", route_class=CheckedRoute, dependencies=[Depends(require_ops(settings))]
    )

    @router.get("/{slug}/knowledge/gaps")
    async def knowledge_gaps(slug: Code, limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> GapsOut:
        """Customers' questions that nothing the shop says answers."""
        found = await gaps(deps, slug, limit)
        if found is None:
            raise Problem(404, "not_found", "There is no such tenant.")
        return GapsOut(gaps=[GapOut(**asdict(gap)) for gap in found])

    return router
