import asyncio
import hashlib
import hmac
import json
import time
from base64 import b64encode
from uuid import uuid4

import httpx2
import pytest
from httpx2 import Response

from .conftest import OPS, SECRET, TENANT, Rows, application, location

pytestmark = pytest.mark.usefixtures("known")

URL = "/webhooks/shopmonkey/sample-tint"
DOOR = "SELECT * FROM webhook_deliveries"


def order(location_id: object = "sample-sm-094", **row: object) -> dict[str, object]:
    row = {"id": "order-1", "locationId": location_id, **row}
    return {
        "apiVersion": 3,
        "operation": "UPDATE",
        "table": "order",
        "data": row,
        "diff": ["workflowStatusId"],
    }


def signed(
    content: bytes, *, secret: str = SECRET, webhook_id: str | None = None, age_seconds: float = 0
) -> dict[str, str]:
    webhook_id = webhook_id or f"msg_{uuid4()}"
    timestamp = str(int(time.time() - age_seconds))
    mac = hmac.digest(secret.encode(), f"{webhook_id}.{timestamp}.".encode() + content, hashlib.sha256)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{b64encode(mac).decode()}",
        "x-attempt": "1",
        "content-type": "application/json",
    }


async def deliver(client: httpx2.AsyncClient, body: object, url: str = URL, **signing: object) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post(url, content=content, headers=signed(content, **signing))


async def test_a_delivery_is_kept_byte_for_byte_with_its_event_before_it_is_answered(
    client, tenant_id, location_id, rows: Rows, published
):
    content = b'{ "operation":"UPDATE", "table":"order",\n "data":{"id":"1","locationId":"sample-sm-094","n":1.50}, "diff":["n"]}'
    answer = await deliver(client, content, webhook_id="msg_kept")
    assert answer.status_code == 202
    [row] = await rows(DOOR)
    assert answer.json() == {"delivery_id": str(row["id"])}
    assert (bytes(row["body"]), row["webhook_id"], row["status"]) == (content, "msg_kept", "accepted")
    assert (row["attempts"], row["error"], row["location_id"]) == (1, None, location_id)
    assert row["headers"]["x-attempt"] == "1"
    [event] = await published("crm.change.received.v1")
    assert (event["id"], event["subject"]) == (str(row["event_id"]), str(row["id"]))
    assert (event["tenantid"], event["locationid"]) == (str(tenant_id), str(location_id))
    assert event["data"] == {
        "delivery_id": str(row["id"]),
        "operation": "UPDATE",
        "table": "order",
        "row": {"id": "1", "locationId": "sample-sm-094", "n": 1.5},
        "diff": ["n"],
        "received_at": event["data"]["received_at"],
    }


@pytest.mark.parametrize("data", [{"id": "c1"}, {"id": "c1", "locationId": None}], ids=["absent", "null"])
async def test_a_row_that_names_no_location_passes(client, tenant_id, rows: Rows, published, data):
    answer = await deliver(client, {"operation": "INSERT", "table": "customer", "data": data})
    assert answer.status_code == 202
    assert [row["status"] for row in await rows(DOOR)] == ["accepted"]
    [event] = await published("crm.change.received.v1")
    assert "locationid" not in event


@pytest.mark.parametrize(
    ("crm_location", "reason"),
    [
        ("sample-sm-999", "unknown_location"),
        ("", "unknown_location"),
        (7, "unknown_location"),
        ("nul\0", "unknown_location"),
        ("sample-sm-201", "disabled_location"),
    ],
)
async def test_an_unknown_or_disabled_location_is_refused_and_the_delivery_kept_with_its_reason(
    client, tenant_id, rows: Rows, published, crm_location, reason
):
    answer = await deliver(client, order(crm_location), webhook_id="msg_refused")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    [row] = await rows(DOOR)
    assert answer.json()["code"] == row["status"] == reason
    assert answer.json()["delivery_id"] == str(row["id"])
    assert row["error"]
    assert row["event_id"] is None
    assert json.loads(bytes(row["body"])) == order(crm_location)
    assert await published("crm.change.received.v1") == []


async def test_a_webhook_id_accepted_before_gets_the_first_answers_id_and_no_second_event(
    client, tenant_id, rows: Rows, published
):
    first = await deliver(client, order(), webhook_id="msg_1")
    second = await deliver(client, order(name="changed"), webhook_id="msg_1")
    assert second.status_code == 200
    assert second.json() == {"delivery_id": first.json()["delivery_id"], "duplicate": True}
    [row] = await rows(DOOR)
    assert row["attempts"] == 2
    assert json.loads(bytes(row["body"])) == order()
    assert len(await published("crm.change.received.v1")) == 1


async def test_a_refused_delivery_that_comes_again_is_refused_again_until_its_location_is_set_up(
    client, tenant_id, rows: Rows, published
):
    first = await deliver(client, order("sample-sm-new"), webhook_id="msg_1")
    again = await deliver(client, order("sample-sm-new"), webhook_id="msg_1")
    assert [first.status_code, again.status_code] == [422, 422]
    await client.put("/api/admin/locations/sample-tint/New", json=location("sample-sm-new"), headers=OPS)
    answer = await deliver(client, order("sample-sm-new"), webhook_id="msg_1")
    assert answer.status_code == 202
    assert answer.json()["delivery_id"] == first.json()["delivery_id"]
    [row] = await rows(DOOR)
    assert (row["status"], row["attempts"], row["error"]) == ("accepted", 3, None)
    assert len(await published("crm.change.received.v1")) == 1


