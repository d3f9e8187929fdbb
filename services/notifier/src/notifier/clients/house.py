"""What chat and booking know at this moment, asked before a message goes that a word of the customer makes wrong."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import httpx2
from pydantic import AwareDatetime, BaseModel, ValidationError
from shared.http.links import Link, LinkPurpose, mint
from shared.telemetry.traces import trace_headers

TIMEOUT = httpx2.Timeout(5, connect=2)
TOKEN_LASTS = timedelta(minutes=5)


AnswerT = TypeVar("AnswerT", bound=BaseModel)


class HouseAway(Exception):
    """Nobody answered, or not in a way we understand: nothing is known."""


class CustomersWords(BaseModel):
    """`at`: when the customer last wrote, by whatever way; `opted_out`: when they last refused each channel."""

    at: AwareDatetime | None = None
    opted_out: dict[str, AwareDatetime] = {}


class _Appointment(BaseModel):
    status: str
    start: AwareDatetime


class House:
    """The other services, asked as the lead itself may ask them. Raises `HouseAway`."""

    def __init__(
        self, chat_url: str, booking_url: str, keys: Sequence[str], now: Callable[[], datetime]
    ) -> None:
        self._chat_url = chat_url.rstrip("/")
        self._booking_url = booking_url.rstrip("/")
        self._keys = keys
        self._now = now
        self._http = httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def words_of(self, lead: Link) -> CustomersWords:
        """What the customer has said so far, also what no event has told of yet."""
        answer = await self._ask(lead, f"{self._chat_url}/api/chat/engaged")
        return _read(CustomersWords, answer) if answer else CustomersWords()

    async def stands(self, lead: Link, appointment_id: UUID, start: datetime) -> bool:
        """Whether the appointment is still to be, and at this time."""
        answer = await self._ask(lead, f"{self._booking_url}/api/booking/appointments/{appointment_id}")
        if answer is None:
            return False
        found = _read(_Appointment, answer)
        return found.status == "booked" and found.start == start

    async def _ask(self, lead: Link, url: str) -> httpx2.Response | None:
        """`None`: not known there."""
        token = mint(LinkPurpose.CHAT, lead, keys=self._keys, expires_at=self._now() + TOKEN_LASTS)
        headers = {"Authorization": f"Bearer {token}", **trace_headers()}
        try:
            answer = await self._http.get(url, headers=headers)
        except httpx2.HTTPError as error:
            raise HouseAway(type(error).__name__) from error
        if answer.status_code == httpx2.codes.NOT_FOUND:
            return None
        if not answer.is_success:
            raise HouseAway(str(answer.status_code))
        return answer


def _read(kind: type[AnswerT], answer: httpx2.Response) -> AnswerT:
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError as error:
        raise HouseAway("malformed") from error
