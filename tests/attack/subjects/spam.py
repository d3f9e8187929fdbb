"""F5: the form writes mails and texts for whoever fills it in; not with their words, and not without end."""

import secrets

from testkit.patience import eventually

from attack.table import Fell, attack
from attack.target import Json, Target

HOSTILE = "evil.example"
WISHES = {
    "a link": "window tint http://evil.example/promo WIN $1000 now",
    "a bare host": "tint evil.example/x",
    "bidi marks": "tint \u202egpj.elpmaxe.live\u202c evil.example",
    "full-width letters": "tint ｅｖｉｌ．ｅｘａｍｐｌｅ",  # noqa: RUF001 - what is tried
    "a header": "tint\r\nBcc: everybody@evil.example",
    "a number to call": "tint, call +1 900 555 0000 evil.example",
}
NAMES = (
    "You won at evil.example",
    "evil.example",
    "Www.Evil.Example",
    "Pat\u202e evil.example",
    "<a href=//evil.example>",
)
MOST_TOUCHES = 10
MOST_UNASKED = 6
"""No person asks one shop so often within a minute and needs a mail for each."""


@attack("F5")
async def hostile_words_in_the_first_touch(target: Target) -> str:
    """Links, hosts, bidi marks and headers as wish, vehicle and name; then subject, text and HTML of what goes out."""
    asked: dict[str, str] = {}
    for what, wish in WISHES.items():
        asked[await _asks(target, interest=wish, vehicle=None)] = f"wish: {what}"
        vehicle = {"year": 2021, "make": wish[:60], "model": HOSTILE}
        asked[await _asks(target, vehicle=vehicle)] = f"vehicle: {what}"
    for name in NAMES:
        asked[await _asks(target, name=name)] = f"name: {name}"
    await target.calm()
    fell, seen = [], 0
    for email, what in asked.items():
        messages = await target.inbox(email)
        seen += len(messages)
        fell += [what for message in messages if _is_hostile(message)]
    if fell:
        raise Fell(f"{len(fell)} of {seen} mails carry it: {fell[:5]}")
    return f"{len(asked)} forms, {seen} mails, none with the sender's words"


@attack("F5")
async def hostile_words_in_texts(target: Target) -> str:
    """A link as the wish and as the name of a form with a phone only; then the text message that goes out."""
    phones = []
    for changes in ({"interest": WISHES["a link"], "vehicle": None}, {}):
        phone = target.customer().phone
        async with target.elsewhere() as client:
            contact = {"name": HOSTILE if not changes else "Pat", "phone": phone}
            await target.submit(client, contact=contact, **changes)
        phones.append(phone)
    await target.calm()
    messages = [message for phone in phones for message in await target.inbox(phone)]
    if any(_is_hostile(message) for message in messages):
        raise Fell("a text message carries the link")
    return f"{len(messages)} texts, none with the sender's words"


@attack("F5")
async def hostile_name_in_a_booking(target: Target) -> str:
    """A CRM lead called by a host books; then the greeting, the confirmation and its calendar file."""
    victim = await target.greeted(first_name="evil.example", last_name="http://evil.example")
    session = await victim.session()
    await target.booked(victim)
    messages = await victim.received("email", count=2)
    files = [file["text"] for message in messages for file in message["attachments"]]
    if HOSTILE in str(session).lower():
        raise Fell("the chat greets with the host")
    if any(HOSTILE in file.lower() for file in files):
        raise Fell("the calendar file carries the host")
    if any(_is_hostile(message) for message in messages):
        raise Fell("a mail carries the host")
    return f"{len(messages)} mails with {len(files)} files and the greeting, none with the name"


@attack("F5")
async def forms_that_flood_one_inbox(target: Target) -> str:
    """30 forms with one address, each from another IP address, with another wish and another spelling of the address."""
    email = f"flooded.{secrets.token_hex(4)}@example.com"
    answers = []
    for number in range(30):
        async with target.elsewhere() as client:
            name, _, host = email.partition("@")
            written = f"{name}+{number}@{host}" if number % 3 == 1 else email.upper() if number % 3 else email
            contact = {"name": "Pat", "email": written}
            answers.append(await target.submit(client, contact=contact, interest=f"tint {number}"))
    await target.calm()
    everything = await target.http.get(f"{target.stack.sandbox}/control/inbox", params={"channel": "email"})
    start = email.partition("@")[0]
    got = sum(message["to"].lower().startswith(start) for message in everything.json())
    if got > MOST_TOUCHES:
        raise Fell(f"{got} mails to one person")
    codes = sorted({answer.status_code for answer in answers})
    return f"30 forms answered {codes}, {got} mails"


@attack("F5")
async def forms_that_use_up_somebody_s_greeting(target: Target) -> str:
    """40 forms in one person's name from one IP address, each spelled another way; then that person's own form from home."""
    name = f"greeted.{secrets.token_hex(4)}"
    async with target.elsewhere() as client:
        for number in range(40):
            contact = {"name": "Pat", "email": f"{name}+{number}@example.com"}
            answer = await target.submit(client, contact=contact, interest=f"tint {number}")
    await target.calm()
    async with target.elsewhere() as home:
        await target.submit(home, contact={"name": "Pat", "email": f"{name}@example.com"})
    await target.calm()
    if not await target.inbox(f"{name}@example.com"):
        raise Fell("the person's own form is greeted no more")
    return f"the last one is answered {answer.status_code}; the person's own form is greeted"


async def _asks(target: Target, name: str = "Pat", **changes: object) -> str:
    """From an address of its own, so that no limit hides the answer."""
    email = f"asks.{secrets.token_hex(5)}@example.com"
    async with target.elsewhere() as client:
        await target.submit(client, contact={"name": name, "email": email}, **changes)
    return email


def _is_hostile(message: Json) -> bool:
    """The footer names our own hosts only; headers are checked, too, since a wish may try to become one."""
    shown = (
        f"{message.get('subject')} {message['text']} {message.get('html')} {message.get('headers')}".lower()
    )
    return any(
        word in shown
        for word in (HOSTILE, "$1000", "you won", "\u202e", "900 555", "gpj.elpmaxe", "ｅｖｉｌ")  # noqa: RUF001
    )


@attack("F5")
async def an_appointment_moved_without_end(target: Target) -> str:
    """A booking is moved to and fro 12 times; then the texts at the number."""
    victim = await target.greeted()
    booked = await target.booked(victim)
    quote = (await victim.post("/api/booking/quotes", {"service": "front-two"})).json()
    found = (await victim.get("/api/booking/slots", quote_id=quote["id"], days=60)).json()
    starts = [slot["start"] for slot in found["slots"] if slot["start"] != booked["start"]][-2:]
    for number in range(1, 13):
        endpoint = f"/api/booking/appointments/{booked['id']}/move"
        answer = await victim.post(endpoint, {"start": starts[number % 2]})
        if not answer.is_success:
            raise Fell(f"move {number} was answered {answer.status_code}: nothing was tried")
        await eventually(lambda number=number: target.rows("notifier", _DECIDED, booked["id"], number))
    texts = [
        sms for sms in await victim.inbox("sms") if "booked!" in sms["text"] or "moved to" in sms["text"]
    ]
    if len(texts) > MOST_UNASKED:
        raise Fell(f"12 moves were told by {len(texts)} texts")
    return f"12 moves, {len(texts)} texts; the newest state waits until the hour is over"


_DECIDED = """
SELECT 1 FROM deliveries WHERE appointment_id = $1::uuid AND sequence = $2 AND channel = 'sms' AND template = 'rescheduled'
AND (state NOT IN ('planned', 'sending') OR reason IS NOT NULL)
"""
