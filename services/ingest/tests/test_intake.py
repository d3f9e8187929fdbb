"""Webhooks of a tenant whom the endpoint knows: many of them are one commit, and nothing that it knows outlives a change."""

import asyncio

import pytest
from shared.db.engine import connect

from .conftest import OPS, SECRET, TENANT, intake_of, location
from .test_webhook_endpoint import DOOR, deliver, order

AT_ONCE = 40
OTHER_SECRET = "another-sample-secret"


@pytest.fixture(autouse=True)
async def learned(app, tenant_id):
    await intake_of(app).learn("sample-tint")
    yield
    await intake_of(app).close()


async def test_webhooks_that_come_together_share_commits_and_each_has_its_row_event_and_answer(
    client, rows, published
):
    answers = await asyncio.gather(
        *(deliver(client, order(id=f"order-{n}"), webhook_id=f"msg_{n}") for n in range(AT_ONCE))
    )
    assert {answer.status_code for answer in answers} == {202}
    kept = {row["webhook_id"]: str(row["id"]) for row in await rows(DOOR)}
    assert [answer.json()["delivery_id"] for answer in answers] == [kept[f"msg_{n}"] for n in range(AT_ONCE)]
    told = {
        event["subject"]: event["data"]["row"]["id"] for event in await published("crm.change.received.v1")
    }
    assert told == {kept[f"msg_{n}"]: f"order-{n}" for n in range(AT_ONCE)}
    assert (await rows("SELECT count(DISTINCT xmin::text) AS commits FROM webhook_deliveries"))[0][
        "commits"
    ] < AT_ONCE / 2


async def test_one_that_no_group_can_keep_costs_the_others_nothing(client, rows, database_url, owner_of):
    owner = await connect(owner_of(database_url))
    await owner.execute("ALTER TABLE ingest.webhook_deliveries ADD CHECK (webhook_id <> 'msg_7')")
    await owner.close()
    answers = await asyncio.gather(*(deliver(client, order(), webhook_id=f"msg_{n}") for n in range(10)))
    assert [n for n, answer in enumerate(answers) if answer.status_code != 202] == [7]
    assert len(await rows(DOOR)) == 9


async def test_a_secret_that_was_taken_away_opens_no_more(client, rows):
    assert (await deliver(client, order())).status_code == 202
    changed = await client.put(
        "/api/admin/tenants/sample-tint", json={**TENANT, "webhook_secrets": [OTHER_SECRET]}, headers=OPS
    )
    assert changed.status_code == 200, changed.text
    assert (await deliver(client, order(), secret=SECRET)).status_code == 401
    assert (await deliver(client, order(), secret=OTHER_SECRET)).status_code == 202
    assert (await deliver(client, order(), secret=OTHER_SECRET)).status_code == 202
    assert len(await rows(DOOR)) == 3


@pytest.mark.parametrize("change", ["off", "another"])
async def test_a_location_that_takes_no_more_leads_is_refused_at_once(client, rows, change):
    assert (await deliver(client, order())).status_code == 202
    off = {"enabled": False, "assistant": True, "sends": True, "sms": True}
    changed = location("sample-sm-094", switches=off) if change == "off" else location("sample-sm-moved")
    await client.put("/api/admin/locations/sample-tint/Store094", json=changed, headers=OPS)
    assert (await deliver(client, order())).status_code == 422
    assert sorted(row["status"] for row in await rows(DOOR)) == [
        "accepted", {"off": "disabled_location", "another": "unknown_location"}[change],
    ]  # fmt: skip


async def test_a_location_that_is_new_is_taken_from_its_first_webhook_on(client, rows):
    assert (await deliver(client, order("sample-sm-new"), webhook_id="msg_1")).status_code == 422
    await client.put("/api/admin/locations/sample-tint/New", json=location("sample-sm-new"), headers=OPS)
    for webhook_id in ("msg_1", "msg_2", "msg_3"):
        assert (await deliver(client, order("sample-sm-new"), webhook_id=webhook_id)).status_code == 202
    assert {row["status"] for row in await rows(DOOR)} == {"accepted"}


async def test_a_caller_who_goes_away_costs_nobody_else_the_answer(client, rows):
    gone = asyncio.create_task(deliver(client, order(), webhook_id="msg_gone"))
    others = [asyncio.create_task(deliver(client, order(), webhook_id=f"msg_{n}")) for n in range(10)]
    await asyncio.sleep(0)
    gone.cancel()
    assert {(await one).status_code for one in others} == {202}
    assert {row["webhook_id"] for row in await rows(DOOR)} >= {f"msg_{n}" for n in range(10)}
