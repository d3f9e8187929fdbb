import pytest
from ingest.sealing import Sealer
from testkit.secrets import KEY

from .conftest import OPS, SECRET, SITE_KEY, TENANT, Rows, location

TENANT_DOOR = "/api/admin/tenants/sample-tint"
LOCATION_DOOR = "/api/admin/locations/sample-tint/Store094"


async def test_a_new_location_is_published_whole(client, tenant_id, location_id, published):
    event = (await published("location.changed.v1"))[0]
    assert (event["subject"], event["locationid"]) == (str(location_id), str(location_id))
    assert event["data"] == {
        "location_id": str(location_id),
        "version": 1,
        "tenant_slug": "sample-tint",
        "tenant_name": "Sample Tint",
        "code": "Store094",
        "name": "Sample Tint San Diego",
        "timezone": "America/Los_Angeles",
        "address": {
            "street": "1 Sample St",
            "city": "San Diego",
            "region": "CA",
            "postal_code": "92101",
            "country": "US",
        },
        "phone": "+16195550194",
        "email": "store094@sample.test",
        "crm_account": "default",
        "crm_location_id": "sample-sm-094",
        "crm_lead_rule": TENANT["crm_lead_rule"] | {"name_prefix": None, "status_columns": {}},
        "demo_mode": True,
        "allow_list": ["*@sample.test"],
        "text_countries": ["US", "CA"],
        "first_touch": {"email": "at_once", "sms": "asked_now"},
        "switches": {"enabled": True, "assistant": True, "sends": True, "sms": True},
    }


async def test_a_location_set_as_it_is_changes_nothing(client, tenant_id, published):
    answer = await client.put(LOCATION_DOOR, json=location("sample-sm-094"), headers=OPS)
    assert answer.json()["changes"] == []
    assert len(await published("location.changed.v1")) == 2


async def test_a_changed_location_tells_what_changed_and_publishes_its_next_version(
    client, tenant_id, location_id, published
):
    wanted = location("sample-sm-094", name="Sample Tint Downtown", switches={"assistant": False})
    answer = await client.put(LOCATION_DOOR, json=wanted, headers=OPS)
    assert answer.json() == {
        "id": str(location_id),
        "code": "Store094",
        "changes": [
            {"field": "name", "old": "Sample Tint San Diego", "new": "Sample Tint Downtown"},
            {"field": "switches.assistant", "old": True, "new": False},
        ],
    }
    event = (await published("location.changed.v1"))[-1]
    assert (event["data"]["version"], event["data"]["name"]) == (2, "Sample Tint Downtown")


async def test_a_changed_tenant_publishes_all_its_locations(client, tenant_id, rows: Rows, published):
    answer = await client.put(TENANT_DOOR, json={**TENANT, "demo_mode": False}, headers=OPS)
    assert answer.json()["changes"] == [{"field": "demo_mode", "old": True, "new": False}]
    events = (await published("location.changed.v1"))[2:]
    assert {(e["data"]["code"], e["data"]["version"], e["data"]["demo_mode"]) for e in events} == {
        ("Store094", 2, False),
        ("Store201", 2, False),
    }
    assert [row["version"] for row in await rows("SELECT version FROM locations")] == [2, 2]


A2P, OWN = {"brand": "BSAMPLE", "campaign": "CSAMPLE"}, {"brand": "BSAMPLE", "campaign": "COTHER"}


async def test_a_location_texts_under_its_own_registration_or_its_tenants(client, tenant_id, published):
    await client.put(TENANT_DOOR, json={**TENANT, "a2p": A2P}, headers=OPS)
    await client.put(LOCATION_DOOR, json=location("sample-sm-094", a2p=OWN), headers=OPS)
    newest = {e["data"]["code"]: e["data"].get("a2p") for e in await published("location.changed.v1")}
    assert newest == {"Store094": OWN, "Store201": A2P}
    seen = (await client.get(TENANT_DOOR, headers=OPS)).json()
    assert (seen["a2p"], {one["code"]: one["a2p"] for one in seen["locations"]}) == (
        A2P,
        {"Store094": OWN, "Store201": None},
    )


async def test_a_registration_that_is_taken_away_is_told(client, tenant_id, published):
    await client.put(TENANT_DOOR, json={**TENANT, "a2p": A2P}, headers=OPS)
    answer = await client.put(TENANT_DOOR, json=TENANT, headers=OPS)
    assert answer.json()["changes"] == [
        {"field": "a2p.brand", "old": "BSAMPLE", "new": None},
        {"field": "a2p.campaign", "old": "CSAMPLE", "new": None},
    ]
    assert "a2p" not in (await published("location.changed.v1"))[-1]["data"]


async def test_when_a_lead_is_first_written_to_is_told(client, tenant_id, published):
    answer = await client.put(TENANT_DOOR, json={**TENANT, "first_touch": {"sms": "at_once"}}, headers=OPS)
    assert answer.json()["changes"] == [{"field": "first_touch.sms", "old": "asked_now", "new": "at_once"}]
    told = (await published("location.changed.v1"))[-1]["data"]["first_touch"]
    assert told == {"email": "at_once", "sms": "at_once"}


