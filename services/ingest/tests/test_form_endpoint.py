import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from httpx2 import ASGITransport, AsyncClient, Response

from .conftest import OPS, SITE_KEY, TENANT, Rows, application

CONSENT = {
    "sms": True,
    "email": True,
    "text": "I agree to get messages about my request (sample).",
    "version": "2026-11",
    "url": "https://sample-tint.example/quote",
}


def form(**changed: object) -> dict[str, object]:
    return {
        "site_key": SITE_KEY,
        "location": "Store094",
        "contact": {"name": "Pat Sample", "email": "Pat@Sample.TEST", "phone": "(619) 555-0142"},
        "vehicle": {"year": 2022, "make": "Honda", "model": "CR-V"},
        "interest": "window tint",
        "message": "How much?",
        "consent": CONSENT,
        **changed,
    }


async def submit(client: AsyncClient, body: dict[str, object], key: str | None = None) -> Response:
    return await client.post("/api/leads", json=body, headers={"Idempotency-Key": key or str(uuid4())})


async def test_a_form_makes_a_normalised_lead_and_one_event(
    client, tenant_id, location_id, rows: Rows, published
):
    answer = await submit(client, form())
    assert answer.status_code == 201
    [lead] = await rows("SELECT * FROM leads")
    assert answer.json() == {"lead_id": str(lead["id"])}
    assert (lead["email"], lead["phone"]) == ("pat@sample.test", "+16195550142")
    assert (lead["status"], lead["source"], lead["version"]) == ("new", "web_form", 1)
    [event] = await published("lead.received.v1")
    assert (event["subject"], event["leadversion"]) == (str(lead["id"]), 1)
    assert (event["tenantid"], event["locationid"]) == (str(tenant_id), str(location_id))
    assert event["correlationid"] == event["id"] == lead["correlation_id"]
    assert event["data"]["vehicle"] == {
        "year": 2022,
        "make": "Honda",
        "model": "CR-V",
        "vehicle_class": "suv",
    }
    assert event["data"]["contact"] == {
        "name": "Pat Sample",
        "email": "pat@sample.test",
        "phone": "+16195550142",
    }


async def test_the_proof_of_consent_is_kept(client, tenant_id, rows: Rows):
    before = datetime.now(UTC)
    await submit(client, form())
    [source] = await rows("SELECT * FROM lead_sources")
    consent = source["consent"]
    assert {name: consent[name] for name in CONSENT} == CONSENT
    assert consent["ip"] == "127.0.0.1"
    assert before <= datetime.fromisoformat(consent["given_at"]) <= datetime.now(UTC)


async def test_the_same_key_and_body_get_the_same_answer_and_no_second_lead(
    client, tenant_id, rows: Rows, published
):
    answers = await asyncio.gather(*(submit(client, form(), "key-1") for _ in range(10)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["lead_id"] for answer in answers}) == 1
    assert len(await rows("SELECT id FROM leads")) == 1
    assert len(await published("lead.received.v1")) == 1


async def test_the_same_key_with_another_body_is_a_conflict(client, tenant_id, rows: Rows):
    await submit(client, form(), "key-1")
    answer = await submit(client, form(message="other"), "key-1")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert len(await rows("SELECT id FROM leads")) == 1


async def test_a_refused_form_does_not_use_up_its_key(client, tenant_id):
    assert (await submit(client, form(location="Nowhere"), "key-1")).status_code == 422
    assert (await submit(client, form(), "key-1")).status_code == 201


async def test_a_form_sent_twice_with_two_keys_is_one_lead_with_two_traces(client, tenant_id, rows: Rows):
    answers = await asyncio.gather(*(submit(client, form()) for _ in range(5)))
    assert len(await rows("SELECT id FROM leads")) == 1
    assert len(await rows("SELECT id FROM lead_sources WHERE lead_id IS NOT NULL")) == 5
    assert len({answer.json()["lead_id"] for answer in answers}) == 5, "an answer names no lead that is known"


async def test_the_same_form_for_something_else_is_a_lead_of_its_own(client, tenant_id, rows: Rows):
    await submit(client, form())
    await submit(client, form(interest="ppf"))
    assert [row["phone"] for row in await rows("SELECT phone FROM leads")] == ["+16195550142"] * 2


