"""Endpoints for operators."""

from typing import Annotated, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, BeforeValidator, Field, model_validator
from shared.http.operators import require_ops
from shared.http.problems import Problem
from shared.http.routes import CheckedRoute
from shared.text import Code, Day, Line, cleaned_json

from booking.actions import administering, timetables
from booking.actions.administering import InvalidRows
from booking.actions.documents import DOCUMENTS, AnyDocument
from booking.deps import Deps
from booking.domain.errors import LocationUnknown
from booking.domain.hours import (
    BadHours,
    SpecialDay,
    Timetable,
    Worker,
    read_hours,
    read_spans,
    read_time_off,
)
from booking.settings import Settings


class ClosureIn(BaseModel):
    date: Day
    note: Line = Field(default="", max_length=200)


Spans = list[tuple[str, str]]
Name = Annotated[Line, Field(min_length=1, max_length=60)]


class SpecialDayIn(ClosureIn):
    hours: Spans = Field(min_length=1)


class TimeOffIn(BaseModel):
    """`2026-12-24` is a whole day, as the last one too; `2026-12-24T13:00` is a time by the shop's clock."""

    begins: Code = Field(alias="from", max_length=30)
    ends: Code = Field(alias="to", max_length=30)
    note: Line = Field(default="", max_length=200)


class TechnicianIn(BaseModel):
    name: Name
    skills: list[Name] = Field(default=[], max_length=50)
    time_off: list[TimeOffIn] = Field(default=[], max_length=200)

    def worker(self) -> Worker:
        off = tuple(read_time_off(span.begins, span.ends, span.note) for span in self.time_off)
        return Worker(self.name, tuple(sorted(set(self.skills))), off)


class HoursIn(BaseModel):
    """A day that is missing in `hours` is closed. Without technicians the shop plans its bays only."""

    hours: dict[str, Spans]
    breaks: dict[str, Spans] = {}
    closures: list[ClosureIn] = []
    special_days: list[SpecialDayIn] = []
    holidays: bool = False
    bays: list[Name] = Field(min_length=1, max_length=50)
    technicians: list[TechnicianIn] = Field(default=[], max_length=50)
    minimum_notice_minutes: int = Field(default=120, ge=0, le=60 * 24 * 30)
    horizon_days: int = Field(default=60, ge=1, le=365)
    grid_minutes: int = Field(default=30, ge=5, le=240)

    @model_validator(mode="after")
    def _readable(self) -> Self:
        try:
            self.timetable()
        except BadHours as error:
            raise ValueError(str(error)) from error
        if len({one.name for one in self.technicians}) < len(self.technicians):
            raise ValueError("technicians: a name stands there twice")
        return self

    def timetable(self) -> Timetable:
        """Raises `BadHours`."""
        return Timetable(
            openings=read_hours(self.hours),
            breaks=read_hours(self.breaks),
            closures={closure.date: closure.note for closure in self.closures},
            special_days={
                day.date: SpecialDay(
                    tuple(read_spans(f"special_days: hours of {day.date}", day.hours)), day.note
                )
                for day in self.special_days
            },
            keeps_holidays=self.holidays,
            bays=tuple(dict.fromkeys(self.bays)),
            technicians=tuple(technician.worker() for technician in self.technicians),
            minimum_notice_minutes=self.minimum_notice_minutes,
            horizon_days=self.horizon_days,
            grid_minutes=self.grid_minutes,
        )


class RowsIn(BaseModel):
    """Rows are checked one by one, so that every error can be named by row and column."""

    rows: Annotated[list[dict[str, object]], BeforeValidator(cleaned_json)] = Field(max_length=5000)


class ChangesOut(BaseModel):
    changes: list[dict[str, object]]


class ImportOut(ChangesOut):
    versions: dict[str, int]


class RowsOut(BaseModel):
    rows: list[dict[str, object]]


def build_admin_api(deps: Deps, settings: Settings) -> APIRouter:
    router = APIRouter(
        prefix="/api/admin/booking", route_class=CheckedRoute, dependencies=[Depends(require_ops(settings))]
    )

    @router.put("/{slug}/locations/{code}/hours")
    async def set_hours(slug: Code, code: Code, body: HoursIn, dry_run: bool = False) -> ChangesOut:
        try:
            changes = await timetables.set_timetable(deps, slug, code, body.timetable(), dry_run=dry_run)
        except LocationUnknown as error:
            raise _unknown(error) from error
        return ChangesOut(changes=changes)

    @router.get("/{slug}/locations/{code}/hours")
    async def show_hours(slug: Code, code: Code) -> dict[str, object]:
        """As it is set."""
        try:
            return (await timetables.show_timetable(deps, slug, code)).plain()
        except LocationUnknown as error:
            raise _unknown(error) from error

    for document in DOCUMENTS:
        _add_document(router, deps, document)
    return router


def _add_document(router: APIRouter, deps: Deps, document: AnyDocument) -> None:
    @router.put(f"/{{slug}}/{document.name}", operation_id=f"import_{document.name}")
    async def import_rows(slug: Code, body: RowsIn, dry_run: bool = False) -> ImportOut:
        try:
            done = await administering.import_rows(deps, document, slug, body.rows, dry_run=dry_run)
        except LocationUnknown as error:
            raise _unknown(error) from error
        except InvalidRows as error:
            raise _invalid(error) from error
        return ImportOut(changes=done.changes, versions=done.versions)

    @router.get(f"/{{slug}}/{document.name}", operation_id=f"show_{document.name}")
    async def show_rows(slug: Code) -> RowsOut:
        try:
            return RowsOut(rows=await administering.show_rows(deps, document, slug))
        except LocationUnknown as error:
            raise _unknown(error) from error


def _unknown(error: LocationUnknown) -> Problem:
    return Problem(404, error.code, error.detail, errors=error.errors)


def _invalid(error: InvalidRows) -> Problem:
    rows = [wrong.__dict__ for wrong in error.errors]
    return Problem(422, error.code, f"{error}; nothing was changed.", errors=rows)
