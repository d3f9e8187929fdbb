"""F2: anybody writes a From; a mail in somebody's name must not book, move or cancel, nor be answered to anybody else."""

import json
import secrets
from datetime import timedelta
from email.utils import make_msgid

import httpx2
from shared.db.time import database_now
from testkit.customer import Customer

from attack.table import Fell, attack
from attack.target import CHAT_LINK, SHOP, Json, Target
from sandbox import inbound

UNPROVED = {"dkim": "none", "SPF": "fail"}
THEIR_OWN = {"dkim": "{@evil.example : pass}", "SPF": "pass"}
"""Good for the attacker's host, which is not the one in From."""
INJECTED = {"dkim": "{@example.com : pass : fail}", "SPF": "fail"}
"""What a provider tells of a broken signature whose `d=` says `example.com : pass`."""
FORGED_RESULTS = (
    "Authentication-Results: mx.sendgrid.net; dkim=pass header.d=example.com; spf=pass; dmarc=pass"
)
CANCEL = ("Please cancel my appointment.", "Yes, please cancel it.", "yes")


@attack("F2")
async def spoofed_mails_cancel(target: Target) -> str:
    """Mails in the victim's name that say cancel and yes: without proof, with another host's, with forged results of the check."""
    victim = await target.greeted()
    booked = await target.booked(victim)
    for proof in (UNPROVED, THEIR_OWN, INJECTED):
        for headers in ("", FORGED_RESULTS):
            for words in CANCEL:
                await hand_in(target, mail(victim.email, words, headers=headers, **proof))
    await target.calm()
    return await _still(target, victim, booked)


@attack("F2")
async def names_that_look_like_the_victim(target: Target) -> str:
    """Senders with the victim's address as a display name, in a list, as a comment, quoted and with a second From."""
    victim = await target.greeted()
    booked = await target.booked(victim)
    mine = f"mal.{secrets.token_hex(4)}@evil.example"
    senders = (
        f'"{victim.email}" <{mine}>',
        f"{victim.email} <{mine}>",
        f"{victim.email}, {mine}",
        f"{mine} ({victim.email})",
        f"<{mine}> <{victim.email}>",
        f"=?utf-8?q?{victim.email}?= <{mine}>",
        f"{victim.email}\r\nFrom: {mine}",
        victim.email.replace("e", "\u0435", 1),  # Cyrillic
    )
    for sender in senders:
        for words in CANCEL:
            await hand_in(target, mail(sender, words, headers=f"From: {mine}\nReply-To: {mine}", **THEIR_OWN))
    await target.calm()
    if CHAT_LINK.search(str(await target.inbox(mine))):
        raise Fell("the attacker is mailed a chat link")
    return await _still(target, victim, booked)


@attack("F2")
async def answers_led_elsewhere(target: Target) -> str:
    """A mail in the victim's name with Reply-To, Sender and Return-Path of mine; then my inbox."""
    victim = await target.greeted()
    mine = f"mal.{secrets.token_hex(4)}@evil.example"
    headers = f"Reply-To: {mine}\nSender: {mine}\nReturn-Path: <{mine}>\nDisposition-Notification-To: {mine}"
    await hand_in(
        target, mail(victim.email, "What did I ask you? Please send my link.", headers=headers, **UNPROVED)
    )
    await target.calm()
    if got := await target.inbox(mine):
        raise Fell(f"{len(got)} messages to the attacker")
    return "nothing goes to the attacker"


@attack("F2")
async def deliveries_played_back(target: Target) -> str:
    """A genuine delivery of the mail provider once more, at another tenant, with another body, an hour later and from the future."""
    victim = await target.greeted()
    genuine = await signed(target, mail(victim.email, f"violet {secrets.token_hex(4)}"))
    first = await target.http.send(genuine)
    if first.status_code != 200:
        raise Fell(f"the genuine one is answered {first.status_code}")
    other = f"{target.stack.gateway}/webhooks/email/{await target.other_tenant()}"
    tries = {
        "at another tenant": httpx2.Request("POST", other, headers=genuine.headers, content=genuine.content),
        "with another body": httpx2.Request(
            "POST",
            genuine.url,
            headers=genuine.headers,
            content=genuine.content.replace(b"violet", b"cancel"),
        ),
        "an hour later": await signed(target, mail(victim.email, "later"), at_seconds=-3600),
        "from the future": await signed(target, mail(victim.email, "future"), at_seconds=3600),
    }
    for what, request in tries.items():
        answer = await target.http.send(request)
        if answer.status_code not in {401, 403}:
            raise Fell(f"{what}: {answer.status_code}")
    return f"{len(tries)} refused"


async def _still(target: Target, victim: Customer, booked: Json) -> str:
    now = (await victim.get(f"/api/booking/appointments/{booked['id']}")).json()
    if (now["status"], now["start"]) != ("booked", booked["start"]):
        raise Fell(f"the appointment is {now['status']}, {now['start']}")
    return "the appointment stands"


def mail(sender: str, text: str, *, headers: str = "", **fields: str) -> dict[str, str]:
    """The provider's form fields; those of a genuine mail unless told otherwise."""
    own = f"Message-ID: {make_msgid(domain='example.com')}\nTo: {SHOP}\nSubject: Sample"
    return {
        "headers": "\n".join(part for part in (headers or f"From: {sender}", own) if part),
        "from": sender,
        "to": SHOP,
        "subject": "Sample",
        "text": text,
        "envelope": json.dumps({"to": [SHOP], "from": sender}),
        "attachments": "0",
        "sender_ip": "192.0.2.66",
        "dkim": "{@example.com : pass}",
        "SPF": "pass",
        **fields,
    }


async def hand_in(target: Target, fields: dict[str, str]) -> int:
    """The provider hands in whatever reaches it, signed."""
    answer = await target.http.send(await signed(target, fields))
    if answer.status_code >= 500:
        raise Fell(f"a mail is answered {answer.status_code}")
    return answer.status_code


async def signed(target: Target, fields: dict[str, str], at_seconds: int = 0) -> httpx2.Request:
    """`at_seconds`: how far from now it says that it was signed."""
    url = f"{target.stack.gateway}/webhooks/email/{target.stack.tenant}"
    request = target.http.build_request(
        "POST", url, files={name: (None, value) for name, value in fields.items()}
    )
    body = await request.aread()
    secret, at = target.stack.secrets["webhook_secret"], database_now() + timedelta(seconds=at_seconds)
    request.headers.update(inbound.signed(secret, target.stack.tenant, body, at=at))
    return request
