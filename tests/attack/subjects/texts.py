"""F12: text that we cannot keep, numbers and dates out of any range, bodies without a bottom: an answer that says so, no 5xx."""

import asyncio
import csv
import io
import json
import re
from uuid import uuid4

import httpx2
from testkit.customer import Customer
from testkit.patience import eventually
from testkit.shopmonkey import body_of, order_row, signed_headers

from attack import staff
from attack.endpoints import Endpoint, Request, endpoints_of
from attack.subjects.mail import hand_in, mail
from attack.table import Fell, attack
from attack.target import SHOP_PHONE, Target
from sandbox import twilio

BAD_TEXTS = (
    "",
    "a\x00b",
    "\ud800",
    "\u202e\uffff\x1b[31m",
    "x" * 20_000,
    "99999999999999999999999999",
    "9999-12-31T23:59:59.999999+00:00",
    "0001-01-01T00:00:00+23:59",
    "1e999",
    "../../etc/passwd%00",
    "'; DROP TABLE leads; -- {{7*7}}",
)
BAD_VALUES = (*BAD_TEXTS, 10**30, -1, None, [])
BAD_BODIES = (
    b"",
    b"null",
    b'"\\ud800"',
    b"{",
    b"\xff\xfe\x00",
    b'{"a": 1e999}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"a": NaN}',
    json.dumps({"text": "caf\u00e9"}, ensure_ascii=False).encode("utf-16"),
)
BAD_TYPES = (
    "application/json; charset=utf-16",
    "text/plain",
    "multipart/form-data",
    "",
    "application/x-www-form-urlencoded",
)
BAD_WORDS = (
    "\x00",
    "Hi\x00 there",
    "\ufffe",
    "x" * 100_000,
    "To: " + "(" * 5000,
    "Subject: =?utf-8?b?" + "A" * 5000,
)
BAD_ADDRESSES = (
    "",
    "\x00@example.com",
    "a" * 5000 + "@example.com",
    "<>",
    "(" * 5000,
    ":" * 5000,
    "[" * 50_000,
    '{"to":[' * 9000,
)
FORMULAS = ("=1+1", "\uff1d1+1", "\uff20SUM(1)", "\u200c=1+1", "\ufe0f+1", "Ana;=1+1", "Ana; @SUM(1)")
LINES_TO_SPLIT = (
    f"Sent from{' 1111' * 40} ?",
    f"Enviado desde mi{' a1a1a' * 40}?",
    f"Get Outlook for iOS <{'<a' * 5000}",
    f"On {'Mon, Jan 1, 2026 at 9:00 ' * 400}wrote",
    f"{'> ' * 5000}a wrote:",
    f"{'yes ' * 5000}'",
)
"""Of words that stand for what phones add, for quotes and for agreement; none ends as it began."""
AT_ONCE = 8


@attack("F12", alone=True)
async def bad_texts_at_every_door(target: Target) -> str:
    """Every text, number and date of every operation of the five OpenAPIs with bad values, with the rights that its endpoint needs."""
    endpoints = await _endpoints(target)
    tried, fell = 0, []
    for endpoint in endpoints:
        requests = list(endpoint.requests(BAD_VALUES, BAD_BODIES, BAD_TYPES))
        tried += len(requests)
        fell += [f"{endpoint.method} {endpoint.path}: {why}" for why in await _failures(target, requests)]
    if fell:
        raise Fell(f"{len(fell)} of {tried}: " + "; ".join(dict.fromkeys(fell)))
    return f"{tried} requests at {len(endpoints)} endpoints, no 5xx"


async def _endpoints(target: Target) -> list[Endpoint]:
    """The operators' at the service itself, all others at the gateway."""
    customer, member = await target.greeted(), await staff.signed_in(target)
    bearer = {"Authorization": f"Bearer {customer.token}"}
    gateway, found = target.stack.gateway, []
    for origin in target.stack.services.values():
        document = (await target.http.get(f"{origin}/openapi.json")).json()
        found += endpoints_of(document, gateway, bearer, "/api/chat") + endpoints_of(
            document, gateway, bearer, "/api/booking"
        )
        found += endpoints_of(document, gateway, {**member.cookie, **staff.same_origin(target)}, "/api/staff")
        found += endpoints_of(document, gateway, {}, "/webhooks") + endpoints_of(document, gateway, {}, "/u/")
        found += endpoints_of(document, gateway, {}, "/api/leads")
        found += endpoints_of(document, origin, target.operator, "/api/admin")
    return [
        endpoint for endpoint in found if (endpoint.method, endpoint.path) != ("DELETE", "/api/staff/session")
    ]


@attack("F12")
async def bad_texts_of_a_customer(target: Target) -> str:
    """Signed texts with NUL and lone halves of characters; then an ordinary one, which must be heard."""
    customer = await target.greeted()
    for number, bad in enumerate(("\x00", "\ufffe", "\ud800")):
        status = await _text(target, customer, f"violet{number}{bad} sample")
        if status is None or status >= 500:
            raise Fell(f"a text with {bad!r} is answered {status}")
        if status == 200:
            await _is_heard(customer, f"violet{number}")
    await _text(target, customer, "What are your opening hours?")
    return await _is_heard(customer, "What are your opening hours?")


