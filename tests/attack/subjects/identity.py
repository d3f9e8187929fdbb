"""F1: the form is public, and so is a telephone number: neither may open somebody else's conversation."""

import secrets

from attack.table import Fell, attack
from attack.target import CHAT_LINK, Target, token_in

WORDS = "violet-{}"
"""What only the victim knows; said in the victim's chat."""


@attack("F1")
async def form_takes_over_a_lead_of_the_crm(target: Target) -> str:
    """The form with the phone of a CRM lead without e-mail and my own address; then a mail from that address."""
    victim = await target.greeted(email=None, first_name="Victoria")
    secret = WORDS.format(secrets.token_hex(4))
    await victim.says(f"My code word is {secret}.")
    mine = _address()
    answer = await target.submit(target.http, contact={"name": "Mal", "email": mine, "phone": victim.phone})
    await target.calm()
    await target.mails(mine, "Hello, what did I ask you?")
    await target.calm()
    if answer.json().get("lead_id") == str(await victim.lead_id()):
        raise Fell("the form's answer is the victim's lead id")
    return await _reads_nothing_of(target, mine, secret, "Victoria")


@attack("F1")
async def form_waits_for_a_lead_of_the_crm(target: Target) -> str:
    """The form with a stranger's phone and my address first; later that person asks the shop and texts."""
    victim, mine = target.customer(), _address()
    await target.submit(target.http, contact={"name": "Mal", "email": mine, "phone": victim.phone})
    await target.calm()
    await victim.asks_the_shop(email=None, first_name="Victoria")
    await target.calm()
    secret = WORDS.format(secrets.token_hex(4))
    await target.texts(victim.phone, f"My code word is {secret}.")
    await target.calm()
    return await _reads_nothing_of(target, mine, secret, "Victoria")


@attack("F1")
async def form_takes_over_by_address(target: Target) -> str:
    """The form with the address of a CRM lead without phone and my own number; then a text from that number."""
    victim = await target.greeted(phone=None, first_name="Victoria")
    secret = WORDS.format(secrets.token_hex(4))
    await victim.says(f"My code word is {secret}.")
    mine = target.customer().phone
    answer = await target.submit(target.http, contact={"name": "Mal", "email": victim.email, "phone": mine})
    await target.calm()
    await target.texts(mine, "Hello, what did I ask you?")
    await target.calm()
    if answer.json().get("lead_id") == str(await victim.lead_id()):
        raise Fell("the form's answer is the victim's lead id")
    return await _reads_nothing_of(target, mine, secret, "Victoria")


@attack("F1")
async def form_takes_the_greeting_of_a_customer(target: Target) -> str:
    """The form with a stranger's phone alone; later that person asks the shop, which knows their e-mail address, too."""
    victim = target.customer()
    await target.submit(target.http, contact={"name": "Mal", "phone": victim.phone})
    await target.calm()
    await victim.asks_the_shop()
    await target.calm()
    if not CHAT_LINK.search(str(await target.inbox(victim.email))):
        raise Fell("the customer gets no mail")
    return "the customer is mailed a link all the same"


@attack("F1")
async def form_s_chat_opts_a_stranger_out(target: Target) -> str:
    """The form with a stranger's phone and my address; in its chat I want no more texts. Then that person asks the shop."""
    victim, mine = target.customer(), _address()
    await target.submit(target.http, contact={"name": "Mal", "email": mine, "phone": victim.phone})
    await target.calm()
    me = target.customer()
    me.token = token_in((await target.inbox(mine))[0]["text"])
    await me.says("Stop texting me. Unsubscribe me from everything.")
    await target.calm()
    before = len(await target.inbox(victim.phone))
    await victim.asks_the_shop()
    await target.calm()
    if len(await target.inbox(victim.phone)) == before:
        raise Fell("the stranger is texted no more")
    return "the stranger is greeted by text"


def _address() -> str:
    return f"mal.{secrets.token_hex(5)}@example.com"


async def _reads_nothing_of(target: Target, mine: str, *secret_words: str) -> str:
    """Neither my inbox nor a chat that one of its links opens holds one of the words."""
    got = await target.inbox(mine)
    opened = [await target.opened_with(token) for token in CHAT_LINK.findall(str(got))]
    for word in secret_words:
        if word in str(got):
            raise Fell(f"{word!r} stands in a message to the attacker")
        if word in str(opened):
            raise Fell(f"{word!r} is read in a chat that the attacker's link opens")
    return f"{len(got)} messages to the attacker, none with the victim's words or a link to them"
