"""Waiting for what happens elsewhere, without guessing how long it takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

ResultT = TypeVar("ResultT")


async def eventually(
    check: Callable[[], Awaitable[ResultT]], *, within_seconds: float = 30, every_seconds: float = 0.05
) -> ResultT:
    """The first truthy answer of `check`; fails with its last answer or error when the time is over."""
    deadline = time.monotonic() + within_seconds
    while True:
        last: object
        try:
            result = await check()
            if result:
                return result
            last = result
        except AssertionError as error:
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_seconds} s; last: {last!r}")
        await asyncio.sleep(every_seconds)
