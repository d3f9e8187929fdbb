"""Endpoints for customers: catalogue, quotes, times, holds, appointments."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from shared.http.app import bearer_token
from shared.http.limits import caller, limits_of
from shared.http.problems import Problem
from shared.http.routes import BeforeBody
from shared.text import Code

from booking.actions import availability, booking, changing, opening, quoting
from booking.actions.access import ManageVisitor, Visitor, needs_chat_link, read_visitor
from booking.deps import Deps
from booking.domain import errors
from booking.domain.catalog import VEHICLE_CLASSES
from booking.domain.invitation import calendar_file
from booking.routes import BookingRoute, FirstDay
from booking.wire import (
    AppointmentIn,
    AppointmentOut,
    CancelIn,
    CatalogOut,
    CatalogServiceOut,
    HoldIn,
    HoldOut,
    HoursOut,
    ManagedOut,
    MoveIn,
    QuoteIn,
    QuoteOut,
    SlotsOut,
    invitation_of,
    managed_json,
)

MAX_DAYS = 62
VisitorOf: TypeAlias = BeforeBody[Visitor]


def build_api(deps: Deps) -> APIRouter:
    async def visitor_by_link(request: Request) -> Visitor:
        limits = limits_of(request)
        try:
            visitor = read_visitor(deps, bearer_token(request))
        except errors.InvalidLink:
            await limits.failed(("link_failures_per_ip", caller(request)))
            raise
        kind = "reads_per_link" if request.method == "GET" else "changes_per_link"
        await limits.take((kind, visitor))
        return visitor

    visitor_of = BeforeBody(visitor_by_link)
    router = APIRouter(prefix="/api/booking")
    router.include_router(_prices_and_times(deps, visitor_of))
    router.include_router(_new_bookings(deps, visitor_of))
    router.include_router(_appointments(deps, visitor_of))
    return router


def _prices_and_times(deps: Deps, visitor_of: VisitorOf) -> APIRouter:
    router = APIRouter(route_class=BookingRoute)

    @router.get("/catalog")
    async def show_catalog(visitor: Annotated[Visitor, Depends(visitor_of)]) -> CatalogOut:
        offers = await quoting.show_catalog(deps, visitor)
        return CatalogOut(
            services=[CatalogServiceOut.of(offer) for offer in offers],
            vehicle_classes=list(VEHICLE_CLASSES),
        )

    @router.get("/hours")
    async def show_hours(
        visitor: Annotated[Visitor, Depends(visitor_of)],
        first_day: FirstDay = None,
        days: Annotated[int, Query(ge=1, le=MAX_DAYS)] = 7,
    ) -> HoursOut:
        return HoursOut.of(await opening.show_hours(deps, visitor, first_day, days))

    @router.post("/quotes", status_code=201)
    async def make_quote(visitor: Annotated[Visitor, Depends(visitor_of)], body: QuoteIn) -> QuoteOut:
        car = body.vehicle.named() if body.vehicle else None
        wish = quoting.Wish(body.service, body.vehicle_class, tuple(body.addons), body.tier, car)
        return QuoteOut.of(await quoting.make_quote(deps, visitor, wish))

    @router.get("/slots")
    async def find_slots(
        visitor: Annotated[Visitor, Depends(visitor_of)],
        quote_id: UUID | None = None,
        appointment_id: UUID | None = None,
        first_day: FirstDay = None,
        days: Annotated[int, Query(ge=1, le=MAX_DAYS)] = 14,
    ) -> SlotsOut:
        """For the job of a quote, or for moving an appointment; one of the two ids is needed."""
        if (quote_id is None) == (appointment_id is None):
            raise Problem(422, "invalid", "quote_id: name either a quote or an appointment.")
        question = availability.Question(quote_id, appointment_id, first_day, days)
        return SlotsOut.of(await availability.find_slots(deps, visitor, question))

    return router


def _new_bookings(deps: Deps, visitor_of: VisitorOf) -> APIRouter:
    router = APIRouter(route_class=BookingRoute)

    @router.post("/holds", status_code=201)
    async def hold_slot(visitor: Annotated[Visitor, Depends(visitor_of)], body: HoldIn) -> HoldOut:
        held = await booking.hold_slot(deps, needs_chat_link(visitor), body.quote_id, body.start)
        return HoldOut.of(*held)

    @router.post("/appointments", status_code=201)
    async def book(
        visitor: Annotated[Visitor, Depends(visitor_of)],
        body: AppointmentIn,
        idempotency_key: Annotated[Code, Header(min_length=1, max_length=200)],
    ) -> AppointmentOut:
        wanted = booking.Wanted(body.hold_id, body.quote_id, body.start)
        card = await booking.book(deps, needs_chat_link(visitor), wanted, idempotency_key)
        return AppointmentOut.of(card)

    return router


def _appointments(deps: Deps, visitor_of: VisitorOf) -> APIRouter:
    router = APIRouter(route_class=BookingRoute)

    @router.get("/manage")
    async def show_managed(visitor: Annotated[Visitor, Depends(visitor_of)]) -> ManagedOut:
        if not isinstance(visitor, ManageVisitor):
            raise errors.InvalidLink
        return managed_json(await changing.show_managed(deps, visitor))

    @router.get("/appointments/{appointment_id}")
    async def show_appointment(
        visitor: Annotated[Visitor, Depends(visitor_of)], appointment_id: UUID
    ) -> AppointmentOut:
        return AppointmentOut.of(await changing.show_appointment(deps, visitor, appointment_id))

    @router.post("/appointments/{appointment_id}/move")
    async def move(
        visitor: Annotated[Visitor, Depends(visitor_of)], appointment_id: UUID, body: MoveIn
    ) -> AppointmentOut:
        card = await changing.move_appointment(deps, visitor, appointment_id, body.start)
        return AppointmentOut.of(card)

    @router.post("/appointments/{appointment_id}/cancel")
    async def cancel(
        visitor: Annotated[Visitor, Depends(visitor_of)],
        appointment_id: UUID,
        body: CancelIn | None = None,
    ) -> AppointmentOut:
        reason = body.reason if body else None
        return AppointmentOut.of(await changing.cancel_appointment(deps, visitor, appointment_id, reason))

    @router.post("/appointments/{appointment_id}/chat-link", status_code=202)
    async def send_chat_link(
        visitor: Annotated[Visitor, Depends(visitor_of)], appointment_id: UUID
    ) -> dict[str, str]:
        """Sends the chat link to the customer's known address; once an hour, however often it is asked for."""
        await changing.ask_for_chat_link(deps, visitor, appointment_id)
        return {"status": "accepted"}

    @router.get(
        "/appointments/{appointment_id}/calendar.ics",
        response_class=Response,
        responses={200: {"content": {"text/calendar": {}}}},
    )
    async def show_calendar(
        visitor: Annotated[Visitor, Depends(visitor_of)], appointment_id: UUID
    ) -> Response:
        card = await changing.show_appointment(deps, visitor, appointment_id)
        invitation = invitation_of(card, deps.public_url)
        return Response(
            calendar_file(invitation),
            media_type="text/calendar; method=PUBLISH; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="appointment.ics"'},
        )

    return router
