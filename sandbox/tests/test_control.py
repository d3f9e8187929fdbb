import pytest


async def test_explicit_nulls_are_a_customer_without_phone_and_mail(http):
    lead = (await http.post("/control/leads", json={"webhook": False, "phone": None, "email": None})).json()
    (customer,) = (await http.get("/control/shopmonkey/customers")).json()
    assert customer["id"] == lead["customer_id"]
    assert (customer["emails"], customer["phoneNumbers"]) == ([], [])


async def test_two_default_leads_are_two_persons(http):
    leads = [(await http.post("/control/leads", json={"webhook": False})).json() for _ in range(2)]
    assert len({lead["email"] for lead in leads}) == 2


@pytest.mark.parametrize(
    ("location", "stored"),
    [
        ("Store094", "sample-sm-094"),
        ("Store201", "sample-sm-201"),
        ("sample-sm-201", "sample-sm-201"),
        ("nowhere-9", "nowhere-9"),
    ],
)
async def test_a_location_is_our_code_or_theirs_or_unknown_and_taken_as_it_is(http, location, stored):
    await http.post("/control/leads", json={"webhook": False, "location": location})
    (order,) = (await http.get("/control/shopmonkey/order")).json()
    assert order["locationId"] == stored


async def test_the_lead_has_its_vehicle_and_waits_among_the_website_leads(http):
    vehicle = {"year": 2019, "make": "Ford", "model": "F-150", "size": "MediumDuty"}
    lead = (await http.post("/control/leads", json={"webhook": False, "vehicle": vehicle})).json()
    (row,) = (await http.get("/control/shopmonkey/vehicles")).json()
    (order,) = (await http.get("/control/shopmonkey/orders")).json()
    columns = {c["id"]: c["name"] for c in (await http.get("/control/shopmonkey/workflow_statuses")).json()}
    assert (row["id"], row["model"], row["size"]) == (lead["vehicle_id"], "F-150", "MediumDuty")
    assert columns[order["workflowStatusId"]] == "Website Leads"


async def test_an_unknown_table_is_404(http):
    assert (await http.get("/control/shopmonkey/secrets")).status_code == 404


async def test_a_message_written_in_shopmonkey_keeps_its_author(http):
    order_id = (await http.post("/control/leads", json={"webhook": False})).json()["order_id"]
    body = {"order_id": order_id, "author": "User", "text": "I take over"}
    assert (await http.post("/control/shopmonkey/messages", json=body)).status_code == 201
    (message,) = (await http.get("/control/shopmonkey/messages")).json()
    assert (message["authorType"], message["text"], message["orderId"]) == ("User", "I take over", order_id)


async def test_reset_forgets_everything(http, shop):
    await http.post("/control/leads", json={})
    await http.put("/control/faults/shopmonkey", json={"mode": "status"})
    await http.put("/control/anthropic/script", json=[{"text": "x"}])
    assert (await http.post("/control/reset")).status_code == 200
    assert (await http.get("/control/shopmonkey/orders")).json() == []
    assert (await http.get("/control/calls")).json() == []
    assert (await shop.get("/location")).json()["meta"]["total"] == 2


async def test_a_script_element_that_is_nothing_known_is_refused(http):
    answer = await http.put("/control/anthropic/script", json=[{"txt": "x"}])
    assert answer.status_code == 422


async def test_a_meta_lead_is_the_same_person_each_time(http):
    answers = [(await http.get("/meta/v23.0/4711", params={"access_token": "t"})).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert {field["name"] for field in answers[0]["field_data"]} >= {"full_name", "email", "phone_number"}


async def test_the_page_is_served_with_its_parts(http):
    page = await http.get("/")
    assert page.headers["content-type"].startswith("text/html")
    for part in ("app.css", "app.js"):
        assert part in page.text
        assert (await http.get(f"/{part}")).status_code == 200


async def test_the_pages_view_is_silent_while_nothing_changes(http):
    revision = (await http.get("/control/overview")).json()["revision"]
    assert (await http.get("/control/overview", params={"revision": revision})).status_code == 204
    await http.post("/control/leads", json={"webhook": False})
    assert (await http.get("/control/overview", params={"revision": revision})).status_code == 200
