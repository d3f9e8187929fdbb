"""Staff: set by operators, signed in with a mailed link that is good once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from shared.http.links import Link, LinkPurpose, mint
from testkit.secrets import KEY

from .conftest import OPS, Rows
from .test_form_endpoint import CONSENT, form, submit

DOOR = "/api/admin/tenants/sample-tint/staff/sam@sample.test"
SAM = {"name": "Sam Sample", "phone": "+16195550177", "role": "location", "locations": ["Store094"]}


@pytest.fixture
async def sam(client, tenant_id) -> UUID:
    answer = await client.put(DOOR, json=SAM, headers=OPS)
    assert answer.status_code == 200, answer.text
    return UUID(answer.json()["id"])


def code_of(tenant_id: UUID, login_id: UUID, *, minutes: int = 10) -> str:
    """As notifier puts it into the mail."""
    expires_at = datetime.now(UTC) + timedelta(minutes=minutes)
    return mint(LinkPurpose.STAFF_LOGIN, Link(tenant_id, login_id), keys=[KEY], expires_at=expires_at)


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
        "ended_sessions": [],
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


async def signed_in(client, tenant_id, sam, published) -> None:
    """As in another browser: with cookies of its own."""
    client.cookies.clear()
    code = code_of(tenant_id, await asked_login(client, published))
    assert (await client.post("/api/staff/session", json={"code": code})).status_code == 200


async def ended(published) -> list[str]:
    return (await published("staff.changed.v1"))[-1]["data"]["ended_sessions"]


async def test_signing_out_ends_this_session_everywhere(client, tenant_id, sam, published):
    await signed_in(client, tenant_id, sam, published)
    cookie = dict(client.cookies)
    assert (await client.delete("/api/staff/session")).status_code == 204
    assert not client.cookies
    client.cookies.update(cookie)
    assert (await client.get("/api/staff/me")).status_code == 401
    assert len(await ended(published)) == 1


async def test_signing_out_everywhere_ends_every_browser_s_session(client, tenant_id, sam, published, rows):
    await signed_in(client, tenant_id, sam, published)
    first = dict(client.cookies)
    await rows("UPDATE staff_logins SET requested_at = requested_at - interval '5 minutes' RETURNING id")
    await signed_in(client, tenant_id, sam, published)
    second = dict(client.cookies)
    assert (await client.delete("/api/staff/sessions")).status_code == 204
    for cookie in (first, second):
        client.cookies.update(cookie)
        assert (await client.get("/api/staff/me")).status_code == 401
    assert len(await ended(published)) == 2


async def test_who_signs_in_again_has_a_new_session_and_the_old_one_is_over(
    client, tenant_id, sam, published, rows
):
    await signed_in(client, tenant_id, sam, published)
    old = dict(client.cookies)
    await rows("UPDATE staff_logins SET requested_at = requested_at - interval '5 minutes' RETURNING id")
    code = code_of(tenant_id, await asked_login(client, published))
    assert (await client.post("/api/staff/session", json={"code": code})).status_code == 200
    assert dict(client.cookies) != old
    client.cookies.clear()
    client.cookies.update(old)
    assert (await client.get("/api/staff/me")).status_code == 401


async def test_who_leaves_and_comes_back_signs_in_anew(client, tenant_id, sam, published):
    await signed_in(client, tenant_id, sam, published)
    for active in (False, True):
        await client.put(DOOR, json={**SAM, "active": active}, headers=OPS)
    assert (await client.get("/api/staff/me")).status_code == 401
    assert len(await ended(published)) == 1


async def test_an_api_token_is_listed_with_who_made_it_and_can_be_revoked(client, tenant_id, sam, published):
    made = (await client.post(f"{DOOR}/tokens", json={"days": 7}, headers=OPS)).json()
    (listed,) = (await client.get(f"{DOOR}/tokens", headers=OPS)).json()["tokens"]
    assert (listed["id"], listed["made_by"], listed["ended_at"]) == (made["id"], "ana", None)
    for _ in range(2):
        assert (await client.delete(f"{DOOR}/tokens/{made['id']}", headers=OPS)).status_code == 204
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert (await client.get("/api/staff/me", headers=bearer)).status_code == 401
    assert await ended(published) == [made["id"]]
    assert (await client.delete(f"{DOOR}/tokens/{uuid4()}", headers=OPS)).status_code == 404


async def test_another_website_neither_signs_in_nor_out(client, tenant_id, sam, published):
    await signed_in(client, tenant_id, sam, published)
    evil = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    for answer in (
        await client.delete("/api/staff/session", headers=evil),
        await client.delete("/api/staff/sessions", headers=evil),
        await client.post("/api/staff/session", json={"code": "x"}, headers=evil),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "other_site")
    assert (await client.get("/api/staff/me")).status_code == 200


async def test_a_member_reads_the_person_behind_a_lead_of_their_locations_only(
    client, tenant_id, sam, published
):
    lead_id = (await submit(client, form())).json()["lead_id"]
    assert (await client.get(f"/api/staff/leads/{lead_id}")).status_code == 401
    code = code_of(tenant_id, await asked_login(client, published))
    await client.post("/api/staff/session", json={"code": code})
    lead = (await client.get(f"/api/staff/leads/{lead_id}")).json()
    assert (lead["email"], lead["phone"], lead["message"]) == ("pat@sample.test", "+16195550142", "How much?")
    assert lead["source"] == "web_form"
    assert {name: lead["consent"][name] for name in CONSENT} == CONSENT
    assert lead["consent"]["given_at"]
    assert "ip" not in lead["consent"]
    assert (await client.get(f"/api/staff/leads/{uuid4()}")).status_code == 404
    await client.put(DOOR, json={**SAM, "locations": ["Store201"]}, headers=OPS)
    assert (await client.get(f"/api/staff/leads/{lead_id}")).status_code == 404
