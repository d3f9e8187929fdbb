"""A customer who writes Spanish reads no English: texts, dates, prices, buttons and cards."""

import json
import re

import pytest

from .conftest import Chat

pytestmark = pytest.mark.postgres
_ENGLISH = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b"
    r"|\d [AP]M\b|\b(?:hours?|minutes?|from|your|the|yes|book|cancel|move|times?|price|window|tint)\b",
    re.IGNORECASE,
)
_LABELS = {"label", "text", "name"}


def read(value: object, key: str = "text") -> list[str]:
    """What a customer reads of a message's parts; the shop's own name and address are what they are."""
    if isinstance(value, dict):
        return [one for name, inner in value.items() if name != "location" for one in read(inner, name)]
    if isinstance(value, list):
        return [one for inner in value for one in read(inner, key)]
    return [value] if isinstance(value, str) and key in _LABELS else []


def english(message) -> list[str]:
    texts = [message.text, *read(message.parts or [])]
    return [
        f"{found[0]!r} in {text!r}"
        for text in texts
        for found in _ENGLISH.finditer(text.replace("Sample Tint San Diego", ""))
    ]


def slots(message) -> list[str]:
    return [s["action"] for part in message.parts or [] if part["kind"] == "slots" for s in part["slots"]]


async def test_from_the_price_to_the_cancellation_no_english_is_read(chat: Chat):
    said = [
        await chat.answer_to("hola, ¿cuánto cuesta el polarizado cerámico?"),
        await chat.answer_to("¿cuánto tiempo tarda?"),
        await chat.answer_to("¿cuál es su horario?"),
        await chat.answer_to("¿están abiertos ahora?"),
        await chat.answer_to_press("pick_time"),
    ]
    said.append(await chat.answer_to_press(slots(said[-1])[0]))
    for words in ("confirm:yes", "move"):
        said.append(await chat.answer_to_press(words))
    said.append(await chat.answer_to_press(slots(said[-1])[0]))
    for action in ("move:yes", "cancel", "cancel:no"):
        said.append(await chat.answer_to_press(action))
    said += [
        await chat.answer_to("¿qué fue lo que reservé?"),
        await chat.answer_to("voy a llegar tarde"),
        await chat.answer_to("quiero hablar con una persona"),
    ]
    assert [one for message in said for one in english(message)] == []
    assert any(part["kind"] == "quote" for message in said for part in message.parts or [])
    assert any(part["kind"] == "appointment" for message in said for part in message.parts or [])


def test_english_is_found_where_it_is():
    parts = [{"kind": "actions", "actions": [{"id": "move", "label": "Move"}]}]
    assert read(json.loads(json.dumps(parts))) == ["Move"]
    assert _ENGLISH.search("Thursday")
