"""A Messages API conversation as the built-in model reads it: what was said, what the tools answered since."""

import json
import re
from dataclasses import dataclass

from sandbox.rows import Row

_TAGS = re.compile(r"<[^<>]+>")
_CUSTOMER = re.compile(r"<customer>(.*?)</customer>", re.DOTALL)
_OBJECTION = "[automatic check"
_FORM = re.compile(r"<lead_form>(.*?)</lead_form>", re.DOTALL)


@dataclass(frozen=True)
class Result:
    tool: str
    input: Row
    answer: object  # the tool's JSON, or its text when it is none
    failed: bool


@dataclass(frozen=True)
class Transcript:
    """`results` are all, oldest first; `fresh` those since the customer's last words; `before`: what we said last.

    The rest is what the system prompt says of the conversation so far, when it does.
    """

    said: str
    before: str
    results: list[Result]
    fresh: list[Result]
    step: str
    interest: str
    held: bool
    booked: bool
    offered: list[Row]
    corrected: bool
    """The last answer was objected to."""
    address: str
    """How it is to be written; empty when it is not known."""


def read(messages: list[Row], system: object = "") -> Transcript:
    briefing = " \n".join(block.get("text", "") for block in _blocks(system))
    form = _form(messages)
    said, before, spoken, corrected = "", "", "", False
    results: list[Result] = []
    fresh_from = 0
    calls: dict[str, Row] = {}
    for message in messages:
        blocks = _blocks(message.get("content"))
        text = " ".join(block["text"] for block in blocks if block.get("type") == "text")
        corrected = message.get("role") == "user" and text.startswith(_OBJECTION)
        text = "" if corrected else _TAGS.sub(" ", _words(text)).strip()
        calls |= {block["id"]: block for block in blocks if block.get("type") == "tool_use"}
        results += [_result(block, calls) for block in blocks if block.get("type") == "tool_result"]
        if message.get("role") == "user" and text:
            said, before, fresh_from = text, spoken, len(results)
        elif message.get("role") == "assistant" and text:
            spoken = text
    return Transcript(
        said=said,
        before=before,
        results=results,
        fresh=results[fresh_from:],
        step=_line(briefing, "Step"),
        interest=form or _line(briefing, "Asked for").partition(";")[0],
        held=bool(_line(briefing, "Held")),
        booked='"booked"' in _line(briefing, "Appointment"),
        offered=_offered(_line(briefing, "Offered")),
        corrected=corrected,
        address="{address}" if "{address}" in _line(briefing, "Shop") else "",
    )


def _words(text: str) -> str:
    """The customer's own, where they stand between tags."""
    return " ".join(_CUSTOMER.findall(text)) or _FORM.sub(" ", text)


def _form(messages: list[Row]) -> str:
    """What the customer asked for in the form, where the first message carries it as JSON."""
    first = (
        " ".join(block.get("text", "") for block in _blocks(messages[0].get("content"))) if messages else ""
    )
    found = _FORM.search(first)
    try:
        form = json.loads(found[1]) if found else {}
    except ValueError:
        return ""
    return str(form.get("asked_for") or "")


def _line(briefing: str, name: str) -> str:
    """What stands behind `Name:` in the system prompt; empty when it has no such line."""
    found = re.search(rf"^{name}: (.*)$", briefing, re.MULTILINE)
    return found[1].strip() if found else ""


def _offered(line: str) -> list[Row]:
    pairs = [entry.rpartition(" = ") for entry in line.split("; ") if " = " in entry]
    return [{"label": label, "start": start} for label, _, start in pairs]


def _blocks(content: object) -> list[Row]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": str(content or "")}]


def _result(block: Row, calls: dict[str, Row]) -> Result:
    call = calls.get(block.get("tool_use_id", ""), {})
    text = " ".join(part.get("text", "") for part in _blocks(block.get("content")))
    try:
        answer: object = json.loads(text)
    except ValueError:
        answer = text
    failed = bool(block.get("is_error")) or (isinstance(answer, dict) and bool(answer.get("error")))
    return Result(call.get("name", ""), call.get("input", {}), answer, failed)


def find(answer: object, name: str) -> object:
    """The first value under this name, however deep; None when there is none."""
    if isinstance(answer, dict):
        if answer.get(name) is not None:
            return answer[name]
        answer = list(answer.values())
    if isinstance(answer, list):
        return next((found for part in answer if (found := find(part, name)) is not None), None)
    return None


def rows(answer: object, name: str) -> list[Row]:
    """The list of objects under this name, or the answer itself when it is such a list."""
    found = answer if isinstance(answer, list) else find(answer, name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
