"""The endpoint through which operators see what is too old, and remove it now."""

from datetime import datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from shared.http.operators import require_ops
from shared.http.problems import Problem
from shared.http.routes import CheckedRoute
from shared.retention import Remover
from shared.settings import ServiceSettings

ERASED_DAYS = 31
"""Nothing that a stream of events holds is older."""


class DueShown(BaseModel):
    """`days`: null where nothing leaves by age; `oldest`: of the rows that are due."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    what: str
    days: int | None
    rows: int
    oldest: datetime | None


class RetentionShown(BaseModel):
    kinds: list[DueShown]


class StepDone(BaseModel):
    """`more`: some may still be due; ask again."""

    model_config = ConfigDict(from_attributes=True)

    removed: int
    more: bool


class ErasedLately(BaseModel):
    """`subjects`: of the events about these leads that left the outbox."""

    leads: list[UUID]
    subjects: list[str]


def build_retention_api(remover: Remover, settings: ServiceSettings) -> APIRouter:
    router = APIRouter(
        prefix="/api/admin/retention", route_class=CheckedRoute, dependencies=[Depends(require_ops(settings))]
    )

    @router.get("")
    async def show_due() -> RetentionShown:
        return RetentionShown(kinds=[DueShown.model_validate(due) for due in await remover.due()])

    @router.get("/erased")
    async def show_erased() -> ErasedLately:
        """Leads that were erased in the last 31 days, of all tenants."""
        leads, subjects = await remover.erased_since(remover.now() - timedelta(days=ERASED_DAYS))
        return ErasedLately(leads=sorted(leads), subjects=sorted(subjects))

    @router.post("/{kind}")
    async def remove_batch(kind: str) -> StepDone:
        try:
            return StepDone.model_validate(await remover.step(kind))
        except KeyError:
            raise Problem(404, "kind_unknown", f"There is no kind {kind!r} here.") from None

    return router