@pytest.mark.parametrize(
    "wrong",
    [{"a2p": {"brand": "B1"}}, {"a2p": {"brand": "", "campaign": "C"}}, {"first_touch": {"sms": "never"}}],
)
async def test_half_a_registration_or_an_unknown_moment_is_refused(client, tenant_id, wrong):
    answer = await client.put(TENANT_DOOR, json=TENANT | wrong, headers=OPS)
    assert answer.status_code == 422


async def test_a_tenant_set_as_it_is_publishes_nothing(client, tenant_id, rows: Rows, published):
    answer = await client.put(TENANT_DOOR, json=TENANT, headers=OPS)
    assert answer.json() == {"id": str(tenant_id), "slug": "sample-tint", "changes": []}
    assert len(await published("location.changed.v1")) == 2
    assert [row["version"] for row in await rows("SELECT version FROM locations")] == [1, 1]


async def test_a_secret_is_never_echoed(client, tenant_id, rows: Rows, published):
    wanted = {**TENANT, "webhook_secrets": ["sample-rotated-secret", SECRET]}
    changed = await client.put(TENANT_DOOR, json=wanted, headers=OPS)
    shown = await client.get(TENANT_DOOR, headers=OPS)
    assert changed.json()["changes"] == [{"field": "webhook_secrets", "old": None, "new": "changed"}]
    assert shown.json()["webhook_secret_count"] == 2
    assert "sample-rotated-secret" not in changed.text + shown.text
    assert len(await published("location.changed.v1")) == 2
    [row] = await rows("SELECT sealed_secrets FROM tenants")
    assert [Sealer([KEY]).open(one) for one in row["sealed_secrets"]] == ["sample-rotated-secret", SECRET]


async def test_a_dry_run_tells_the_changes_and_makes_none(client, tenant_id, rows: Rows, published):
    tenant = await client.put(f"{TENANT_DOOR}?dry_run=true", json={**TENANT, "name": "Other"}, headers=OPS)
    shop = await client.put(f"{LOCATION_DOOR}?dry_run=true", json=location("other"), headers=OPS)
    assert tenant.json()["changes"] == [{"field": "name", "old": "Sample Tint", "new": "Other"}]
    assert shop.json()["changes"] == [{"field": "crm_location_id", "old": "sample-sm-094", "new": "other"}]
    assert [row["name"] for row in await rows("SELECT name FROM tenants")] == ["Sample Tint"]
    assert len(await published("location.changed.v1")) == 2


async def test_a_dry_run_of_a_new_tenant_shows_its_locations_too(client):
    tenant = await client.put("/api/admin/tenants/fresh?dry_run=true", json=TENANT, headers=OPS)
    shop = await client.put("/api/admin/locations/fresh/A?dry_run=true", json=location("a"), headers=OPS)
    assert (tenant.json()["id"], shop.json()["id"]) == (None, None)
    assert {"field": "address.city", "old": None, "new": "San Diego"} in shop.json()["changes"]
    assert (await client.get("/api/admin/tenants/fresh", headers=OPS)).status_code == 404


async def test_the_tenant_is_shown_with_its_locations_by_code(client, tenant_id):
    shown = (await client.get(TENANT_DOOR, headers=OPS)).json()
    assert (shown["id"], shown["name"], shown["site_keys"]) == (str(tenant_id), "Sample Tint", [SITE_KEY])
    assert [(shop["code"], shop["version"]) for shop in shown["locations"]] == [
        ("Store094", 1),
        ("Store201", 1),
    ]
    assert shown["locations"][1]["switches"]["enabled"] is False


@pytest.mark.parametrize("change", [{"timezone": "Pacific"}, {"sms_from": "619-555"}, {"name": ""}])
async def test_a_setting_that_cannot_work_is_refused_by_name(client, tenant_id, change):
    answer = await client.put(LOCATION_DOOR, json=location("sample-sm-094", **change), headers=OPS)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == next(iter(change))


async def test_a_location_of_an_unknown_tenant_is_not_found(client, tenant_id):
    answer = await client.put("/api/admin/locations/nobody/A", json=location("a"), headers=OPS)
    assert (answer.status_code, answer.json()["code"]) == (404, "tenant_unknown")


async def test_one_crm_location_cannot_be_two_of_ours(client, tenant_id):
    answer = await client.put(
        "/api/admin/locations/sample-tint/Store300", json=location("sample-sm-094"), headers=OPS
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "crm_location_taken")


async def test_a_site_key_cannot_lead_to_two_tenants(client, tenant_id):
    answer = await client.put("/api/admin/tenants/sample-wraps", json=TENANT, headers=OPS)
    assert (answer.status_code, answer.json()["code"]) == (409, "site_key_taken")


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}], ids=["none", "wrong"])
async def test_only_operators_come_in(client, tenant_id, headers):
    for door in (TENANT_DOOR, "/api/admin/deliveries?tenant=sample-tint"):
        assert (await client.get(door, headers=headers)).status_code == 401
    assert (await client.put(TENANT_DOOR, json=TENANT, headers=headers)).status_code == 401
