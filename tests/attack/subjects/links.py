"""F3: what a link that was passed on must not open."""

from attack.table import Fell, attack
from attack.target import TOKEN, Target


@attack("F3")
async def manage_link_gives_out_the_chat(target: Target) -> str:
    """Every endpoint of booking with a manage link; then each token of the answers as a chat link."""
    victim = await target.greeted()
    booked = await target.booked(victim)
    manage = booked["manage_url"].rpartition("/")[2]
    endpoint = f"{target.stack.gateway}/api/booking"
    headers = {"Authorization": f"Bearer {manage}"}
    one = f"{endpoint}/appointments/{booked['id']}"
    answers = [
        await target.http.get(f"{endpoint}/manage", headers=headers),
        await target.http.get(one, headers=headers),
        await target.http.get(f"{one}/calendar.ics", headers=headers),
        await target.http.get(f"{endpoint}/catalog", headers=headers),
        await target.http.get(booked["manage_url"]),
        await target.http.post(f"{one}/move", headers=headers, json={"start": booked["start"]}),
        await target.http.post(f"{one}/cancel", headers=headers, json={"reason": "sample"}),
    ]
    tokens = {token for answer in answers for token in TOKEN.findall(answer.text)}
    for token in {manage, *tokens}:
        if await target.opened_with(token):
            raise Fell("a token that a manage link shows opens the conversation")
    shown = answers[0].json()["appointment"]["contact"]
    if shown["email_masked"] or shown["phone_masked"]:
        raise Fell(f"the manage page confirms {shown}")
    contacts = [c for c in (victim.email, victim.phone) if any(c in answer.text for answer in answers)]
    if contacts:
        raise Fell(f"the manage link shows {len(contacts)} unmasked contacts")
    return f"{len(answers)} answers, {len(tokens)} tokens in them, none opens a conversation"
