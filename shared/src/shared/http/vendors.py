"""How we hear a vendor out: no answer may last or grow without an end. For services that bring httpx2."""

import asyncio
from collections.abc import AsyncIterator

import httpx2

MAX_ANSWER_BYTES = 10 * 1024 * 1024
"""Ten times the largest page that a vendor has reason to send."""


class AnswerTooLarge(httpx2.ProtocolError):
    """The rest was not read. As after any lost answer, nobody knows what was done."""


class VendorTransport(httpx2.AsyncHTTPTransport):
    """`call_seconds`: from the request's first byte to the answer's last one, however slowly it trickles in.

    `kept_seconds`: how long a connection without a call stays open. A vendor may close it just as the next call begins,
    so it is longer only where repeating a call does no harm.
    """

    def __init__(self, *, call_seconds: float, connections: int = 100, kept_seconds: float = 5) -> None:
        limits = httpx2.Limits(max_connections=connections, keepalive_expiry=kept_seconds)
        super().__init__(trust_env=False, limits=limits)
        self._call_seconds = call_seconds

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Uncompressed, so that what is counted is what is kept."""
        request.headers["accept-encoding"] = "identity"
        deadline = asyncio.get_running_loop().time() + self._call_seconds
        try:
            async with asyncio.timeout_at(deadline):
                answer = await super().handle_async_request(request)
        except TimeoutError as error:
            raise _too_slow(request) from error
        assert isinstance(answer.stream, httpx2.AsyncByteStream)  # noqa: S101 - an asynchronous client has no other
        answer.stream = _Bounded(answer.stream, request, deadline)
        return answer


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, request: httpx2.Request, deadline: float) -> None:
        self._stream = stream
        self._request = request
        self._deadline = deadline

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks, heard_bytes = aiter(self._stream), 0
        while (chunk := await self._next(chunks)) is not None:
            heard_bytes += len(chunk)
            if heard_bytes > MAX_ANSWER_BYTES:
                raise AnswerTooLarge(f"over {MAX_ANSWER_BYTES} bytes", request=self._request)
            yield chunk

    async def _next(self, chunks: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout_at(self._deadline):
                return await anext(chunks, None)
        except TimeoutError as error:
            raise _too_slow(self._request) from error

    async def aclose(self) -> None:
        await self._stream.aclose()


def _too_slow(request: httpx2.Request) -> httpx2.ReadTimeout:
    return httpx2.ReadTimeout("the answer took too long as a whole", request=request)
