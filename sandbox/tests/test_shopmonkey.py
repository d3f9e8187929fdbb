import json

import pytest

APPOINTMENT = {
    "name": "Window tint",
    "startDate": "2026-12-01T17:00:00Z",
    "endDate": "2026-12-01T19:30:00Z",
    "color": "blue",
}


async def _lead(http, **fields):
    return (await http.post("/control/leads", json={"webhook": False, **fields})).json()


async def test_a_wrong_key_is_refused_in_the_error_envelope(http):
    answer = await http.get("/shopmonkey/v3/order", headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401
    assert answer.json()["success"] is False
    assert answer.json()["code"].startswith("BOFF-")


async def test_an_order_comes_in_the_envelope_with_the_rate_headers(http, shop):
    lead = await _lead(http, first_name="Riley", service="window tint")
    answer = await shop.get(f"/order/{lead['order_id']}")
    assert answer.json()["success"] is True
    assert answer.json()["data"]["name"].startswith("New Quote - Window Tint")
    assert answer.json()["data"]["status"] == "Estimate"
    assert int(answer.headers["x-ratelimit-remaining-minute"]) < int(
        answer.headers["x-ratelimit-limit-minute"]
    )


async def test_a_missing_record_is_404_in_the_error_envelope(shop):
    answer = await shop.get("/customer/000000000000000000000000")
    assert (answer.status_code, answer.json()["success"]) == (404, False)


async def test_a_list_limit_above_100_is_clamped_without_a_word(shop):
    for number in range(103):
        assert (await shop.post("/customer", json={"firstName": f"C{number}"})).status_code == 201
    answer = (await shop.get("/customer", params={"limit": 500})).json()
    assert len(answer["data"]) == 100
    assert answer["meta"] == {"total": 103, "hasMore": True}


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"createdDate": {"gte": "2026-01-01T00:00:00Z"}}, 1),
        ({"createdDate": {"lt": "2026-01-01T00:00:00Z"}}, 0),
        ({"createdDate": {"$lt": "2026-01-01T00:00:00Z"}}, 1),
        ({"noSuchField": "x"}, 1),
        ({"archived": False, "invoicedDate": None}, 1),
        ({"archived": True}, 0),
        ({"number": "1001"}, 1),
        ({"OR": [{"archived": True}, {"status": "Estimate"}]}, 1),
    ],
)
async def test_where_filters_with_bare_operators_and_ignores_what_it_does_not_know(http, shop, where, found):
    await _lead(http)
    answer = (await shop.get("/order", params={"where": json.dumps(where)})).json()
    assert answer["meta"]["total"] == found


@pytest.mark.parametrize("params", [{"orderby": "{}"}, {"where": '{"number": 1001}'}, {"where": "{"}])
async def test_a_list_call_that_the_real_api_refuses_is_400(shop, params):
    assert (await shop.get("/order", params=params)).status_code == 400


@pytest.mark.parametrize("missing", ["name", "startDate", "endDate", "color"])
async def test_an_appointment_without_a_required_field_is_refused(shop, missing):
    body = {name: value for name, value in APPOINTMENT.items() if name != missing}
    answer = await shop.post("/appointment", json=body)
    assert answer.status_code == 400
    assert answer.json()["message"] == f"body must have required property '{missing}'"


async def test_an_appointment_keeps_metadata_and_drops_unknown_names(shop):
    body = APPOINTMENT | {"metadata": {"marker": "ours-1"}, "title": "x", "notes": "y", "note": "z"}
    created = (await shop.post("/appointment", json=body)).json()["data"]
    stored = (await shop.get(f"/appointment/{created['id']}")).json()["data"]
    assert stored["metadata"] == {"marker": "ours-1"}
    assert stored["note"] == "z"
    assert not {"title", "notes"} & set(stored)


async def test_an_appointment_shows_on_its_order_until_it_is_cancelled(http, shop):
    order_id = (await _lead(http))["order_id"]
    created = (await shop.post("/appointment", json=APPOINTMENT | {"orderId": order_id})).json()["data"]
    assert (await shop.get(f"/order/{order_id}")).json()["data"]["appointmentDates"] == [
        APPOINTMENT["startDate"]
    ]
    await shop.patch(f"/appointment/{created['id']}/cancel", json={"cancellationNote": "changed plans"})
    assert (await shop.get(f"/order/{order_id}")).json()["data"]["appointmentDates"] == []


