"""Doors for operators."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, ValidationInfo, field_validator
from shared.http.app import require_ops
from shared.http.problems import Problem

from booking.actions import administering
from booking.actions.administering import InvalidCatalog
from booking.deps import Deps
from booking.domain.errors import LocationUnknown
from booking.domain.hours import BadHours, Timetable, read_hours
from booking.settings import Settings


class ClosureIn(BaseModel):
    date: date
    note: str = Field(default="", max_length=200)


class HoursIn(BaseModel):
    """A day that is missing in `hours` is closed."""

    hours: dict[str, list[tuple[str, str]]]
    closures: list[ClosureIn] = []
    bays: list[Annotated[str, Field(min_length=1, max_length=60)]] = Field(min_length=1, max_length=50)
    minimum_notice_minutes: int = Field(default=120, ge=0, le=60 * 24 * 30)
    horizon_days: int = Field(default=60, ge=1, le=365)
    grid_minutes: int = Field(default=30, ge=5, le=240)

    @field_validator("hours")
    @classmethod
    def _readable(
        cls, hours: dict[str, list[tuple[str, str]]], _: ValidationInfo
    ) -> dict[str, list[tuple[str, str]]]:
        try:
            read_hours(hours)
        except BadHours as error:
            raise ValueError(str(error)) from error
        return hours

    def timetable(self) -> Timetable:
        return Timetable(
            openings=read_hours(self.hours),
            closures={closure.date: closure.note for closure in self.closures},
            bays=tuple(dict.fromkeys(self.bays)),
            minimum_notice_minutes=self.minimum_notice_minutes,
            horizon_days=self.horizon_days,
            grid_minutes=self.grid_minutes,
        )


class CatalogIn(BaseModel):
    """Rows are checked one by one, so that every error can be named by row and column."""

    rows: list[dict[str, object]] = Field(max_length=5000)


class ChangesOut(BaseModel):
    changes: list[dict[str, object]]


class ImportOut(ChangesOut):
    versions: dict[str, int]


class RowsOut(BaseModel):
    rows: list[dict[str, object]]


def build_admin_api(deps: Deps, settings: Settings) -> APIRouter:
    router = APIRouter(prefix="/api/admin/booking", dependencies=[Depends(require_ops(settings))])

    @router.put("/{slug}/locations/{code}/hours")
    async def set_hours(slug: str, code: str, body: HoursIn, dry_run: bool = False) -> ChangesOut:
        try:
            changes = await administering.set_timetable(deps, slug, code, body.timetable(), dry_run=dry_run)
        except LocationUnknown as error:
            raise _unknown(error) from error
        return ChangesOut(changes=changes)

    @router.put("/{slug}/catalog")
    async def import_catalog(slug: str, body: CatalogIn, dry_run: bool = False) -> ImportOut:
        try:
            done = await administering.import_catalog(deps, slug, body.rows, dry_run=dry_run)
        except LocationUnknown as error:
            raise _unknown(error) from error
        except InvalidCatalog as error:
            raise _invalid(error) from error
        return ImportOut(changes=done.changes, versions=done.versions)

    @router.get("/{slug}/catalog")
    async def show_catalog(slug: str) -> RowsOut:
        try:
            return RowsOut(rows=await administering.show_rows(deps, slug))
        except LocationUnknown as error:
            raise _unknown(error) from error

    return router


def _unknown(error: LocationUnknown) -> Problem:
    return Problem(404, error.code, error.detail, errors=error.errors)


def _invalid(error: InvalidCatalog) -> Problem:
    rows = [wrong.__dict__ for wrong in error.errors]
    return Problem(422, "invalid_catalog", f"{error}; nothing was changed.", errors=rows)
