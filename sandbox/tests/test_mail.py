import asyncio
import hashlib
import hmac
import smtplib
from email.message import EmailMessage

import pytest
import uvloop
from sandbox.faults import Fault
from sandbox.server import running
from sandbox.settings import Settings

INVITE = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def _mail(**headers) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Sample Tint San Diego <store094@sample-tint.example>"
    message["To"] = "riley@example.com"
    message["Subject"] = "Your tint quote: ça va"
    message["Message-ID"] = "<first@sample-tint.example>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Hi Riley")
    message.add_alternative("<p>Hi <b>Riley</b></p>", subtype="html")
    return message


def _send_now(port: int, message: EmailMessage) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.login("user", "password")
        client.send_message(message)


async def _send(sandbox, message: EmailMessage) -> None:
    await asyncio.to_thread(_send_now, sandbox.smtp_port, message)


async def test_a_mail_is_kept_with_text_html_and_headers(sandbox, http):
    await _send(sandbox, _mail(List_Unsubscribe="<https://u.example/x>"))
    (kept,) = (
        await http.get("/control/inbox", params={"to": "Riley@Example.com", "channel": "email"})
    ).json()
    assert kept["from"] == "store094@sample-tint.example"
    assert kept["subject"] == "Your tint quote: ça va"
    assert kept["text"].strip() == "Hi Riley"
    assert "<b>Riley</b>" in kept["html"]
    assert kept["headers"]["List-Unsubscribe"] == "<https://u.example/x>"
    assert kept["received_at"].endswith("Z")


async def test_an_invitation_in_the_body_and_attached_is_one_attachment(sandbox, http):
    message = _mail()
    message.add_alternative(INVITE, subtype="calendar", params={"method": "REQUEST"})
    message.add_attachment(INVITE.encode(), maintype="text", subtype="calendar", filename="invite.ics")
    await _send(sandbox, message)
    (kept,) = (await http.get("/control/inbox")).json()
    (invite,) = kept["attachments"]
    assert (invite["filename"], invite["content_type"]) == ("invite.ics", "text/calendar")
    assert "METHOD:REQUEST" in invite["text"]


async def test_a_mail_that_the_server_refuses_is_not_kept(sandbox, http):
    await http.put("/control/faults/smtp", json={"mode": "status", "status": 451})
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await _send(sandbox, _mail())
    assert refused.value.smtp_code == 451
    assert (await http.get("/control/inbox")).json() == []


async def test_a_server_that_drops_the_connection_keeps_nothing(sandbox, http):
    await http.put("/control/faults/smtp", json={"mode": "disconnect"})
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await _send(sandbox, _mail())
    assert (await http.get("/control/inbox")).json() == []


async def test_a_timeout_after_commit_keeps_the_mail_that_was_never_acknowledged(sandbox, http):
    await http.put("/control/faults/smtp", json={"mode": "timeout_after_commit", "seconds": 0.05})
    with pytest.raises(smtplib.SMTPServerDisconnected):
        await _send(sandbox, _mail())
    assert len((await http.get("/control/inbox")).json()) == 1


async def test_mails_are_on_the_record(sandbox, http):
    await _send(sandbox, _mail())
    (call,) = (await http.get("/control/calls", params={"vendor": "smtp"})).json()
    assert (call["status"], call["body"]["to"]) == (250, ["riley@example.com"])


async def test_a_customers_reply_arrives_signed_and_names_the_mail_it_answers(sandbox, http, gateway):
    await _send(sandbox, _mail(Reply_To="reply+abc@in.sample-tint.example"))
    reply = {
        "from": "riley@example.com",
        "to": "reply+abc@in.sample-tint.example",
        "subject": "Re: x",
        "text": "ok",
    }
    answer = await http.post("/control/email", json=reply)
    (got,) = gateway.at("/webhooks/email/sample-tint")
    secret = sandbox.world.settings.webhook_secret.encode()
    assert answer.json()["status"] == 202
    assert got.headers["content-type"].startswith("multipart/form-data")
    signed = f"{got.headers['x-inbound-timestamp']}.sample-tint.".encode() + got.body
    assert got.headers["x-inbound-signature"] == hmac.new(secret, signed, hashlib.sha256).hexdigest()
    assert b"In-Reply-To: <first@sample-tint.example>" in got.body


def _torn_on_uvloop() -> int:
    async def send() -> int:
        async with running(Settings()) as sandbox:
            sandbox.world.faults.put("smtp", Fault(mode="timeout_after_commit", seconds=0))
            with pytest.raises(smtplib.SMTPServerDisconnected):
                await asyncio.to_thread(_send_now, sandbox.smtp_port, _mail())
            return len(sandbox.world.inbox)

    return uvloop.run(send())


async def test_a_mail_kept_without_an_answer_gets_none_on_the_loop_that_the_sandbox_runs_on_either():
    assert await asyncio.to_thread(_torn_on_uvloop) == 1
