"""Everybody answers, and late. A late answer is not a "no": nothing is done twice for it, and nothing untrue is said."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, AsyncExitStack

from faults.proxy import Impediment, Proxy
from faults.scenarios.table import Run, scenario

DELAYS_SECONDS = (1, 6, 20)
"""Within every patience; past that of a call in the house (5 s); past that of a vendor (10 s) and of a first token (8 s)."""


@scenario(31)
async def slow_booking(run: Run) -> None:
    await _slow_service(run, "booking")


@scenario(31)
async def slow_chat(run: Run) -> None:
    await _slow_service(run, "chat")


@scenario(31)
async def slow_broker(run: Run) -> None:
    await _with_each_delay(run, "broker", _late(run.system.broker))


@scenario(31)
async def slow_vendors(run: Run) -> None:
    for seconds in DELAYS_SECONDS:
        async with AsyncExitStack() as stack:
            for vendor in ("shopmonkey", "twilio", "smtp", "anthropic"):
                await stack.enter_async_context(run.system.vendor_fault(vendor, mode="slow", seconds=seconds))
            await _customers_meanwhile(run, seconds)
        run.injected.append(f"vendors {seconds} s")


async def _slow_service(run: Run, service: str) -> None:
    async with run.system.behind_a_proxy(service) as proxy:
        await _with_each_delay(run, service, _late(proxy))
    await run.system.ready()


def _late(proxy: Proxy) -> Callable[[float], AbstractContextManager[None]]:
    """There and back."""
    return lambda seconds: proxy.impeded(Impediment(latency_seconds=seconds / 2))


async def _with_each_delay(
    run: Run, name: str, late: Callable[[float], AbstractContextManager[None]]
) -> None:
    for seconds in DELAYS_SECONDS:
        with late(seconds):
            await _customers_meanwhile(run, seconds)
        run.injected.append(f"{name} {seconds} s")


async def _customers_meanwhile(run: Run, seconds: float) -> None:
    """As long as some calls of each take, one after the other."""
    for in_chat in (True, True, False):
        await _bring_messages_due(run)
        run.load.new_story(chats=not in_chat, books=True, in_chat=in_chat)
        await asyncio.sleep(seconds)


async def _bring_messages_due(run: Run) -> None:
    """Follow-ups and reminders of this load, before which notifier asks chat and booking; they go while it is day in California."""
    theirs = "SELECT id FROM notify.leads WHERE email LIKE $1"
    async with run.system.admin() as connection:
        for due in (
            "UPDATE notify.touch_points SET due_at = now() WHERE step = 1 AND state = 'planned'",
            "UPDATE notify.deliveries SET due_at = now() WHERE template = 'reminder' AND state = 'planned'",
        ):
            await connection.execute(f"{due} AND lead_id IN ({theirs})", f"{run.load.name}.%")
