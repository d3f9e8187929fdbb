import base64
import hashlib
import hmac
import json
import time

import pytest

HOOK = "/webhooks/shopmonkey/sample-tint"


def _signed(got, secret: str) -> str:
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    return "v1," + base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


async def test_a_new_lead_is_one_signed_order_insert(sandbox, http, gateway):
    lead = (await http.post("/control/leads", json={})).json()
    (got,) = gateway.got
    assert got.path == HOOK
    assert got.headers["webhook-signature"] == _signed(got, sandbox.world.settings.webhook_secret)
    assert abs(time.time() - int(got.headers["webhook-timestamp"])) < 60
    assert (got.headers["webhook-version"], got.headers["x-attempt"]) == ("3", "1")
    payload = json.loads(got.body)
    assert (payload["operation"], payload["table"], payload["data"]["id"]) == (
        "INSERT",
        "order",
        lead["order_id"],
    )
    assert [delivery["status"] for delivery in lead["deliveries"]] == [202]


async def test_duplicates_are_the_same_webhook_again(http, gateway):
    lead = (await http.post("/control/leads", json={"duplicates": 2})).json()
    assert len(lead["deliveries"]) == 3
    assert len({got.headers["webhook-id"] for got in gateway.got}) == 1
    assert len({got.body for got in gateway.got}) == 1


async def test_without_a_webhook_only_polling_finds_the_lead(http, shop, gateway):
    lead = (await http.post("/control/leads", json={"webhook": False})).json()
    assert (lead["deliveries"], gateway.got) == ([], [])
    assert [row["id"] for row in (await shop.get("/order")).json()["data"]] == [lead["order_id"]]


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
async def test_a_delivery_is_retried_on_the_statuses_that_its_sender_retries(http, gateway, status):
    gateway.answers.extend([(status, {}), (status, {})])
    lead = (await http.post("/control/leads", json={})).json()
    assert [got.headers["x-attempt"] for got in gateway.got] == ["1", "2", "3"]
    assert lead["deliveries"][0]["status"] == 202


@pytest.mark.parametrize("status", [400, 401, 422, 500])
async def test_a_delivery_answered_otherwise_is_never_retried(http, gateway, status):
    gateway.answers.append((status, {}))
    lead = (await http.post("/control/leads", json={})).json()
    assert (len(gateway.got), lead["deliveries"][0]["status"]) == (1, status)


async def test_a_delivery_gives_up_after_four_attempts(http, gateway):
    gateway.answers.extend([(503, {})] * 9)
    lead = (await http.post("/control/leads", json={})).json()
    assert (len(gateway.got), lead["deliveries"][0]["status"]) == (4, 503)


async def test_retry_after_is_honoured(http, gateway):
    gateway.answers.append((503, {"Retry-After": "1"}))
    lead = (await http.post("/control/leads", json={})).json()
    assert lead["deliveries"][0]["ms"] >= 1000


async def test_a_gateway_that_is_down_is_no_answer(sandbox, http, gateway):
    sandbox.world.settings.gateway_url = "http://127.0.0.1:9"
    try:
        lead = (await http.post("/control/leads", json={})).json()
    finally:
        sandbox.world.settings.gateway_url = gateway.url
    assert lead["deliveries"][0]["status"] is None


async def test_a_write_through_the_api_echoes_as_a_webhook_with_its_diff(http, shop, gateway, eventually):
    order_id = (await http.post("/control/leads", json={"webhook": False})).json()["order_id"]
    await shop.put(f"/order/{order_id}", json={"complaint": "new words", "status": "Estimate"})

    async def echoed() -> bool:
        return len(gateway.got) == 1

    await eventually(echoed)
    payload = json.loads(gateway.got[0].body)
    assert (payload["operation"], payload["diff"]) == ("UPDATE", ["complaint", "updatedDate"])


async def test_a_registered_webhook_gets_its_triggers_signed_with_its_own_secret(
    http, shop, gateway, eventually
):
    hook = {"name": "n", "url": f"{gateway.url}/other", "triggers": ["MessageInsert"], "secret": "theirs"}
    assert (await shop.post("/webhook", json=hook)).status_code == 201
    order_id = (await http.post("/control/leads", json={"webhook": False})).json()["order_id"]
    await http.post(
        "/control/shopmonkey/messages", json={"order_id": order_id, "author": "Customer", "text": "hi"}
    )

    async def arrived() -> bool:
        return len(gateway.at("/other")) == 1

    await eventually(arrived)
    (got,) = gateway.at("/other")
    assert json.loads(got.body)["data"]["authorType"] == "Customer"
    assert got.headers["webhook-signature"] == _signed(got, "theirs")
