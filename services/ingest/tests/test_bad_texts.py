"""Bad texts at every endpoint of ingest, and through ShopMonkey's webhook."""

import json

import pytest
from testkit.texts import BAD_LITERALS, BAD_TEXTS, check_texts

from .conftest import OPS, SECRET, SITE_KEY
from .test_webhook_endpoint import deliver, order

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

KNOWN = {
    "slug": "sample-tint",
    "tenant": "sample-tint",
    "code": "Store094",
    "email": "ana@example.com",
    "phone": "+16195550142",
    "sms_from": "+16195550194",
    "timezone": "America/Phoenix",
    "site_key": SITE_KEY,
    "location": "Store094",
    "locations": ["Store094"],
    "consent": {"sms": True, "email": True, "text": "Yes", "version": "1", "url": "https://shop.example"},
    "webhook_secrets": [SECRET],
    "role": "location",
    "website": "",
    "altcha": "",
    "status_columns": {"won": "Done"},
    "crm_location_id": "sample-sm-094",
    "dry_run": False,
    "text_countries": ["US"],
    "brand": "BSAMPLE",
    "campaign": "CSAMPLE",
    "first_touch": {"email": "at_once", "sms": "at_once"},
}


PERSON = KNOWN | {"address": "ana@example.com"}
"""Elsewhere an address is where a shop is."""
ENDPOINTS = {
    "/api/leads": KNOWN,
    "/api/staff": KNOWN,
    "/api/admin/tenants": KNOWN,
    "/api/admin/locations": KNOWN,
    "/api/admin/deliveries": KNOWN,
    "/api/admin/persons": PERSON,
    "/api/admin/retention": KNOWN,
}

WITHOUT_TEXTS = ("/api/admin/secrets",)


@pytest.mark.parametrize("headers", [{}, OPS], ids=["stranger", "operator"])
async def test_no_bad_text_breaks_an_endpoint(app, tenant_id, headers):
    others = ("/webhooks/", *WITHOUT_TEXTS)
    assert all(path.startswith((*ENDPOINTS, *others)) for path in app.openapi()["paths"])
    for paths, known in ENDPOINTS.items():
        tried = await check_texts(app, paths, headers, known)
        assert tried.faults == []
        assert tried.places


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("what", BAD_TEXTS)
async def test_a_row_with_a_bad_text_is_passed_on_as_postgresql_takes_it(client, tenant_id, published, what):
    text = BAD_TEXTS[what]
    for row in (order(complaint=text), order(notes=[{text: text}]), order(text)):
        answer = await deliver(client, row)
        assert answer.status_code in {202, 422}, (answer.status_code, answer.text)
    for event in await published("crm.change.received.v1"):
        written = json.dumps(event)
        assert "\\u0000" not in written
        written.encode("utf-8")


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("what", BAD_LITERALS)
async def test_a_row_with_a_bad_number_or_depth_is_kept_or_refused(client, tenant_id, published, what):
    content = json.dumps(order(amount="?")).replace('"?"', BAD_LITERALS[what]).encode()
    answer = await deliver(client, content)
    assert answer.status_code in {202, 400}, (answer.status_code, answer.text[:300])


async def test_words_of_a_form_are_cleaned_and_never_cost_the_lead(client, tenant_id, rows):
    body = {
        "site_key": SITE_KEY,
        "location": "Store094",
        "contact": {"name": "Zoe\u0308\ud800 \u202eSample\0", "email": "\u2068zoe@example.com\ufeff"},
        "message": "One\r\nTwo\u200b\0",
        "consent": KNOWN["consent"],
    }
    answer = await client.post(
        "/api/leads",
        content=json.dumps(body),
        headers={"Idempotency-Key": "k", "Content-Type": "application/json"},
    )
    assert answer.status_code == 201, answer.text
    [lead] = await rows("SELECT name, email, message FROM leads")
    assert lead == {"name": "Zoë Sample", "email": "zoe@example.com", "message": "One\nTwo"}
