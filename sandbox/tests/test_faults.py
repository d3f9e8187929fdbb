import json

import httpx2
import pytest
from sandbox.faults import Fault, Faults

APPOINTMENT = {
    "name": "n",
    "startDate": "2026-12-01T17:00:00Z",
    "endDate": "2026-12-01T18:00:00Z",
    "color": "red",
}


async def _fault(http, vendor="shopmonkey", **fault):
    assert (await http.put(f"/control/faults/{vendor}", json=fault)).status_code == 200


async def test_a_status_fault_carries_retry_after_in_the_vendors_error_body(http, shop):
    await _fault(http, mode="status", status=429, retry_after=7)
    answer = await shop.get("/order")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["success"] is False


@pytest.mark.parametrize(
    ("vendor", "path", "status", "field"),
    [
        ("twilio", "/twilio/x", 503, "code"),
        ("anthropic", "/anthropic/v1/messages", 529, "type"),
        ("meta", "/meta/v1/1", 500, "error"),
    ],
)
async def test_each_vendor_errs_in_its_own_words(http, vendor, path, status, field):
    await _fault(http, vendor, mode="status", status=status)
    answer = await http.post(path)
    assert answer.status_code == status
    assert field in answer.json()


async def test_the_same_fault_put_again_hits_the_same_requests(http, shop):
    runs = []
    for _ in range(2):
        await _fault(http, mode="status", status=503, rate=0.5)
        runs.append([(await shop.get("/location")).status_code for _ in range(20)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


async def test_a_timeout_never_does_the_work(http, shop):
    await _fault(http, mode="timeout")
    with pytest.raises(httpx2.ReadTimeout):
        await shop.post("/appointment", json=APPOINTMENT, timeout=0.1)
    assert (await http.get("/control/shopmonkey/appointments")).json() == []


async def test_a_timeout_after_commit_does_the_work_and_never_says_so(http, shop):
    await _fault(http, mode="timeout_after_commit")
    with pytest.raises(httpx2.ReadTimeout):
        await shop.post("/appointment", json=APPOINTMENT, timeout=0.2)
    assert len((await http.get("/control/shopmonkey/appointments")).json()) == 1


async def test_a_timeout_lets_go_after_its_seconds(http, shop):
    await _fault(http, mode="timeout", seconds=0.05)
    with pytest.raises(httpx2.RemoteProtocolError):
        await shop.get("/order")


async def test_a_slow_answer_is_late_and_whole(http, shop):
    await _fault(http, mode="slow", seconds=0.2)
    answer = await shop.get("/location")
    assert answer.elapsed.total_seconds() >= 0.2
    assert answer.json()["meta"]["total"] == 2


async def test_a_malformed_answer_is_200_and_no_json(http, shop):
    await _fault(http, mode="malformed")
    answer = await shop.get("/location")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_the_firewalls_page_is_html(http, shop):
    await _fault(http, mode="html_403")
    answer = await shop.get("/location")
    assert (answer.status_code, answer.headers["content-type"][:9]) == (403, "text/html")


async def test_a_request_may_be_carried_out_and_then_answered_wrongly(http, shop):
    await _fault(http, mode="status", status=500, after_commit=True)
    assert (await shop.post("/customer", json={"firstName": "One"})).status_code == 500
    await _fault(http, mode="html_200")
    answer = await shop.post("/customer", json={"firstName": "Two"})
    assert (answer.status_code, answer.headers["content-type"][:9]) == (200, "text/html")
    await _fault(http, mode="none")
    kept = (await http.get("/control/shopmonkey/customers")).json()
    assert [row["firstName"] for row in kept] == ["One", "Two"]


async def test_a_disconnect_is_no_answer_at_all(http, shop):
    await _fault(http, mode="disconnect")
    with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
        await shop.get("/location")


async def test_a_list_that_drops_rows_shows_them_all_to_the_union_of_sweeps(http, shop):
    for _ in range(20):
        await http.post("/control/leads", json={"webhook": False})
    await _fault(http, mode="drop_rows")
    sweeps = [(await shop.get("/order")).json() for _ in range(12)]
    honest = [sweep for sweep in sweeps if "meta" in sweep]
    assert all(sweep["meta"]["total"] == 20 for sweep in honest)
    assert any(len(sweep["data"]) < 20 for sweep in honest)
    assert len({row["id"] for sweep in honest for row in sweep["data"]}) == 20


async def test_faults_of_one_vendor_leave_the_others_and_the_control_api_alone(http, shop):
    await _fault(http, "twilio", mode="status", status=500)
    await _fault(http, "shopmonkey", mode="status", status=500)
    assert (await http.post("/control/leads", json={"webhook": False})).status_code == 201
    assert (await http.get("/meta/v23.0/123", params={"access_token": "x"})).status_code == 200


async def test_a_hanging_request_is_on_the_record_with_no_status(http, shop):
    await _fault(http, mode="timeout", seconds=0.05)
    with pytest.raises(httpx2.RemoteProtocolError):
        await shop.post("/message", json={"text": "x"})
    (call,) = (await http.get("/control/calls", params={"vendor": "shopmonkey"})).json()
    assert (call["method"], call["path"], call["status"]) == ("POST", "/shopmonkey/v3/message", None)
    assert call["body"] == {"text": "x"}


def test_a_fault_for_one_kind_of_request_spares_the_others():
    faults = Faults(seed=1)
    faults.put("shopmonkey", Fault(mode="timeout", only="POST /order"))

    requests = ("POST /shopmonkey/v3/order", "GET /shopmonkey/v3/order", "POST /shopmonkey/v3/customer")
    assert [faults.roll("shopmonkey", request).mode for request in requests] == ["timeout", "none", "none"]
