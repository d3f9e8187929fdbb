"""HTTP in, staff: the calendar of a location, and what they book, move and cancel for customers."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query
from pydantic import BaseModel
from shared.http.problems import Problem
from shared.http.routes import BeforeBody
from shared.http.staff import signed_in
from shared.staff import Viewer
from shared.text import Code, Moment

from booking.actions import availability, booking, changing, quoting
from booking.actions.access import StaffVisitor, acting
from booking.actions.calendar import show_calendar
from booking.deps import Deps
from booking.domain.catalog import VEHICLE_CLASSES
from booking.routes import BookingRoute, FirstDay
from booking.settings import Settings
from booking.wire import CancelIn, CatalogOut, CatalogServiceOut, MoveIn, QuoteOut, SlotsOut
from booking.wire_staff import StaffBookingOut, StaffCalendarOut, StaffQuoteIn

MAX_DAYS = 14
MAX_DAYS_OF_TIMES = 62

Signed: TypeAlias = BeforeBody[Viewer]


class StaffBookingIn(BaseModel):
    """`quote_id` is one of the lead's."""

    lead_id: UUID
    quote_id: UUID
    start: Moment


def build_staff_api(deps: Deps, settings: Settings) -> APIRouter:
    member = signed_in(deps.sessions, settings, deps.now)
    router = APIRouter(prefix="/api/staff")
    router.include_router(_reading(deps, member))
    router.include_router(_booking(deps, member))
    router.include_router(_changing(deps, member))
    return router


def _reading(deps: Deps, member_of: Signed) -> APIRouter:
    router = APIRouter(route_class=BookingRoute)
    signed = Annotated[Viewer, Depends(member_of)]

    @router.get("/calendar", response_model_exclude_none=True)
    async def calendar(
        member: signed,
        location: Annotated[Code, Query(max_length=64)],
        first_day: FirstDay = None,
        days: Annotated[int, Query(ge=1, le=MAX_DAYS)] = 7,
    ) -> StaffCalendarOut:
        """Of the location with that code."""
        return StaffCalendarOut.of(await show_calendar(deps, member, location, first_day, days))

    @router.get("/calendar/services")
    async def services(member: signed, lead_id: UUID) -> CatalogOut:
        """What the lead's location offers today."""
        offers = await quoting.show_catalog(deps, StaffVisitor(member, lead_id))
        shown = [CatalogServiceOut.of(offer) for offer in offers]
        return CatalogOut(services=shown, vehicle_classes=list(VEHICLE_CLASSES))

    @router.get("/calendar/slots")
    async def slots(
        member: signed,
        lead_id: UUID | None = None,
        quote_id: UUID | None = None,
        appointment_id: UUID | None = None,
        first_day: FirstDay = None,
        days: Annotated[int, Query(ge=1, le=MAX_DAYS_OF_TIMES)] = 14,
    ) -> SlotsOut:
        """Free times for a lead's quote, or for moving an appointment."""
        if (quote_id is None or lead_id is None) == (appointment_id is None):
            raise Problem(422, "invalid", "quote_id: name either a lead and its quote, or an appointment.")
        question = availability.Question(quote_id, appointment_id, first_day, days)
        return SlotsOut.of(await availability.find_slots(deps, StaffVisitor(member, lead_id), question))

    return router


def _booking(deps: Deps, member_of: Signed) -> APIRouter:
    router = APIRouter(route_class=BookingRoute)
    signed = Annotated[Viewer, Depends(member_of)]

    @router.post("/calendar/quotes", status_code=201)
    async def quote(member: signed, body: StaffQuoteIn) -> QuoteOut:
        """The price for the lead's own car, or for the one that is named."""
        car = body.vehicle.named() if body.vehicle else None
        wish = quoting.Wish(body.service, body.vehicle_class, tuple(body.addons), body.tier, car)
        return QuoteOut.of(await quoting.make_quote(deps, acting(member, body.lead_id), wish))

    @router.post("/calendar/appointments", status_code=201)
    async def book(
        member: signed,
        body: StaffBookingIn,
        idempotency_key: Annotated[Code, Header(min_length=1, max_length=200)],
    ) -> StaffBookingOut:
        """409 `slot_taken` with three other times. The customer gets the same confirmation as for a booking of their own."""
        wanted = booking.Wanted(quote_id=body.quote_id, start=body.start)
        visitor = acting(member, body.lead_id)
        return StaffBookingOut.of(await booking.book(deps, visitor, wanted, idempotency_key))

    return router


def _changing(deps: Deps, member_of: Signed) -> APIRouter:
    router = APIRouter(route_class=BookingRoute, prefix="/calendar/appointments/{appointment_id}")
    signed = Annotated[Viewer, Depends(member_of)]

    @router.post("/move")
    async def move(member: signed, appointment_id: UUID, body: MoveIn) -> StaffBookingOut:
        """Repeating it is harmless; 409 `slot_taken` with three other times."""
        card = await changing.move_appointment(deps, acting(member), appointment_id, body.start)
        return StaffBookingOut.of(card)

    @router.post("/cancel")
    async def cancel(member: signed, appointment_id: UUID, body: CancelIn | None = None) -> StaffBookingOut:
        """Repeating it is harmless."""
        reason = body.reason if body else None
        card = await changing.cancel_appointment(deps, acting(member), appointment_id, reason)
        return StaffBookingOut.of(card)

    @router.post("/no-show")
    async def no_show(member: signed, appointment_id: UUID) -> StaffBookingOut:
        """The customer did not come. Repeating it is harmless; 422 `not_begun` before its start."""
        return StaffBookingOut.of(await changing.mark_no_show(deps, acting(member), appointment_id))

    return router