@attack("F12")
async def bad_mails_of_a_customer(target: Target) -> str:
    """Mails with NUL, bad bytes and endless nesting in subject, text and addresses; then an ordinary one, which must be heard."""
    customer = await target.greeted()
    tried = [{field: bad} for field in ("subject", "text", "headers") for bad in BAD_WORDS]
    tried += [
        {field: bad}
        for field in ("from", "to", "cc", "envelope", "charsets", "dkim")
        for bad in BAD_ADDRESSES
    ]
    for first in range(0, len(tried), AT_ONCE):
        mails = [{**mail(customer.email, "Sample."), **changed} for changed in tried[first : first + AT_ONCE]]
        await asyncio.gather(*(hand_in(target, fields) for fields in mails))
    await hand_in(target, mail(customer.email, "What are your opening hours?"))
    await _is_heard(customer, "What are your opening hours?")
    return f"{len(tried)} mails refused or cleaned; what was written afterwards is heard"


@attack("F12")
async def mails_that_are_long_to_read(target: Target) -> str:
    """A mail with one line that a pattern could split in more ways than it can try; then an ordinary one, which must be heard."""
    customer = await target.greeted()
    for line in LINES_TO_SPLIT:
        await hand_in(target, mail(customer.email, f"Hello.\n\n{line}"))
    await hand_in(target, mail(customer.email, "What are your opening hours?"))
    await _is_heard(customer, "What are your opening hours?")
    return f"{len(LINES_TO_SPLIT)} mails read; what was written afterwards is heard"


@attack("F12")
async def formulas_in_the_file_of_leads(target: Target) -> str:
    """Forms whose names and wishes a spreadsheet would run, in full width, behind what nobody sees, behind a semicolon; then the file."""
    member = await staff.signed_in(target)
    async with target.elsewhere() as visitor:
        for formula in FORMULAS:
            contact = {"name": formula, "email": f"formula.{uuid4().hex}@example.com"}
            answer = await target.submit(visitor, contact=contact, interest=formula)
            assert answer.status_code == 201, answer.text
    file = await target.http.get(f"{target.stack.gateway}/api/staff/leads.csv", headers=member.cookie)
    for row in csv.reader(io.StringIO(file.text, newline="")):
        for part in (part for cell in row for part in re.split(r"[;\t\n]", cell)):
            if re.match(r"[\s\u200c\ufe0f]*[=+@\uff1d\uff0b\uff20-]", part):
                raise Fell(f"the file holds {part[:20]!a}")
    return f"{len(FORMULAS)} forms, none of which begins a formula"


@attack("F12")
async def bad_rows_of_the_crm(target: Target) -> str:
    """Signed webhooks of the CRM with bad names, notes, numbers and dates; then an ordinary lead, which must be greeted."""
    for bad in BAD_TEXTS:
        row = order_row(
            "sample-sm-094", note=bad, complaint=bad, name=f"New Quote - Tint {bad[:100]}", createdDate=bad
        )
        body = body_of(row)
        headers = signed_headers(target.stack.secrets["webhook_secret"], body)
        url = f"{target.stack.gateway}/webhooks/shopmonkey/{target.stack.tenant}"
        answer = await target.http.post(url, content=body, headers=headers)
        if answer.status_code >= 500:
            raise Fell(f"a row with {bad[:20]!r} is answered {answer.status_code}")
    await target.greeted(first_name="\x00\ufffe")
    await target.calm()
    return f"{len(BAD_TEXTS)} rows answered, leads still greeted"


async def _failures(target: Target, requests: list[Request]) -> list[str]:
    gate, found = asyncio.Semaphore(AT_ONCE), []
    async with target.elsewhere() as client:

        async def send(request: Request) -> None:
            async with gate:
                status = await _status(client, request)
            if status is None or status >= 500:
                found.append(f"{status or 'no answer'} for {_shown(request)}")

        await asyncio.gather(*(send(request) for request in requests))
    return found


async def _status(client: httpx2.AsyncClient, request: Request) -> int | None:
    """The body is left: a stream would go on for ever."""
    try:
        async with client.stream(
            request.method, request.url, headers=request.headers, content=request.body
        ) as answer:
            return answer.status_code
    except httpx2.HTTPError:
        return None


def _shown(request: Request) -> str:
    where = request.url.partition("/api/")[2] or request.url
    return f"{where[-80:]!r} {request.body[:120]!r}" if request.body else f"{where[-120:]!r}"


# Vendors


async def _text(target: Target, customer: Customer, words: str) -> int | None:
    """As Twilio hands it in, signed."""
    url = f"{target.stack.gateway}/webhooks/twilio/sms/{target.stack.tenant}"
    body = words.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    params = {"MessageSid": f"SM{uuid4().hex}", "From": customer.phone, "To": SHOP_PHONE, "Body": body}
    signature = twilio.signature(target.stack.secrets["twilio_auth_token"], url, params)
    answer = await target.http.post(url, data=params, headers={"X-Twilio-Signature": signature})
    return answer.status_code


async def _is_heard(customer: Customer, words: str) -> str:
    async def heard() -> bool:
        said = [message["text"] for message in (await customer.session())["messages"]]
        return any(words in text for text in said)

    try:
        await eventually(heard, within_seconds=15)
    except AssertionError:
        raise Fell(f"{words!r} is not heard") from None
    return "refused or cleaned; what was written afterwards is heard"
