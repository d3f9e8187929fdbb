import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest

SID = "AC5a6d706c655a6d706c655a6d706c6500"
MESSAGES = f"/twilio/2010-04-01/Accounts/{SID}/Messages.json"
LOGIN = (SID, "sample-twilio-token")
FORM = {"To": "+16195550123", "From": "+16195550194", "Body": "Hello"}


def _signature(url: str, params: dict[str, str]) -> str:
    signed = url + "".join(name + params[name] for name in sorted(params))
    return base64.b64encode(hmac.new(LOGIN[1].encode(), signed.encode(), hashlib.sha1).digest()).decode()


async def test_a_message_is_queued_and_reaches_the_phone(http, eventually):
    answer = await http.post(MESSAGES, data=FORM, auth=LOGIN)
    assert (answer.status_code, answer.json()["status"]) == (201, "queued")
    assert answer.json()["sid"].startswith("SM")

    async def shown() -> bool:
        texts = (await http.get("/control/inbox", params={"to": "+16195550123", "channel": "sms"})).json()
        return [text["text"] for text in texts] == ["Hello"]

    await eventually(shown)


async def test_a_wrong_token_is_20003(http):
    answer = await http.post(MESSAGES, data=FORM, auth=(SID, "wrong"))
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"To": "12"}, 21211),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550009"}, 21614),
        ({"Body": ""}, 21602),
        ({"From": ""}, 21603),
    ],
)
async def test_a_message_that_twilio_refuses_names_its_code(http, form, code):
    answer = await http.post(MESSAGES, data=FORM | form, auth=LOGIN)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_status_callbacks_are_signed_and_go_sent_then_delivered(http, gateway, eventually):
    url = f"{gateway.url}/webhooks/twilio/status/sample-tint"
    sid = (await http.post(MESSAGES, data=FORM | {"StatusCallback": url}, auth=LOGIN)).json()["sid"]

    async def both() -> bool:
        return len(gateway.got) == 2

    await eventually(both)
    params = [dict(parse_qsl(got.body.decode())) for got in gateway.got]
    assert [(p["MessageSid"], p["MessageStatus"]) for p in params] == [(sid, "sent"), (sid, "delivered")]
    assert [got.headers["x-twilio-signature"] for got in gateway.got] == [_signature(url, p) for p in params]


async def test_an_unreachable_phone_is_undelivered_with_30003(http, gateway, eventually):
    url = f"{gateway.url}/status"
    await http.post(MESSAGES, data=FORM | {"To": "+15005550030", "StatusCallback": url}, auth=LOGIN)

    async def both() -> bool:
        return len(gateway.got) == 2

    await eventually(both)
    last = dict(parse_qsl(gateway.got[-1].body.decode()))
    assert (last["MessageStatus"], last["ErrorCode"]) == ("undelivered", "30003")


async def test_a_send_of_unknown_outcome_can_be_looked_up(http):
    sid = (await http.post(MESSAGES, data=FORM, auth=LOGIN)).json()["sid"]
    since = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    found = await http.get(MESSAGES, params={"To": FORM["To"], "DateSent>": since}, auth=LOGIN)
    later = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    none = await http.get(MESSAGES, params={"To": FORM["To"], "DateSent>": later}, auth=LOGIN)
    one = await http.get(f"/twilio/2010-04-01/Accounts/{SID}/Messages/{sid}.json", auth=LOGIN)
    assert [message["sid"] for message in found.json()["messages"]] == [sid]
    assert none.json()["messages"] == []
    assert one.json()["body"] == "Hello"


async def test_an_inbound_text_is_signed_over_the_url_and_its_params(http, gateway):
    answer = await http.post("/control/sms", json={"from": "+16195550123", "body": "How much?"})
    (got,) = gateway.at("/webhooks/twilio/sms/sample-tint")
    params = dict(parse_qsl(got.body.decode()))
    assert answer.json()["status"] == 202
    assert (params["From"], params["Body"]) == ("+16195550123", "How much?")
    assert got.headers["x-twilio-signature"] == _signature(f"{gateway.url}{got.path}", params)


async def test_after_stop_a_send_is_21610_until_start(http):
    await http.post("/control/sms", json={"from": FORM["To"], "body": " stop "})
    refused = await http.post(MESSAGES, data=FORM, auth=LOGIN)
    assert (refused.status_code, refused.json()["code"]) == (400, 21610)
    await http.post("/control/sms", json={"from": FORM["To"], "body": "START"})
    assert (await http.post(MESSAGES, data=FORM, auth=LOGIN)).status_code == 201


async def test_stop_inside_a_sentence_is_not_twilios_business(http):
    await http.post("/control/sms", json={"from": FORM["To"], "body": "please stop"})
    assert (await http.post(MESSAGES, data=FORM, auth=LOGIN)).status_code == 201


async def test_twiml_that_our_side_answers_reaches_the_phone(http, gateway):
    gateway.text = "<Response><Message>Tom &amp; Co: hi</Message></Response>"
    await http.post("/control/sms", json={"from": "+16195550123", "body": "hello"})
    texts = (await http.get("/control/inbox", params={"channel": "sms"})).json()
    assert [text["text"] for text in texts] == ["Tom & Co: hi"]
