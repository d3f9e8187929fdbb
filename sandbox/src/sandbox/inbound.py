"""A customer's e-mail, handed to us as SendGrid's Inbound Parse does, signed."""

import hashlib
import hmac
import json
from datetime import datetime
from email.utils import make_msgid, parseaddr

import httpx2

from sandbox.rows import Row, now
from sandbox.world import World


async def receive_email(world: World, mail: Row) -> Row:
    """A reply names the mail it answers. The row says what our side answered."""
    url = world.settings.webhook_url("email")
    fields = _fields(mail, _message_answered(world, mail))
    request = world.http.build_request(
        "POST", url, files={name: (None, value) for name, value in fields.items()}
    )
    body = await request.aread()
    request.headers.update(signed(world.settings.webhook_secret, world.settings.tenant, body, at=now()))
    try:
        answer = await world.http.send(request)
    except httpx2.TransportError:
        return {"status": None}
    return {"status": answer.status_code}


def signed(secret: str, tenant: str, body: bytes, *, at: datetime) -> dict[str, str]:
    """The headers that prove who hands it in, to whom and when."""
    timestamp = str(int(at.timestamp()))
    proof = hmac.digest(secret.encode(), f"{timestamp}.{tenant}.".encode() + body, hashlib.sha256).hex()
    return {"X-Inbound-Timestamp": timestamp, "X-Inbound-Signature": proof}


def _message_answered(world: World, mail: Row) -> str | None:
    got = [m for m in world.inbox if m["channel"] == "email" and m["to"].lower() == mail["from"].lower()]
    related = [m for m in got if mail["to"] in (m["from"], m["headers"].get("Reply-To"))]
    return (related or got)[-1]["headers"].get("Message-ID") if got else None


def _fields(mail: Row, answered: str | None) -> dict[str, str]:
    headers = {
        "Message-ID": make_msgid(domain="example.com"),
        "From": mail["from"],
        "To": mail["to"],
        "Subject": mail["subject"],
    }
    if answered:
        headers |= {"In-Reply-To": answered, "References": answered}
    headers |= mail["headers"]
    verdict = "pass" if mail["authentic"] else "fail"
    domain = parseaddr(mail["from"])[1].rpartition("@")[2]
    return {
        "headers": "\n".join(f"{name}: {value}" for name, value in headers.items()),
        "from": mail["from"],
        "to": mail["to"],
        "subject": mail["subject"],
        "text": mail["text"],
        "envelope": json.dumps({"to": [mail["to"]], "from": mail["from"]}),
        "charsets": json.dumps(dict.fromkeys(("to", "from", "subject", "text"), "UTF-8")),
        "attachments": "0",
        "sender_ip": "192.0.2.10",
        "spam_score": "0.1",
        "dkim": mail["dkim"] or f"{{@{domain} : {verdict}}}",
        "SPF": mail["spf"] or verdict,
    } | ({"html": mail["html"]} if mail["html"] else {})
