"""Booking over HTTP, as the customer's own chat token may use it."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import httpx2
from pydantic import BaseModel, TypeAdapter, ValidationError
from shared.events import Vehicle
from shared.http.links import Link, LinkPurpose, mint
from shared.telemetry.traces import trace_headers
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from chat.domain.values import Appointment, Hold, OpeningHours, Quote, Slot, SlotList

CONNECT_TIMEOUT_SECONDS = 2
TIMEOUT_SECONDS = 5
CONNECTION_ATTEMPTS = 2
CONNECTIONS = 100
"""As many as answers are made at once (`schedule.py`)."""
TOKEN_MINUTES = 5
HOURS_DAYS = 7

_SLOTS = TypeAdapter(tuple[Slot, ...])
AnswerT = TypeVar("AnswerT", bound=BaseModel)


class BookingAway(Exception):
    """Booking did not answer, or not in a way we understand: nothing is known to have happened."""


class BookingRefused(Exception):
    """Booking said no, for good; `code` is its stable word, `alternatives` other times for a time that is taken."""

    def __init__(self, status: int, code: str, detail: str, alternatives: Sequence[Slot] = ()) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.alternatives = tuple(alternatives)


class BookingClient:
    """Every call acts for one lead: the token it sends names nobody else. Raises `BookingAway` or `BookingRefused`."""

    def __init__(self, http: httpx2.AsyncClient, keys: Sequence[str], now: Callable[[], datetime]) -> None:
        self._http = http
        self._keys = keys
        self._now = now
        self.away_since: datetime | None = None
        """Since when no call has been answered; `None` while booking answers."""

    async def quote(
        self,
        lead: Link,
        *,
        service: str,
        vehicle_class: str | None,
        addons: Sequence[str] = (),
        vehicle: Vehicle | None = None,
    ) -> Quote:
        """`vehicle`: the car that it is for, `None` for the lead's own or one of that class."""
        car = vehicle.model_dump(include={"year", "make", "model"}) if vehicle and vehicle.typed else None
        body = {"service": service, "vehicle_class": vehicle_class, "addons": list(addons), "vehicle": car}
        return await self._call(lead, Quote, "POST", "/quotes", json={k: v for k, v in body.items() if v})

    async def slots(self, lead: Link, job: dict[str, str], *, first_day: date, days: int) -> SlotList:
        """`job` is `{quote_id}` or, for moving, `{appointment_id}`."""
        query = {**job, "from": first_day.isoformat(), "days": str(days)}
        return await self._call(lead, SlotList, "GET", "/slots", params=query)

    async def hours(self, lead: Link, *, first_day: date | None, days: int = HOURS_DAYS) -> OpeningHours:
        query = {"days": str(days)}
        if first_day is not None:
            query["from"] = first_day.isoformat()
        return await self._call(lead, OpeningHours, "GET", "/hours", params=query)

    async def hold(self, lead: Link, *, quote_id: UUID, start: datetime) -> Hold:
        body = {"quote_id": str(quote_id), "start": start.isoformat()}
        return await self._call(lead, Hold, "POST", "/holds", json=body)

    async def book(self, lead: Link, body: dict[str, object], *, key: str) -> Appointment:
        """`body` is `{hold_id}` or `{quote_id, start}`; the same `key` again is the same appointment."""
        return await self._call(lead, Appointment, "POST", "/appointments", json=body, key=key)

    async def appointment(self, lead: Link, appointment_id: UUID) -> Appointment:
        return await self._call(lead, Appointment, "GET", f"/appointments/{appointment_id}")

    async def move(self, lead: Link, appointment_id: UUID, start: datetime) -> Appointment:
        body: dict[str, object] = {"start": start.isoformat()}
        return await self._call(lead, Appointment, "POST", f"/appointments/{appointment_id}/move", json=body)

    async def cancel(self, lead: Link, appointment_id: UUID, reason: str) -> Appointment:
        body: dict[str, object] = {"reason": reason}
        return await self._call(
            lead, Appointment, "POST", f"/appointments/{appointment_id}/cancel", json=body
        )

    async def _call(  # noqa: PLR0913 - the parts of one request
        self,
        lead: Link,
        answer: type[AnswerT],
        method: str,
        path: str,
        *,
        json: object = None,
        params: dict[str, str] | None = None,
        key: str | None = None,
    ) -> AnswerT:
        headers = {"Authorization": f"Bearer {self._token(lead)}", **trace_headers()}
        if key:
            headers["Idempotency-Key"] = key

        async def send() -> httpx2.Response:
            return await self._http.request(
                method, f"/api/booking{path}", json=json, params=params, headers=headers
            )

        try:
            found = _read(answer, await _sent(send))
        except BookingAway:
            self.away_since = self.away_since or self._now()
            raise
        except BookingRefused:
            self.away_since = None
            raise
        self.away_since = None
        return found

    def _token(self, lead: Link) -> str:
        return mint(
            LinkPurpose.CHAT, lead, keys=self._keys, expires_at=self._now() + timedelta(minutes=TOKEN_MINUTES)
        )


async def _sent(send: Callable[[], Awaitable[httpx2.Response]]) -> httpx2.Response:
    """A connection that fails is tried again at once; one that was made and then timed out is not."""
    attempts = AsyncRetrying(
        stop=stop_after_attempt(CONNECTION_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.05, max=0.3),
        retry=retry_if_exception_type(httpx2.ConnectError),
        reraise=True,
    )
    try:
        return await attempts(send)
    except httpx2.HTTPError as error:
        raise BookingAway(type(error).__name__) from error


def _read(answer: type[AnswerT], response: httpx2.Response) -> AnswerT:
    if response.status_code >= 500 or response.status_code == 429:
        raise BookingAway(f"booking answered {response.status_code}")
    try:
        body = response.json()
        if response.is_success:
            return answer.model_validate(body)
        raise BookingRefused(
            response.status_code,
            str(body.get("code", "refused")),
            str(body.get("detail", "")),
            _SLOTS.validate_python(body.get("alternatives") or ()),
        )
    except (ValueError, AttributeError, ValidationError) as error:
        raise BookingAway(f"booking's answer {response.status_code} is not understood") from error


def booking_http(base_url: str) -> httpx2.AsyncClient:
    timeout = httpx2.Timeout(TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    return httpx2.AsyncClient(base_url=base_url, timeout=timeout, limits=limits, trust_env=False)
