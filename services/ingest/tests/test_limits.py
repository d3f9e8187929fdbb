"""Each endpoint of ingest takes so many and answers the next one with 429 and when to come again."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx2
import pytest
from altcha import Challenge, Payload, solve_challenge
from ingest.app import build_app
from ingest.limits import LIMITS
from ingest.settings import Settings
from limits import parse_many
from shared.http.links import Link, LinkPurpose, mint
from testkit.secrets import KEY, OPERATORS

from .conftest import OPS, SITE_KEY
from .test_form_endpoint import form
from .test_staff import DOOR, SAM
from .test_webhook_endpoint import URL, order, signed

Limited = Callable[..., AsyncIterator[httpx2.AsyncClient]]


@pytest.fixture
def limited(database_url, tenant_id) -> Limited:
    """`async with limited(ip="198.51.100.7", form_per_ip="2/day") as client`: a replica of its own."""

    @asynccontextmanager
    async def serving(ip: str = "198.51.100.7", **limits: str) -> AsyncIterator[httpx2.AsyncClient]:
        settings = Settings(
            database_url=database_url,
            rabbitmq_url="amqp://127.0.0.1:1",
            link_keys_login=KEY,
            data_keys=KEY,
            challenge_keys=KEY,
            person_key=KEY,
            session_keys=KEY,
            operators=OPERATORS,
            limits=limits,
        )
        transport = httpx2.ASGITransport(app=build_app(settings), client=(ip, 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
            yield client

    return serving


def refused(answer: httpx2.Response, limit: str) -> bool:
    body = answer.json()
    assert (answer.status_code, body["code"], body["limit"]) == (429, "rate_limited", limit), answer.text
    assert 1 <= int(answer.headers["Retry-After"]) <= 2 * 86400
    return True


async def submit(
    client, email: str = "pat@sample.test", phone: str | None = None, **changed: object
) -> httpx2.Response:
    body = form(contact={"name": "Pat Sample", "email": email, "phone": phone}, **changed)
    return await client.post("/api/leads", json=body, headers={"Idempotency-Key": str(uuid4())})


async def proof(client: httpx2.AsyncClient) -> str:
    """As a browser makes it."""
    answer = await client.get("/api/leads/challenge", params={"site_key": SITE_KEY})
    challenge = Challenge.from_dict(answer.json())
    solution = solve_challenge(challenge)
    assert solution is not None
    return Payload(challenge, solution).to_base64()


async def test_forms_from_one_address_whichever_replica_they_reach(limited):
    async with limited(form_per_ip="2/day") as one, limited(form_per_ip="2/day") as other:
        assert (await submit(one)).status_code == 201
        assert (await submit(other)).status_code == 201
        assert refused(await submit(one), "form_per_ip")
    async with limited("203.0.113.9", form_per_ip="2/day") as elsewhere:
        assert (await submit(elsewhere)).status_code == 201


async def test_forms_for_one_person_whoever_sends_them(limited):
    async with limited(form_per_address="2/day") as one:
        for _ in range(2):
            assert (await submit(one)).status_code == 201
    async with limited("203.0.113.9", form_per_address="2/day") as other:
        assert refused(await submit(other, "PAT@sample.test"), "form_per_address")
        assert (await submit(other, "kim@sample.test", "+16195550142")).status_code == 201


async def test_forms_for_one_inbox_however_its_address_is_written(limited):
    async with limited(form_per_address="2/day") as client:
        for email in ("p.at@gmail.com", "pat+x@gmail.com"):
            assert (await submit(client, email)).status_code == 201
        assert refused(await submit(client, "pa.t@googlemail.com"), "form_per_address")


async def test_forms_for_one_person_from_one_address_however_it_is_spelled(limited):
    spellings = ("pat@sample.test", "Pat+1@sample.test", "pat+2@sample.test")
    async with limited(leads_per_address_and_ip="2/day") as one:
        assert [(await submit(one, email)).status_code for email in spellings] == [201, 201, 429]
        assert refused(await submit(one, spellings[2]), "leads_per_address_and_ip")
        assert (await submit(one, spellings[0])).status_code == 201, "the same form again makes no lead"
        assert (await submit(one, "kim@sample.test")).status_code == 201
    async with limited("203.0.113.9", leads_per_address_and_ip="2/day") as home:
        assert (await submit(home)).status_code == 201, "the person themself"


def test_one_sender_alone_cannot_use_up_the_first_touches_of_a_person():
    (limit,) = [one for one in LIMITS if one.name == "leads_per_address_and_ip"]
    hour, day = (item.amount for item in parse_many(limit.default))
    assert (hour, day) < (5, 10), "NOTIFIER_FIRST_TOUCHES_PER_HOUR and _PER_DAY"


@pytest.mark.parametrize("limit", ["form_per_site", "form_per_address", "leads_per_address_and_ip"])
async def test_forms_that_are_refused_take_nothing_from_others(limited, limit):
    async with limited(form_soft_per_ip="off", **{limit: "2/day"}) as client:
        good = await proof(client)
        assert (await submit(client, altcha=good, interest="1")).status_code == 201
        for refused_for in ({"altcha": "wrong"}, {"altcha": good}, {"location": "Nowhere"}):
            for _ in range(3):
                assert (await submit(client, **refused_for)).status_code == 422
        assert (await submit(client, interest="2")).status_code == 201
        assert refused(await submit(client, interest="3"), limit)


async def test_a_form_sent_again_with_its_key_takes_nothing(limited):
    body = form(contact={"name": "Pat Sample", "email": "pat@sample.test"})
    async with limited(form_per_address="1/day") as client:
        for _ in range(3):
            answer = await client.post("/api/leads", json=body, headers={"Idempotency-Key": "key-1"})
            assert answer.status_code == 201


async def test_forms_of_one_site(limited):
    async with limited(form_per_site="1/day") as client:
        assert (await submit(client)).status_code == 201
        assert refused(await submit(client, "kim@sample.test"), "form_per_site")


async def test_the_defaults_let_a_hundred_forms_a_minute_through(limited):
    """`test_challenge.py` tries the limit that asks for proof."""
    async with limited(form_soft_per_ip="off") as client:
        answers = [await submit(client, f"p{n}@sample.test") for n in range(100)]
    assert {answer.status_code for answer in answers} == {201}


async def test_log_in_mails_to_one_member_end_and_the_answer_stays_the_same(
    limited, client, published, monkeypatch
):
    monkeypatch.setattr("ingest.actions.staff.LOGIN_PAUSE_SECONDS", -1)
    await client.put(DOOR, json=SAM, headers=OPS)
    async with limited(login_per_address="2/day") as door:
        answers = [
            await door.post("/api/staff/login", json={"email": email})
            for email in ["sam@sample.test"] * 4 + ["nobody@sample.test"] * 4
        ]
    assert {(a.status_code, a.content, tuple(sorted(a.headers))) for a in answers} == {
        (202, answers[0].content, tuple(sorted(answers[0].headers)))
    }
    assert len(await published("staff.login.requested.v1")) == 2


async def test_log_in_mails_to_one_member_end_wherever_they_are_asked_for(
    limited, client, published, monkeypatch
):
    monkeypatch.setattr("ingest.actions.staff.LOGIN_PAUSE_SECONDS", -1)
    await client.put(DOOR, json=SAM, headers=OPS)
    for n in range(4):
        async with limited(ip=f"198.51.100.{n}", login_per_member="2/day") as door:
            assert (await door.post("/api/staff/login", json={"email": "sam@sample.test"})).status_code == 202
    assert len(await published("staff.login.requested.v1")) == 2


UNREADABLE = (b'{"a": "\xff"}', b"[" * 100_000, b"9" * 5000)
"""No UTF-8, too deep, too many digits."""


@pytest.mark.parametrize("path", ["/api/leads", "/api/staff/login", "/api/staff/session"])
async def test_bodies_that_are_refused_are_counted(limited, tenant_id, path):
    async with limited(refused_requests_per_ip="2/day") as client:
        for body in (b"{", b"{}"):
            answer = await client.post(path, content=body, headers={"Idempotency-Key": "1"})
            assert answer.status_code in {400, 422}
        assert refused(await client.post(path, content=b"{}"), "refused_requests_per_ip")
        for body in UNREADABLE:
            answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})
            assert refused(answer, "refused_requests_per_ip"), body
        assert (await submit(client)).status_code == 201


async def test_asking_for_log_ins_is_counted_before_the_body_is_looked_at(limited):
    async with limited(login_per_ip="1/day") as client:
        assert (await client.post("/api/staff/login", json={})).status_code == 422
        assert refused(await client.post("/api/staff/login", json={}), "login_per_ip")


async def test_no_field_of_the_form_is_without_an_end(limited, tenant_id):
    async with limited() as client:
        for changed in ({"website": "x" * 5000}, {"website": "x" * 500_000}, {"message": " " * 500_000}):
            answer = await submit(client, **changed)
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(changed)))


STAFF_DOORS = [("GET", "me"), ("DELETE", "sessions")]


@pytest.mark.parametrize(("method", "path"), STAFF_DOORS)
async def test_guessed_and_ended_sessions_of_staff(limited, client, tenant_id, method, path):
    await client.put(DOOR, json=SAM, headers=OPS)
    made = (await client.post(f"{DOOR}/tokens", json={"days": 1}, headers=OPS)).json()
    await client.delete(f"{DOOR}/tokens/{made['id']}", headers=OPS)
    async with limited(staff_failures_per_ip="2/day") as door:
        for token in ("guessed", made["token"]):
            headers = {"Authorization": f"Bearer {token}"}
            assert (await door.request(method, f"/api/staff/{path}", headers=headers)).status_code == 401
        answer = await door.request(method, f"/api/staff/{path}", headers={"Authorization": "Bearer guessed"})
        assert refused(answer, "staff_failures_per_ip")


@pytest.mark.parametrize(("method", "path"), [*STAFF_DOORS, ("DELETE", "session")])
async def test_one_session_used_over_and_over(limited, client, tenant_id, method, path):
    await client.put(DOOR, json=SAM, headers=OPS)
    made = (await client.post(f"{DOOR}/tokens", json={"days": 1}, headers=OPS)).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    async with limited(staff_requests_per_member="1/day") as door:
        assert (await door.get("/api/staff/me", headers=headers)).status_code == 200
        answer = await door.request(method, f"/api/staff/{path}", headers=headers)
        assert refused(answer, "staff_requests_per_member")


async def test_the_leads_as_a_file_over_and_over(limited, client, tenant_id):
    await client.put(DOOR, json=SAM, headers=OPS)
    made = (await client.post(f"{DOOR}/tokens", json={"days": 1}, headers=OPS)).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    async with limited(exports_per_member="1/day") as door:
        assert (await door.get("/api/staff/leads.csv", headers=headers)).status_code == 200
        assert refused(await door.get("/api/staff/leads.csv", headers=headers), "exports_per_member")


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer guessed"}, {"Cookie": "staff_session=guessed"}]
)
async def test_guessed_sessions_that_are_to_end(limited, tenant_id, headers):
    async with limited(staff_failures_per_ip="1/day") as door:
        assert (await door.delete("/api/staff/session", headers=headers)).status_code == 204
        assert refused(await door.delete("/api/staff/session", headers=headers), "staff_failures_per_ip")
        assert (await door.delete("/api/staff/session")).status_code == 204, "who has none"


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/leads", "form_per_ip"),
        ("/api/staff/login", "login_per_ip"),
        ("/api/staff/session", "codes_per_ip"),
    ],
)
async def test_what_is_over_a_limit_is_not_read(limited, tenant_id, path, limit):
    async with limited(**{limit: "1/day"}) as door:
        assert (await door.post(path, json={})).status_code == 422
        assert refused(await door.post(path, content=unread()), limit)


async def test_a_webhook_whose_head_is_wrong_is_not_read(limited, tenant_id):
    async with limited() as door:
        for wrong in ({"webhook-signature": "v2,x"}, {"webhook-id": ""}, {"webhook-timestamp": "1"}):
            answer = await door.post(URL, content=unread(), headers=signed(b"{}") | wrong)
            assert answer.status_code == 401, wrong


async def unread() -> AsyncIterator[bytes]:
    pytest.fail("the body was read")
    yield b""


async def test_log_ins_from_one_address(limited):
    async with limited(login_per_ip="1/day") as client:
        assert (await client.post("/api/staff/login", json={"email": "a@sample.test"})).status_code == 202
        assert refused(await client.post("/api/staff/login", json={"email": "b@sample.test"}), "login_per_ip")


async def test_wrong_codes_from_one_address(limited, tenant_id):
    unused = mint(
        LinkPurpose.STAFF_LOGIN,
        Link(tenant_id, uuid4()),
        keys=[KEY],
        expires_at=datetime.now(UTC) + timedelta(minutes=1),
    )
    async with limited(session_failures_per_ip="2/day") as client:
        for code in ("forged", unused):
            answer = await client.post("/api/staff/session", json={"code": code})
            assert (answer.status_code, answer.json()["code"]) == (401, "login_not_valid")
        assert refused(
            await client.post("/api/staff/session", json={"code": "forged"}), "session_failures_per_ip"
        )


async def test_wrong_tokens_of_operators_and_the_right_one_still_opens(limited):
    async with limited(ops_token_failures_per_ip="1/day") as client:
        door = "/api/admin/tenants/sample-tint"
        wrong = {"Authorization": "Bearer wrong"}
        assert (await client.get(door, headers=wrong)).status_code == 401
        assert refused(await client.get(door, headers=wrong), "ops_token_failures_per_ip")
        assert (await client.get(door, headers=OPS)).status_code == 200


async def test_guessed_tenants_are_counted_together_and_signed_webhooks_never(limited):
    async with limited(unknown_tenants_per_ip="2/day") as client:
        for guess in ("other-tint", "No slug"):
            answer = await client.post(f"/webhooks/shopmonkey/{guess}", content=b"{}", headers=signed(b"{}"))
            assert answer.status_code == 404
        third = await client.post("/webhooks/shopmonkey/third-tint", content=b"{}", headers=signed(b"{}"))
        assert refused(third, "unknown_tenants_per_ip")
        content = httpx2.Request("POST", "http://x", json=order()).content
        assert (await client.post(URL, content=content, headers=signed(content))).status_code == 202


async def test_forged_webhooks_are_counted_and_signed_ones_never(limited):
    body = b"{}"
    async with limited(signature_failures_per_ip="1/day") as client:
        forged = signed(body, secret="guessed")
        assert (await client.post(URL, content=body, headers=forged)).status_code == 401
        assert refused(
            await client.post(URL, content=body, headers=signed(body, secret="guessed")),
            "signature_failures_per_ip",
        )
        for _ in range(3):
            content = httpx2.Request("POST", "http://x", json=order()).content
            assert (await client.post(URL, content=content, headers=signed(content))).status_code == 202
