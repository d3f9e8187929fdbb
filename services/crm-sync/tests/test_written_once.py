"""However a write to ShopMonkey ends, it stands there once; a table of what is written and the moment of the fault."""

import asyncio
import json
from typing import Any

import pytest
from crm_sync.actions import planning
from crm_sync.actions.syncing import work_off_due_tasks
from testkit.patience import eventually
from testkit.process import kill, service_process

TWO_MINUTES = 121
"""Seconds after which a lost write that is not found counts as not written."""


KINDS = ("appointment", "message")


async def owe(shop: Any, *kinds: str) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.select(f"DELETE FROM sync_tasks WHERE kind NOT IN {(*kinds, '')} RETURNING 1")  # noqa: S608


async def states(shop: Any) -> set[str]:
    return {state for (state,) in await shop.select("SELECT state FROM sync_tasks")}


def standing(shop: Any) -> list[int]:
    return [len(shop.rows(kind)) for kind in KINDS]


@pytest.mark.parametrize(
    ("fault", "before"),
    [
        ({"mode": "status", "status": 429, "retry_after": 0}, "planned"),
        ({"mode": "html_403"}, "planned"),
        ({"mode": "status", "status": 503}, "unknown"),
        ({"mode": "status", "status": 500, "after_commit": True}, "unknown"),
        ({"mode": "disconnect"}, "unknown"),
        ({"mode": "timeout"}, "unknown"),
        ({"mode": "timeout_after_commit"}, "unknown"),
        ({"mode": "timeout_after_commit", "seconds": 0}, "unknown"),
        ({"mode": "malformed"}, "unknown"),
        ({"mode": "html_200"}, "unknown"),
    ],
    ids=lambda value: "-".join(str(part) for part in value.values()) if isinstance(value, dict) else None,
)
async def test_it_stands_there_once(shop: Any, fault: dict[str, Any], before: str) -> None:
    await owe(shop, *KINDS)
    await shop.fault(**fault)
    await work_off_due_tasks(shop.deps)
    assert await states(shop) == {before}

    await shop.fault("none")
    for seconds in (15, TWO_MINUTES, TWO_MINUTES + 60):
        await shop.work(later_seconds=seconds)

    assert (await states(shop), standing(shop)) == ({"done"}, [1, 1])


async def test_a_server_that_takes_its_time_gets_no_second_write(shop: Any) -> None:
    await owe(shop, "appointment")
    await shop.fault("slow", seconds=2.5)
    await work_off_due_tasks(shop.deps)
    await shop.fault("none")

    await shop.work(later_seconds=15)
    assert (await states(shop), standing(shop)) == ({"unknown"}, [0, 0])

    await eventually(lambda: asyncio.sleep(0, shop.rows("appointment")), within_seconds=20)
    await shop.work(later_seconds=TWO_MINUTES)
    assert (await states(shop), standing(shop)) == ({"done"}, [1, 0])


async def test_two_workers_write_one_task_once(shop: Any) -> None:
    await owe(shop, "appointment")

    await asyncio.gather(*(work_off_due_tasks(shop.deps) for _ in range(4)))

    assert shop.calls("POST", "/appointment") == 1


@pytest.mark.rabbit
@pytest.mark.timeout(120)
@pytest.mark.parametrize("crash", [("timeout", 0), ("timeout_after_commit", 1)], ids=["before", "after"])
async def test_a_worker_killed_in_the_middle_of_its_write(
    shop: Any, database_url: str, rabbitmq_url: str, unused_tcp_port: int, crash: tuple[str, int]
) -> None:
    """`sending` is committed; ShopMonkey has the record (`after`) or not yet (`before`), and nobody notes an answer."""
    moment, taken = crash
    await owe(shop, *KINDS)
    await shop.fault(moment)
    account = {
        "base_url": f"{shop.sandbox.url}/shopmonkey",
        "api_key": shop.sandbox.world.settings.shopmonkey_api_key,
    }
    settings = {
        "database_url": database_url,
        "rabbitmq_url": rabbitmq_url,
        "port": str(unused_tcp_port),
        "shopmonkey_accounts": json.dumps({"default": account}),
    }

    async def written() -> bool:
        called = [shop.calls("POST", f"/{kind}") for kind in KINDS]
        return called == [1, 1] and standing(shop) == [taken, taken]

    async with service_process("crm-sync", **settings) as process:
        await eventually(written, within_seconds=60)
        await kill(process)
    assert await states(shop) == {"sending"}

    await shop.fault("none")
    for seconds in (61, TWO_MINUTES):
        await shop.work(later_seconds=seconds)

    assert (await states(shop), standing(shop)) == ({"done"}, [1, 1])