async def test_the_appointment_search_finds_by_date_exactly(shop):
    await shop.post("/appointment", json=APPOINTMENT)
    later = {"startDate": "2026-12-02T17:00:00Z", "endDate": "2026-12-02T18:00:00Z"}
    await shop.post("/appointment", json=APPOINTMENT | later)
    where = {"startDate": {"gte": "2026-12-02T00:00:00Z", "lte": "2026-12-03T00:00:00Z"}}
    found = (await shop.post("/appointment/search", json={"where": where, "limit": 100})).json()
    assert [row["startDate"] for row in found["data"]] == ["2026-12-02T17:00:00Z"]


async def test_a_customer_is_found_by_mail_and_by_phone_and_loses_top_level_contacts(shop):
    body = {
        "firstName": "Riley",
        "email": "dropped@example.com",
        "emails": [{"email": "riley@example.com"}],
        "phoneNumbers": [{"number": "+16195550111"}],
    }
    created = (await shop.post("/customer", json=body)).json()["data"]
    assert "email" not in created
    by_mail = await shop.post("/customer/email/search", json={"emails": ["RILEY@example.com"]})
    by_phone = await shop.post(
        "/customer/phone_number/search", json={"phoneNumbers": [{"number": "+16195550111"}]}
    )
    assert [row["id"] for row in by_mail.json()["data"]] == [created["id"]]
    assert [row["id"] for row in by_phone.json()["data"]] == [created["id"]]


async def test_a_search_by_mail_without_emails_is_400(shop):
    answer = await shop.post("/customer/email/search", json={})
    assert answer.json()["message"] == "body must have required property 'emails'"


async def test_a_vehicle_demands_its_size(http, shop):
    lead = await _lead(http)
    body = {"customerId": lead["customer_id"], "year": 2020, "make": "Kia", "model": "Soul"}
    assert (await shop.post("/vehicle", json=body)).status_code == 400
    assert (await shop.post("/vehicle", json=body | {"size": "LightDuty"})).status_code == 201


async def test_a_put_merges_only_the_fields_given(http, shop):
    order_id = (await _lead(http))["order_id"]
    columns = (await shop.get("/workflow_status")).json()["data"]
    target = next(c for c in columns if c["name"] == "Appointments" and c["locationId"] == "sample-sm-094")
    before = (await shop.get(f"/order/{order_id}")).json()["data"]
    after = (await shop.put(f"/order/{order_id}", json={"workflowStatusId": target["id"]})).json()["data"]
    assert after["workflowStatusId"] == target["id"]
    assert after["name"] == before["name"]


async def test_a_message_counts_on_its_order_and_reaches_nobody_when_internal(http, shop):
    order_id = (await _lead(http))["order_id"]
    body = {"orderId": order_id, "text": "note", "internal": True, "sendSms": False, "sendEmail": False}
    message = (await shop.post("/message", json=body)).json()["data"]
    assert (await shop.get(f"/message/{message['id']}")).json()["data"]["text"] == "note"
    assert (await shop.get(f"/order/{order_id}")).json()["data"]["messageCount"] == 1
    assert (await http.get("/control/inbox")).json() == []


async def test_a_message_with_send_sms_reaches_the_customers_phone(http, shop):
    lead = await _lead(http)
    await shop.post("/message", json={"orderId": lead["order_id"], "text": "hello", "sendSms": True})
    texts = (await http.get("/control/inbox", params={"to": lead["phone"], "channel": "sms"})).json()
    assert [text["text"] for text in texts] == ["hello"]


async def test_a_delete_with_a_json_type_and_no_body_is_400(shop):
    created = (await shop.post("/appointment", json=APPOINTMENT)).json()["data"]
    bare = await shop.delete(f"/appointment/{created['id']}", headers={"Content-Type": "application/json"})
    assert bare.status_code == 400
    assert (await shop.delete(f"/appointment/{created['id']}")).status_code == 200
    assert (await shop.get(f"/appointment/{created['id']}")).status_code == 404


async def test_two_shops_with_their_columns_are_there_from_the_start(shop):
    ids = {row["id"] for row in (await shop.get("/location")).json()["data"]}
    columns = (await shop.get("/workflow_status")).json()["data"]
    assert ids == {"sample-sm-094", "sample-sm-201"}
    assert {c["locationId"] for c in columns if c["name"] == "Website Leads"} == ids
