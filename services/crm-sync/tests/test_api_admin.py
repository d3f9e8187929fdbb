"""The operators' endpoints."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from crm_sync.actions import planning
from crm_sync.actions.syncing import work_off_due_tasks
from crm_sync.api_admin import build_api_admin
from crm_sync.settings import Settings
from fastapi import FastAPI
from shared.http import problems
from shared.http.limits import Limits
from testkit.secrets import AS_OPERATOR, OPERATORS

SETTINGS = Settings.model_validate(
    {
        "database_url": "postgresql://unused:unused@127.0.0.1/unused",
        "rabbitmq_url": "amqp://unused",
        "operators": OPERATORS,
    }
)
TENANT = {"tenant": "sample-tint"}


def served_by(shop: Any) -> FastAPI:
    app = FastAPI(responses=problems.DECLARED)
    app.state.limits = Limits(shop.deps.sessions, SETTINGS.limit_windows(), secret="of-the-tests")
    problems.install(app)
    app.include_router(build_api_admin(shop.deps, SETTINGS, wake_worker=lambda: None, wake_poll=lambda: None))
    return app


@pytest.fixture
async def operator(shop: Any) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=served_by(shop)),
        base_url="http://crm-sync/api/admin/crm-sync",
        headers=AS_OPERATOR,
    ) as client:
        yield client


async def test_a_stranger_is_kept_out(operator: httpx2.AsyncClient) -> None:
    answer = await operator.get("/tasks", params=TENANT, headers={"authorization": "Bearer other"})

    assert answer.status_code == 401


async def test_a_failed_task_can_be_tried_again(shop: Any, operator: httpx2.AsyncClient) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.fault("status", status=422)
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.work()
    await shop.fault("none")
    failed = (await operator.get("/tasks", params={**TENANT, "state": "failed"})).json()["tasks"]
    [appointment] = [task for task in failed if task["kind"] == "appointment"]

    answer = await operator.post(f"/tasks/{appointment['id']}/retry", params=TENANT)
    await shop.work()

    assert answer.status_code == 202
    assert len(shop.rows("appointment")) == 1


async def test_a_task_that_is_not_there_cannot_be_tried_again(operator: httpx2.AsyncClient) -> None:
    answer = await operator.post(f"/tasks/{uuid4()}/retry", params=TENANT)

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_skipped_orders_are_shown_with_their_reason(shop: Any, operator: httpx2.AsyncClient) -> None:
    order = await shop.new_order(service="oil change")
    await shop.webhook("order", order["order_id"])

    answer = await operator.get("/observations", params={**TENANT, "verdict": "skipped"})

    [seen] = answer.json()["observations"]
    assert (seen["crm_id"], seen["reason"]) == (order["order_id"], "no_keyword")


async def test_an_unknown_tenant_is_not_found(operator: httpx2.AsyncClient) -> None:
    assert (await operator.get("/tasks", params={"tenant": "nobody"})).status_code == 404


async def test_an_operator_settles_what_nobody_can_look_up(shop: Any, operator: httpx2.AsyncClient) -> None:
    lead_id, _ = await shop.new_lead()
    await shop.apply(planning.plan_booking, shop.booking(lead_id))
    await shop.fault("disconnect")
    await work_off_due_tasks(shop.deps)
    await shop.fault("none")
    listed = (await operator.get("/tasks", params=TENANT | {"state": "unknown"})).json()["tasks"]
    note, appointment = sorted(listed, key=lambda task: task["kind"], reverse=True)

    for task, outcome in ((note, "written"), (appointment, "write")):
        settled = await operator.post(f"/tasks/{task['id']}/settle", params=TENANT, json={"outcome": outcome})
        assert settled.status_code == 200
    await shop.work(later_seconds=1)

    assert (len(shop.rows("message")), len(shop.rows("appointment"))) == (0, 1)
    assert shop.calls("POST", "/appointment/search") == 0, "the operator has looked"
    again = await operator.post(f"/tasks/{note['id']}/settle", params=TENANT, json={"outcome": "write"})
    assert (again.status_code, again.json()["code"]) == (409, "not_in_doubt")
