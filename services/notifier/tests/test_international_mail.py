"""Addresses with letters beyond ASCII: sent where the mail server can, else failed for all to see."""

from email.message import EmailMessage

import pytest
from notifier.clients.smtp import MailServer, SmtpClient
from notifier.domain.outcome import Accepted, Refused
from notifier.letters import Mail, mailbox
from sandbox.server import running
from sandbox.settings import Settings as SandboxSettings
from shared.events import Contact

JOSE = Contact(name="José Sample", email="josé@example.com", phone=None)


@pytest.mark.postgres
async def test_a_mail_to_an_address_beyond_ascii_arrives(shop):
    await shop.greet(contact=JOSE)
    await shop.send_due()
    (mail,) = shop.inbox("email")
    assert (mail["to"], mail["headers"]["To"]) == (JOSE.email, JOSE.email)
    assert (await shop.delivery("email")).state == "sent"


@pytest.mark.postgres
async def test_where_the_mail_server_cannot_everybody_is_told(shop):
    async with running(SandboxSettings(smtp_utf8=False)) as old_fashioned:
        server = MailServer("127.0.0.1", old_fashioned.smtp_port, None, None, starttls=False)
        shop.deps.smtp._server = server
        await shop.greet(contact=JOSE)
        await shop.send_due()
    (told,) = await shop.told("notification.failed.v1")
    assert (told["channel"], told["code"]) == ("email", "smtputf8_not_offered")


async def test_other_mail_goes_through_a_server_without_smtputf8(a_mail):
    async with running(SandboxSettings(smtp_utf8=False)) as old_fashioned:
        client = SmtpClient(MailServer("127.0.0.1", old_fashioned.smtp_port, None, None, starttls=False))
        answers = [
            await client.send(a_mail(to)) for to in ("ana@example.com", "josé@example.com", "b@example.com")
        ]
        await client.close()
    assert [type(answer) for answer in answers] == [Accepted, Refused, Accepted]


@pytest.fixture
def a_mail():
    def make(to: str) -> Mail:
        message = EmailMessage()
        message["From"], message["To"] = mailbox("shop@example.com", "Größe"), mailbox(to)
        message["Subject"] = "Sample"
        message.set_content("Sample")
        return Mail("shop@example.com", to, message)

    return make
