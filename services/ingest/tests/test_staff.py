"""Staff: set by operators, signed in with a mailed link that is good once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from shared.http.links import Link, LinkPurpose, mint

from .conftest import OPS, Rows

DOOR = "/api/admin/tenants/sample-tint/staff/sam@sample.test"
SAM = {"name": "Sam Sample", "phone": "+16195550177", "role": "location", "locations": ["Store094"]}


@pytest.fixture
async def sam(client, tenant_id) -> UUID:
    answer = await client.put(DOOR, json=SAM, headers=OPS)
    assert answer.status_code == 200, answer.text
    return UUID(answer.json()["id"])


def code_of(tenant_id: UUID, login_id: UUID, *, minutes: int = 15) -> str:
    """As notifier puts it into the mail."""
    expires_at = datetime.now(UTC) + timedelta(minutes=minutes)
    return mint(LinkPurpose.STAFF_LOGIN, Link(tenant_id, login_id), keys=["sample"], expires_at=expires_at)


async def asked_login(client, published) -> UUID:
    assert (await client.post("/api/staff/login", json={"email": "Sam@Sample.test"})).status_code == 202
    return UUID((await published("staff.login.requested.v1"))[-1]["data"]["login_id"])


async def test_a_member_is_published_whole_and_again_with_each_change(client, sam, location_id, published):
    await client.put(DOOR, json=SAM, headers=OPS)
    await client.put(DOOR, json={**SAM, "active": False}, headers=OPS)
    events = [event["data"] for event in await published("staff.changed.v1")]
    assert events[0] == {
        "staff_id": str(sam),
        "version": 1,
        "name": "Sam Sample",
        "email": "sam@sample.test",
        "phone": "+16195550177",
        "role": "location",
        "locations": [str(location_id)],
        "active": True,
    }
    assert [(e["version"], e["active"]) for e in events] == [(1, True), (2, False)]


async def test_a_dry_run_shows_the_changes_and_makes_none(client, tenant_id, published, rows: Rows):
    answer = await client.put(f"{DOOR}?dry_run=true", json=SAM, headers=OPS)
    assert answer.json()["id"] is None
    assert {"field": "role", "old": None, "new": "location"} in answer.json()["changes"]
    assert await rows("SELECT 1 FROM staff") == []
    assert await published("staff.changed.v1") == []


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({**SAM, "locations": ["Store999"]}, "Store999"),
        ({**SAM, "locations": []}, "at least one"),
        ({**SAM, "role": "owner"}, "the owner has all"),
        ({**SAM, "role": "boss"}, "'owner', 'region'"),
    ],
)
async def test_a_bad_member_is_refused_with_what_is_wrong(client, tenant_id, wanted, says):
    answer = await client.put(DOOR, json=wanted, headers=OPS)
    assert answer.status_code == 422
    assert says in answer.text


async def test_the_mailed_link_signs_in_once(client, tenant_id, sam, published):
    code = code_of(tenant_id, await asked_login(client, published))
    answer = await client.post("/api/staff/session", json={"code": code})
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    me = await client.get("/api/staff/me")
    assert me.json() == {
        "id": str(sam),
        "name": "Sam Sample",
        "email": "sam@sample.test",
        "role": "location",
        "locations": ["Store094"],
    }
    again = await client.post("/api/staff/session", json={"code": code})
    assert (again.status_code, again.json()["code"]) == (401, "login_not_valid")


async def test_an_unknown_address_gets_the_same_answer_and_no_mail(client, tenant_id, sam, published):
    answer = await client.post("/api/staff/login", json={"email": "nobody@sample.test"})
    assert (answer.status_code, answer.content) == (202, b"null")
    assert await published("staff.login.requested.v1") == []


async def test_a_second_wish_within_a_minute_sends_no_second_mail(client, tenant_id, sam, published):
    for _ in range(3):
        await client.post("/api/staff/login", json={"email": "sam@sample.test"})
    assert len(await published("staff.login.requested.v1")) == 1


async def test_forged_foreign_and_old_links_do_not_sign_in(client, tenant_id, sam, published):
    login_id = await asked_login(client, published)
    for code in (
        "made-up",
        code_of(tenant_id, uuid4()),
        code_of(uuid4(), login_id),
        code_of(tenant_id, login_id, minutes=-1),
    ):
        answer = await client.post("/api/staff/session", json={"code": code})
        assert (answer.status_code, answer.json()["code"]) == (401, "login_not_valid")


async def test_an_api_token_acts_as_its_member_until_the_member_leaves(client, tenant_id, sam):
    answer = await client.post(f"{DOOR}/tokens", json={"days": 7}, headers=OPS)
    bearer = {"Authorization": f"Bearer {answer.json()['token']}"}
    assert (await client.get("/api/staff/me", headers=bearer)).json()["name"] == "Sam Sample"
    await client.put(DOOR, json={**SAM, "active": False}, headers=OPS)
    assert (await client.get("/api/staff/me", headers=bearer)).status_code == 401
    assert (await client.post(f"{DOOR}/tokens", json={}, headers=OPS)).status_code == 404


async def test_without_a_session_nobody_is_signed_in(client, tenant_id):
    answer = await client.get("/api/staff/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert (await client.put(DOOR, json=SAM)).status_code == 401
