"""Whether every program of the stack answers, and waiting until it does."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import httpx2

from ops.stack import supervise
from ops.stack.screen import StackError, say, tail

READY_SECONDS = 300
"""On a loaded machine; what ends by itself is not waited for."""
POLL_SECONDS = 0.1
STARTS_BEFORE_GIVING_UP = 4
READY_PATHS = {"gateway": "/healthz", "sandbox": "/control/faults"}


async def unready(addresses: Mapping[str, str]) -> set[str]:
    """Names that do not answer 2xx on their readiness path right now; `addresses`: name -> origin."""
    async with _client() as client:
        return await _unready(client, addresses)


async def wait_until_ready(state_dir: Path, addresses: Mapping[str, str]) -> None:
    """Says each name as it becomes ready; raises StackError with the end of the log of the first that fails."""
    began = time.monotonic()
    waiting, pids = set(addresses), {name: set[int]() for name in addresses}
    async with _client() as client:
        while waiting:
            still = await _unready(client, {name: addresses[name] for name in waiting})
            for name in sorted(waiting - still):
                say(f"  ✓ {name} is ready at {addresses[name]}  {time.monotonic() - began:.1f} s")
            waiting = still
            for name, program in supervise.watched(state_dir).items():
                pids.setdefault(name, set()).add(program.pid)
                if name in waiting and _is_lost(program.state, pids[name]):
                    raise _failure(state_dir, name, "keeps ending")
            if waiting and time.monotonic() - began > READY_SECONDS:
                raise _failure(state_dir, min(waiting), f"is not ready after {READY_SECONDS} s")
            await asyncio.sleep(POLL_SECONDS)


def _client() -> httpx2.AsyncClient:
    """To be kept while it polls: each one reads the system's certificates, which takes the services' processor time."""
    return httpx2.AsyncClient(timeout=3, trust_env=False)


async def _unready(client: httpx2.AsyncClient, addresses: Mapping[str, str]) -> set[str]:
    answers = await asyncio.gather(*(_is_ready(client, name, origin) for name, origin in addresses.items()))
    return {name for name, ready in zip(addresses, answers, strict=True) if not ready}


def _is_lost(state: int, pids: set[int]) -> bool:
    return state == supervise.FATAL or len(pids - {0}) >= STARTS_BEFORE_GIVING_UP


def _failure(state_dir: Path, name: str, how: str) -> StackError:
    log = state_dir / "logs" / f"{name}.log"
    return StackError(f"{name} {how}; the end of {log}:\n{tail(log)}")


async def _is_ready(client: httpx2.AsyncClient, name: str, origin: str) -> bool:
    try:
        answer = await client.get(f"{origin}{READY_PATHS.get(name, '/readyz')}")
    except httpx2.HTTPError:
        return False
    return answer.is_success
