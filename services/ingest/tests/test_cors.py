"""Any website's page may send the form; nothing else answers another origin's page."""

import pytest

pytestmark = pytest.mark.postgres

SHOP = {"Origin": "https://www.sample-tint.example"}
PREFLIGHT = SHOP | {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,idempotency-key",
}


async def test_a_page_of_the_shop_may_send_its_form_and_read_the_answer(client):
    asked = await client.options("/api/leads", headers=PREFLIGHT)
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (200, "*")
    assert {"content-type", "idempotency-key"} <= set(
        asked.headers["access-control-allow-headers"].lower().split(", ")
    )
    refused = await client.post("/api/leads", json={}, headers=SHOP)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (422, "*")
    assert "access-control-allow-credentials" not in refused.headers


@pytest.mark.parametrize("path", ["/api/staff/session", "/api/staff/login", "/api/admin/tenants/sample-tint"])
async def test_no_other_endpoint_answers_another_origin(client, path):
    asked = await client.options(path, headers=PREFLIGHT)
    assert "access-control-allow-origin" not in asked.headers
    answer = await client.post(path, json={}, headers=SHOP)
    assert "access-control-allow-origin" not in answer.headers
