"""Twilio's message API: one POST to send, one GET to find out what became of a message; and the pictures that it keeps for us."""

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2
from pydantic import BaseModel, ValidationError
from shared.http.vendors import VendorTransport

from notifier.domain.outcome import Accepted, Outcome, Refused, TryLater, Uncertain
from notifier.domain.pictures import Picture, picture_of
from notifier.letters import Text

TIMEOUT = httpx2.Timeout(10.0, connect=3.0)
CALL_SECONDS = 30
"""In all: an answer that trickles in must not outlast the claim of its message."""
PICTURES_SECONDS = 8
"""In all: the mail that they are enclosed in has a claim that runs out."""
CONNECTIONS = 20
PAGE_SIZE = 50
MEDIA_HOSTS = ("mms.twiliocdn.com", "media.twiliocdn.com", "s3-external-1.amazonaws.com")
"""Where Twilio sends on to for the bytes, by a link that needs no log-in."""

_NOT_TAKEN = frozenset({401, 403, 404, 408, 429, 503})
"""Told before anything was done: wrong key, rate, maintenance. Other 5xx leave it open, so the message is looked up."""


class LookupFailed(Exception):
    """Twilio did not say; ask again later."""


class SentText(BaseModel):
    """A message as Twilio has it."""

    sid: str
    body: str
    status: str


class _Listing(BaseModel):
    messages: list[SentText]


class TwilioClient:
    def __init__(self, base_url: str, account_sid: str, auth_token: str) -> None:
        accounts = f"{base_url.rstrip('/')}/2010-04-01/Accounts"
        self._path = f"{accounts}/{account_sid}/Messages.json"
        self._origin = httpx2.URL(base_url)
        self._media = re.compile(rf"{re.escape(accounts)}/\w+/Messages/\w+/Media/\w+", re.ASCII)
        self._http = httpx2.AsyncClient(
            auth=(account_sid, auth_token),
            timeout=TIMEOUT,
            transport=VendorTransport(call_seconds=CALL_SECONDS, connections=CONNECTIONS),
        )

    async def send(self, text: Text, status_callback: str) -> Outcome:
        form = {
            "To": text.recipient,
            "From": text.sender,
            "Body": text.body,
            "StatusCallback": status_callback,
        }
        try:
            answer = await self._http.post(self._path, data=form)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return TryLater("twilio_unreachable")
        except httpx2.HTTPError as error:
            return Uncertain(f"twilio_{type(error).__name__.lower()}")
        return _understood(answer)

    async def sent_to(self, recipient: str, since: datetime) -> list[SentText]:
        """Newest first. Raises `LookupFailed`."""
        params: dict[str, str | int] = {
            "To": recipient,
            "DateSent>": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "PageSize": PAGE_SIZE,
        }
        try:
            answer = await self._http.get(self._path, params=params)
            answer.raise_for_status()
            return _Listing.model_validate_json(answer.content).messages
        except (httpx2.HTTPError, ValidationError) as error:
            raise LookupFailed(type(error).__name__) from error

    async def pictures(self, urls: Sequence[str]) -> list[Picture]:
        """Those that Twilio gives us in time, in their order."""
        found: list[Picture] = []
        try:
            async with asyncio.timeout(PICTURES_SECONDS):
                for url in urls:
                    if picture := await self._picture(url):
                        found.append(picture)
        except TimeoutError:
            pass
        return found

    async def _picture(self, url: str) -> Picture | None:
        """Our log-in goes to Twilio's own address of a medium and nowhere else, whatever a message names."""
        if not self._media.fullmatch(url):
            return None
        try:
            answer = await self._http.get(url)
            if answer.next_request and self._is_twilios(answer.next_request.url):
                answer = await self._http.get(answer.next_request.url, auth=None)
        except httpx2.HTTPError:
            return None
        return picture_of(answer.content) if answer.is_success else None

    def _is_twilios(self, url: httpx2.URL) -> bool:
        here = (self._origin.scheme, self._origin.host, self._origin.port)
        return (url.scheme, url.host, url.port) == here or (url.scheme == "https" and url.host in MEDIA_HOSTS)

    async def close(self) -> None:
        await self._http.aclose()


def _understood(answer: httpx2.Response) -> Outcome:
    content = _json(answer)
    if answer.is_success:
        sid = content.get("sid")
        return Accepted(sid) if isinstance(sid, str) else Uncertain("twilio_malformed")
    if answer.status_code in _NOT_TAKEN or (answer.is_client_error and "code" not in content):
        return TryLater(f"twilio_{answer.status_code}", _retry_after(answer))
    if answer.is_client_error:
        return Refused(str(content["code"]))
    return Uncertain(f"twilio_{answer.status_code}")


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _retry_after(answer: httpx2.Response) -> float | None:
    value = answer.headers.get("retry-after", "")
    return float(value) if value.isdigit() else None
