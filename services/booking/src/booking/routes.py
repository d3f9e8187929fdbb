"""What the endpoints for customers and for staff have in common: booking's errors as answers."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Query, Request, Response
from shared.http.problems import Problem
from shared.http.routes import CheckedRoute
from shared.text import Day

from booking.domain import errors
from booking.wire import SlotOut

FirstDay = Annotated[Day | None, Query(alias="from")]
NOT_READY_RETRY_SECONDS = 1

_STATUS: tuple[tuple[type[errors.BookingError], int], ...] = (
    (errors.InvalidLink, 401),
    (errors.ChatLinkNeeded, 403),
    (errors.ReadOnly, 403),
    (errors.NotFound, 404),
    (errors.LocationNotYours, 404),
    (errors.SlotTaken, 409),
    (errors.KeyReused, 409),
    (errors.AppointmentCancelled, 409),
    (errors.Refused, 422),
    (errors.NotReady, 503),
)


class BookingRoute(CheckedRoute):
    """Turns booking's own errors into problem answers."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return await handle(request)
            except errors.BookingError as error:
                raise _problem(error) from error

        return answer


def _problem(error: errors.BookingError) -> Problem:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    headers = {"Retry-After": str(NOT_READY_RETRY_SECONDS)} if status == 503 else None
    extra: dict[str, object] = {}
    if isinstance(error, errors.NotThen):
        extra["alternatives"] = [SlotOut.of(slot).model_dump(mode="json") for slot in error.alternatives]
    return Problem(status, error.code, error.detail, headers=headers, **extra)