@pytest.mark.parametrize(
    ("mark", "reason"),
    [({"website": "http://spam.example"}, "honeypot"), ({"started_at": "now"}, "too_fast")],
    ids=["honeypot", "too fast"],
)
async def test_a_machine_hears_success_and_leaves_a_trace_but_no_lead(
    client, tenant_id, rows: Rows, published, mark, reason
):
    if "started_at" in mark:
        mark = {"started_at": datetime.now(UTC).isoformat()}
    answers = [await submit(client, form(**mark), "key-1") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["lead_id"]
    assert await rows("SELECT id FROM leads") == []
    assert await published("lead.received.v1") == []
    [trace] = await rows("SELECT * FROM lead_sources")
    assert (trace["lead_id"], trace["suspicion"]) == (None, reason)
    assert trace["seen"]["contact"]["phone"] == "+16195550142"


@pytest.mark.parametrize("ago", [timedelta(seconds=3), timedelta(minutes=-2)], ids=["slow", "clock ahead"])
async def test_a_person_who_took_time_or_has_a_wrong_clock_is_a_lead(client, tenant_id, rows: Rows, ago):
    started_at = (datetime.now(UTC) - ago).isoformat()
    await submit(client, form(started_at=started_at, website=""))
    assert len(await rows("SELECT id FROM leads")) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"site_key": "nobody"}, "site_key"),
        ({"site_key": "nul\0"}, "site_key"),
        ({"location": "Nowhere"}, "location"),
        ({"location": "Store201"}, "location"),
        ({"contact": {"name": "Pat"}}, "contact"),
        ({"contact": {"name": "Pat", "email": " ", "phone": ""}}, "contact"),
        ({"contact": {"name": " ", "email": "pat@sample.test"}}, "contact"),
        ({"contact": {"name": "Pat", "email": "pat@"}}, "contact.email"),
        ({"contact": {"name": "Pat", "phone": "555-0142"}}, "contact.phone"),
        ({"vehicle": {"year": 1200}}, "vehicle.year"),
        ({"message": "x" * 4001}, "message"),
        ({"consent": {"sms": True, "email": True}}, "consent.text"),
        ({"consent": {**CONSENT, "sms": "yes"}}, "consent.sms"),
        ({"started_at": "yesterday"}, "started_at"),
    ],
)
async def test_what_is_wrong_is_named(client, tenant_id, rows: Rows, changed, field):
    answer = await submit(client, form(**changed))
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert await rows("SELECT id FROM leads") == []


async def test_the_idempotency_key_is_required(client, tenant_id):
    answer = await client.post("/api/leads", json=form())
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"].lower() == "idempotency-key"


@pytest.mark.parametrize(
    "contact", [{"email": "pat@sample.test"}, {"phone": "6195550142"}], ids=["email", "phone"]
)
async def test_one_way_to_reach_the_person_is_enough(client, tenant_id, contact):
    assert (await submit(client, form(contact={"name": "Pat", **contact}))).status_code == 201


async def test_the_class_that_the_form_gives_wins(client, tenant_id, rows: Rows):
    await submit(client, form(vehicle={"class": "Truck", "model": "CR-V"}))
    [lead] = await rows("SELECT vehicle FROM leads")
    assert lead["vehicle"]["vehicle_class"] == "truck"


async def test_a_site_key_leads_to_its_own_tenant_only(client, tenant_id, rows: Rows):
    other = {**TENANT, "site_keys": ["other-key"], "name": "Sample Wraps"}
    await client.put("/api/admin/tenants/sample-wraps", json=other, headers=OPS)
    answer = await submit(client, form(site_key="other-key"))
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_location")
    assert await rows("SELECT id FROM leads") == []


async def test_with_postgresql_away_the_form_is_asked_to_come_again():
    transport = ASGITransport(app=application("postgresql://nobody:x@127.0.0.1:1/none"))
    async with AsyncClient(transport=transport, base_url="http://ingest") as client:
        answer = await submit(client, form())
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_the_form_is_taken_while_rabbitmq_is_away(app, client, tenant_id, rows: Rows):
    async with app.router.lifespan_context(app):  # its relay and consumers find no broker
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["checks"]["rabbitmq"]) == (503, False)
        assert (await submit(client, form())).status_code == 201
    assert (
        len(await rows("SELECT 1 FROM outbox WHERE type = 'lead.received.v1' AND published_at IS NULL")) == 1
    )
