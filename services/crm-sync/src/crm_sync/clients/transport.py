"""One ShopMonkey account over HTTP: key, limits, envelope, and errors by what they mean."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import httpx2
from pydantic import BaseModel, ConfigDict, SecretStr
from shared.http.vendors import VendorTransport
from shared.text import cleaned_json
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from crm_sync.clients.errors import NotFound, OutcomeUnknown, Refused, Throttled, Unavailable
from crm_sync.domain.crm import Json

USER_AGENT = "lead-orchestrator/0.1 (crm-sync)"
"""Explicit: their firewall answers unknown clients with an HTML 403."""
TIMEOUT = httpx2.Timeout(10, connect=5)
CALL_SECONDS = 30
"""In all: an answer that trickles in must not outlast the claim of its task."""
CALLS_IN_FLIGHT = 5
READ_ATTEMPTS = 3
LONGEST_WAIT_IN_PLACE_SECONDS = 3.0
"""A read waits no longer than this for its next try; past that the caller's own clock is the better place to wait."""

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
ParsedT = TypeVar("ParsedT")


class Account(BaseModel):
    """`base_url` without the version, such as `https://api.shopmonkey.cloud`."""

    model_config = ConfigDict(frozen=True)

    base_url: str
    api_key: SecretStr


@dataclass(frozen=True)
class Page:
    """`total` None: they did not say how many there are."""

    rows: tuple[Json, ...]
    total: int | None


class Transport:
    """At most five calls in flight; a 429 with a time silences the account until then."""

    def __init__(self, account: Account, timeout: httpx2.Timeout = TIMEOUT) -> None:
        headers = {
            "authorization": f"Bearer {account.api_key.get_secret_value()}",
            "user-agent": USER_AGENT,
            "accept": "application/json",
        }
        base_url = f"{account.base_url.rstrip('/')}/v3"
        transport = VendorTransport(call_seconds=CALL_SECONDS)
        self._http = httpx2.AsyncClient(
            base_url=base_url, headers=headers, timeout=timeout, transport=transport
        )
        self._in_flight = asyncio.Semaphore(CALLS_IN_FLIGHT)
        self._silent_until = 0.0

    async def close(self) -> None:
        await self._http.aclose()

    async def read_one(self, path: str) -> Json:
        """Raises `NotFound`, `Refused`, or after some tries `Throttled` or `Unavailable`."""
        return await self._read(_row, "GET", path)

    async def read_page(
        self, path: str, params: dict[str, str] | None = None, *, search: Json | None = None
    ) -> Page:
        """A list; with `search` a POST that changes nothing. Raises like `read_one`."""
        return await self._read(_page, "GET" if search is None else "POST", path, params, search)

    async def write(self, method: Method, path: str, body: Json) -> Json:
        """Sent once. Answers the row as it stands now; raises any of the errors."""
        answer = await self._send(method, path, None, body)
        _raise_for(answer, unclear=OutcomeUnknown)
        try:
            return _row(_json(answer))
        except Unavailable as error:
            raise OutcomeUnknown(str(error)) from error

    async def _read(
        self,
        parse: Callable[[object], ParsedT],
        method: Method,
        path: str,
        params: dict[str, str] | None = None,
        body: Json | None = None,
    ) -> ParsedT:
        async def once() -> ParsedT:
            try:
                answer = await self._send(method, path, params, body)
            except OutcomeUnknown as error:
                raise Unavailable(str(error)) from error
            _raise_for(answer, unclear=Unavailable)
            return parse(_json(answer))

        tries = AsyncRetrying(
            stop=stop_after_attempt(READ_ATTEMPTS),
            wait=_wait_seconds,
            retry=retry_if_exception_type((Throttled, Unavailable)),
            reraise=True,
        )
        return await tries(once)

    async def _send(
        self, method: Method, path: str, params: dict[str, str] | None, body: Json | None
    ) -> httpx2.Response:
        async with self._in_flight:
            self._respect_silence()
            try:
                answer = await self._http.request(method, path, params=params, json=body)
            except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
                raise Unavailable(f"not reached: {type(error).__name__}") from error
            except httpx2.TransportError as error:
                raise OutcomeUnknown(f"no answer: {type(error).__name__}") from error
        if answer.status_code == 429:
            raise self._throttled(answer)
        return answer

    def _respect_silence(self) -> None:
        left = self._silent_until - asyncio.get_running_loop().time()
        if left > 0:
            raise Throttled(left)

    def _throttled(self, answer: httpx2.Response) -> Throttled:
        given = answer.headers.get("retry-after", "")
        seconds = float(given) if given.isdigit() else None
        if seconds:
            self._silent_until = asyncio.get_running_loop().time() + seconds
        return Throttled(seconds)


_jitter = wait_random_exponential(multiplier=0.2, max=LONGEST_WAIT_IN_PLACE_SECONDS)


def _wait_seconds(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, Throttled) and error.retry_after_seconds is not None:
        return min(error.retry_after_seconds, LONGEST_WAIT_IN_PLACE_SECONDS)
    return _jitter(state)


def _raise_for(answer: httpx2.Response, *, unclear: type[Unavailable | OutcomeUnknown]) -> None:
    """`unclear`: what an answer means that tells nothing about what was done."""
    status = answer.status_code
    if status < 400:
        return
    if status >= 500 or status == 408:
        raise unclear(f"status {status}")
    refusal = _refusal(answer)
    if refusal is None or status == 401:
        # A firewall's page, or a key that is being replaced: nothing was done, and it will be right again.
        raise Unavailable(f"status {status} without their envelope" if refusal is None else "status 401")
    raise refusal


def _refusal(answer: httpx2.Response) -> Refused | None:
    """None when the answer is not theirs."""
    try:
        body = _json(answer)
    except Unavailable:
        return None
    if not isinstance(body, dict):
        return None
    kind = NotFound if answer.status_code == 404 else Refused
    return kind(answer.status_code, str(body.get("code", "")), str(body.get("message", ""))[:200])


def _json(answer: httpx2.Response) -> object:
    try:
        return cleaned_json(answer.json())
    except ValueError as error:
        raise Unavailable(f"status {answer.status_code} with an unreadable body") from error


def _row(body: object) -> Json:
    row = body.get("data") if isinstance(body, dict) else None
    if not isinstance(row, dict) or "id" not in row:
        raise Unavailable("an answer without a record")
    return row


def _page(body: object) -> Page:
    """Array and `meta` stand at the top or one level down. Empty without `meta` is how they throttle a list."""
    level = body if isinstance(body, dict) else {"data": body}
    inner = level.get("data")
    if isinstance(inner, dict):
        level = {"meta": level.get("meta"), **inner}
    rows, meta = level.get("data"), level.get("meta")
    if not isinstance(rows, list):
        raise Unavailable("an answer without a list")
    if not rows and not isinstance(meta, dict):
        raise Throttled(None)
    total = meta.get("total") if isinstance(meta, dict) else None
    return Page(
        rows=tuple(row for row in rows if isinstance(row, dict) and "id" in row),
        total=total if isinstance(total, int) else None,
    )