async def test_ops_see_a_refused_delivery_and_replay_it_once_its_location_is_set_up(
    client, tenant_id, published
):
    refused = (await deliver(client, order("sample-sm-new"))).json()["delivery_id"]
    await deliver(client, order())
    listed = await client.get(
        "/api/admin/deliveries", params={"tenant": "sample-tint", "status": "unknown_location"}, headers=OPS
    )
    assert [d["id"] for d in listed.json()["deliveries"]] == [refused]
    assert json.loads(listed.json()["deliveries"][0]["body"]) == order("sample-sm-new")
    replay = f"/api/admin/deliveries/{refused}/replay?tenant=sample-tint"
    assert (await client.post(replay, headers=OPS)).json()["status"] == "unknown_location"
    await client.put("/api/admin/locations/sample-tint/New", json=location("sample-sm-new"), headers=OPS)
    for _ in range(2):
        assert (await client.post(replay, headers=OPS)).json()["status"] == "accepted"
    events = await published("crm.change.received.v1")
    assert [event["data"]["delivery_id"] for event in events].count(refused) == 1


@pytest.mark.parametrize(
    ("signing", "code"),
    [
        ({"secret": "another"}, "invalid_signature"),
        ({"age_seconds": 400}, "stale_timestamp"),
        ({"age_seconds": -400}, "stale_timestamp"),
    ],
    ids=["another secret", "stale", "future"],
)
async def test_what_no_holder_of_a_secret_signed_in_time_is_refused_and_not_kept(
    client, tenant_id, rows: Rows, signing, code
):
    answer = await deliver(client, order(), **signing)
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert await rows(DOOR) == []


async def test_the_signature_is_checked_on_the_bytes_as_sent(client, tenant_id, rows: Rows):
    headers = signed(json.dumps(order()).encode())
    answer = await client.post(URL, content=json.dumps(order(), indent=1).encode(), headers=headers)
    assert answer.status_code == 401
    assert await rows(DOOR) == []


async def test_unsigned_is_refused(client, tenant_id):
    assert (await client.post(URL, json=order())).status_code == 401


async def test_both_secrets_work_while_they_are_rotated(client, tenant_id):
    rotated = {**TENANT, "webhook_secrets": ["whsec_c2FtcGxlLW9sZC1zZWNyZXQ=", SECRET]}
    await client.put("/api/admin/tenants/sample-tint", json=rotated, headers=OPS)
    assert (await deliver(client, order())).status_code == 202
    assert (await deliver(client, order(), secret="sample-old-secret")).status_code == 202


@pytest.mark.parametrize("slug", ["nobody", "Sample-Tint", "%00"])
async def test_an_unknown_tenant_is_not_found(client, tenant_id, slug):
    answer = await deliver(client, order(), url=f"/webhooks/shopmonkey/{slug}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_tenant")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"operation":"INSERT","table":"order"}',
        b'{"operation":"INSERT","data":{}}',
        b'{"table":"order","data":{}}',
        b'{"operation":"MERGE","table":"order","data":{}}',
        b'{"operation":"INSERT","table":"order","data":[]}',
        b'{"operation":"INSERT","table":"or\\u0000der","data":{}}',
        b'{"operation":"INSERT","table":"order","data":' + b'{"a":' * 101 + b"1" + b"}" * 102,
        b"[" * 100_000,
    ],
    ids=range(13),
)
async def test_what_is_no_envelope_is_malformed(client, tenant_id, rows: Rows, body):
    answer = await deliver(client, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert await rows(DOOR) == []


async def test_a_diff_in_an_unseen_form_costs_no_delivery(client, tenant_id):
    assert (await deliver(client, {**order(), "diff": {"name": ["a", "b"]}})).status_code == 202


async def test_a_webhook_id_that_fits_no_index_is_malformed(client, tenant_id):
    assert (await deliver(client, order(), webhook_id="m" * 5000)).status_code == 400


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "streamed"])
async def test_a_body_over_one_mebibyte_is_too_large(client, tenant_id, rows: Rows, declared):
    content = json.dumps(order(note="x" * 1024 * 1024)).encode()

    async def stream():
        yield content[:1000]
        yield content[1000:]

    sent = content if declared else stream()
    answer = await client.post(URL, content=sent, headers=signed(content))
    assert answer.status_code == 413
    assert await rows(DOOR) == []


async def test_fifty_identical_deliveries_at_once_are_one_row_and_one_event(
    client, tenant_id, rows: Rows, published
):
    answers = await asyncio.gather(*(deliver(client, order(), webhook_id="msg_1") for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [202]
    assert len({answer.json()["delivery_id"] for answer in answers}) == 1
    assert [row["attempts"] for row in await rows(DOOR)] == [50]
    assert len(await published("crm.change.received.v1")) == 1


async def test_the_same_webhook_id_of_two_tenants_is_two_deliveries(client, tenant_id):
    other = {**TENANT, "site_keys": [], "name": "Sample Wraps"}
    await client.put("/api/admin/tenants/sample-wraps", json=other, headers=OPS)
    body = {"operation": "INSERT", "table": "customer", "data": {"id": "1"}}
    ours = await deliver(client, body, webhook_id="msg_1")
    theirs = await deliver(client, body, webhook_id="msg_1", url="/webhooks/shopmonkey/sample-wraps")
    assert [ours.status_code, theirs.status_code] == [202, 202]
    assert ours.json() != theirs.json()


async def test_another_tenants_location_is_unknown(client, tenant_id):
    other = {**TENANT, "site_keys": [], "name": "Sample Wraps"}
    await client.put("/api/admin/tenants/sample-wraps", json=other, headers=OPS)
    answer = await deliver(client, order(), url="/webhooks/shopmonkey/sample-wraps")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_location")


async def test_with_postgresql_away_the_sender_is_asked_to_come_again():
    transport = httpx2.ASGITransport(app=application("postgresql://nobody:x@127.0.0.1:1/none"))
    async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
        answer = await deliver(client, order())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
