"""Every bad delivery gets its precise answer; what got a 2xx is in the database."""

import time
from uuid import uuid4

import asyncpg
import httpx2
import pytest
from ops.stack.stackfile import StackFile
from testkit.customer import Customer
from testkit.shopmonkey import body_of, deliver, order_row, signed_headers

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]

KNOWN = "sample-sm-094"


def secret_of(stack: StackFile) -> str:
    return stack.secrets["webhook_secret"]


async def kept(stack: StackFile, webhook_id: str) -> list[str]:
    """The status of the kept deliveries with that id."""
    connection = await asyncpg.connect(stack.databases["ingest"])
    try:
        tenant = await connection.fetchval("SELECT id::text FROM tenants WHERE slug = 'sample-tint'")
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", tenant)
            rows = await connection.fetch(
                "SELECT status FROM webhook_deliveries WHERE webhook_id = $1", webhook_id
            )
            return [str(row["status"]) for row in rows]
    finally:
        await connection.close()


def problem(answer: httpx2.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    code: str = answer.json()["code"]
    return code


async def test_what_got_a_2xx_is_in_the_database_and_a_repetition_says_so(
    http: httpx2.AsyncClient, stack: StackFile
) -> None:
    body = body_of(order_row(KNOWN))
    headers = signed_headers(secret_of(stack), body)
    first = await deliver(http, stack.gateway, body, headers)
    again = await deliver(http, stack.gateway, body, headers)
    assert first.status_code == 202
    assert again.status_code == 200
    assert again.json() == {"delivery_id": first.json()["delivery_id"], "duplicate": True}
    assert len(await kept(stack, headers["webhook-id"])) == 1


async def test_a_bad_signature_is_refused(http: httpx2.AsyncClient, stack: StackFile) -> None:
    body = body_of(order_row(KNOWN))
    headers = signed_headers("somebody else's secret", body)
    problem(await deliver(http, stack.gateway, body, headers), 401)
    assert await kept(stack, headers["webhook-id"]) == []


async def test_a_changed_body_is_refused(http: httpx2.AsyncClient, stack: StackFile) -> None:
    headers = signed_headers(secret_of(stack), body_of(order_row(KNOWN)))
    problem(await deliver(http, stack.gateway, body_of(order_row(KNOWN)), headers), 401)


@pytest.mark.parametrize("offset_seconds", [-301, 301], ids=["old", "from the future"])
async def test_a_stale_delivery_is_refused(
    http: httpx2.AsyncClient, stack: StackFile, offset_seconds: int
) -> None:
    body = body_of(order_row(KNOWN))
    headers = signed_headers(secret_of(stack), body, at=time.time() + offset_seconds)
    problem(await deliver(http, stack.gateway, body, headers), 401)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"operation": "INSERT"}', b"\xff\xfe"])
async def test_a_malformed_body_is_refused(http: httpx2.AsyncClient, stack: StackFile, body: bytes) -> None:
    problem(await deliver(http, stack.gateway, body, signed_headers(secret_of(stack), body)), 400)


async def test_an_unknown_tenant_is_not_found(http: httpx2.AsyncClient, stack: StackFile) -> None:
    body = body_of(order_row(KNOWN))
    headers = signed_headers(secret_of(stack), body)
    problem(await deliver(http, stack.gateway, body, headers, tenant="nobody"), 404)


async def test_an_unknown_location_is_refused_and_the_delivery_kept_for_ops(
    http: httpx2.AsyncClient, stack: StackFile
) -> None:
    body = body_of(order_row("sample-nowhere"))
    headers = signed_headers(secret_of(stack), body)
    problem(await deliver(http, stack.gateway, body, headers), 422)
    assert await kept(stack, headers["webhook-id"]) == ["unknown_location"]


async def test_an_oversized_body_is_refused(http: httpx2.AsyncClient, stack: StackFile) -> None:
    body = body_of(order_row(KNOWN, note="x" * 1_100_000))
    problem(await deliver(http, stack.gateway, body, signed_headers(secret_of(stack), body)), 413)


@pytest.mark.parametrize("token", ["", "forged", "A" * 92, "../../etc"])
async def test_a_forged_chat_token_is_refused(customer: Customer, token: str) -> None:
    customer.token = token
    answers = [
        await customer.get("/api/chat/session/me"),
        await customer.get(f"/api/chat/session/{uuid4()}"),
        await customer.get("/api/chat/messages"),
        await customer.post("/api/chat/message", {"client_id": str(uuid4()), "text": "hi"}),
        await customer.get("/api/booking/catalog"),
    ]
    assert {answer.status_code for answer in answers} <= {401, 404}
    assert len({answer.json()["detail"] for answer in answers}) == 1


async def test_a_foreign_lead_looks_like_one_that_does_not_exist(
    customer: Customer, http: httpx2.AsyncClient, stack: StackFile
) -> None:
    other = Customer(stack, http)
    for one in (customer, other):
        await one.asks_the_shop()
        await one.opens_the_link()
    foreign = await customer.get(f"/api/chat/session/{await other.lead_id()}")
    nobody = await customer.get(f"/api/chat/session/{uuid4()}")
    assert foreign.status_code == nobody.status_code in {401, 404}
    assert foreign.json() == nobody.json()


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001], ids=["empty", "blank", "too long"])
async def test_an_empty_or_overlong_message_is_refused_and_not_stored(customer: Customer, text: str) -> None:
    await customer.asks_the_shop()
    before = await customer.opens_the_link()
    answer = await customer.post("/api/chat/message", {"client_id": str(uuid4()), "text": text})
    problem(answer, 422)
    assert (await customer.session())["messages"] == before["messages"]


async def test_the_same_client_id_is_one_message_with_one_reply(customer: Customer) -> None:
    await customer.asks_the_shop()
    await customer.opens_the_link()
    body = {"client_id": str(uuid4()), "text": "What are your opening hours?"}
    first = await customer.post("/api/chat/message", body, Prefer="wait=20")
    again = await customer.post("/api/chat/message", body, Prefer="wait=20")
    assert first.json()["message"]["id"] == again.json()["message"]["id"]
    texts = [m["text"] for m in (await customer.session())["messages"] if m["author"] == "customer"]
    assert texts == [body["text"]]
