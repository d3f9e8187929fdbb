"""The two rate limit headers that every ShopMonkey answer carries."""

import time
from collections import deque

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

CALLS_PER_MINUTE = (
    60_000  # the real number isn't published; 429 is a fault to inject, so the limit is only shown
)


class RateWindow:
    def __init__(self) -> None:
        self._recent: deque[float] = deque()

    def sign(self, send: Send) -> Send:
        """`send` with the headers added; counts one call."""
        clock = time.monotonic()
        self._recent.append(clock)
        while self._recent[0] < clock - 60:
            self._recent.popleft()
        remaining = str(max(CALLS_PER_MINUTE - len(self._recent), 0))

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["X-RateLimit-Limit-Minute"] = str(CALLS_PER_MINUTE)
                headers["X-RateLimit-Remaining-Minute"] = remaining
            await send(message)

        return signed
