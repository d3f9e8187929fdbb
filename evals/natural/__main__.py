"""What the assistant without a model answers to messages and customers that nobody tuned it on: `make natural`. How to read it: ../README.md."""

import argparse
import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import yaml
from ops.stack.stackfile import StackFile
from testkit.evals.cases import Case
from testkit.evals.play import Transcript, play

from evals.exam import customers
from evals.run import own_stack

HERE = Path(__file__).parent
AT_ONCE = 6
LEAD = {
    "first_name": "Robin",
    "service": "window tint",
    "vehicle": {"year": 2021, "make": "Honda", "model": "Civic"},
}
ASKED = {"en": "how much is ceramic tint for my car?", "es": "¿cuánto cuesta el polarizado cerámico?"}
CHOSEN: list[dict[str, object]] = [{"choose": 1, "by": "button"}, {"press": "confirm:yes"}]
VERDICTS = ("right", "asked", "wrong")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=Path, default=HERE / "messages.yaml")
    parser.add_argument("--customers", type=Path, default=HERE / "customers.yaml")
    parser.add_argument("--report", type=Path, default=Path(".run/natural"), help="folder of the report")
    parser.add_argument(
        "--count", type=Path, help="only counts the verdicts that a reader wrote into this file"
    )
    return parser.parse_args()


async def main() -> None:
    asked = arguments()
    if asked.count:
        print(counted(yaml.safe_load(asked.count.read_text("utf-8"))))  # noqa: T201
        return
    messages = yaml.safe_load(asked.messages.read_text("utf-8"))["messages"]
    cases = [*map(case_of, range(len(messages)), messages), *customers(asked.customers)]
    async with own_stack("offline") as stack:
        heard = await talked(cases, stack)
    asked.report.mkdir(parents=True, exist_ok=True)
    answers = [{"verdict": "", **answer(*pair)} for pair in zip(messages, heard, strict=False)]
    write(asked.report / "messages.yaml", answers)
    write(asked.report / "customers.yaml", [conversation(one) for one in heard[len(messages) :]])
    print(f"{asked.report}: say of each message `right`, `asked` or `wrong`, then --count the file")  # noqa: T201


def case_of(number: int, message: dict[str, Any]) -> Case:
    """The conversation is brought to where the message is said, in its language."""
    ways: dict[str, list[Any]] = {
        "new": [],
        "quoted": [[ASKED[message["lang"]]]],
        "offered": [[ASKED[message["lang"]]], {"press": "pick_time"}],
        "booked": [[ASKED[message["lang"]]], {"press": "pick_time"}, *CHOSEN],
    }
    says = [*ways[message["situation"]], [message["text"]]]
    return Case.model_validate(
        {"id": f"message-{number}", "lead": LEAD, "says": says, "then": {"appointment": "none"}}
    )


async def talked(cases: list[Case], stack: StackFile) -> list[Transcript]:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case, http: httpx2.AsyncClient) -> Transcript:
        async with places:
            return await play(case, 0, stack, http)

    async with httpx2.AsyncClient(timeout=70, trust_env=False) as http:
        return list(await asyncio.gather(*(one(case, http) for case in cases)))


def answer(message: dict[str, Any], heard: Transcript) -> dict[str, Any]:
    said = [text for who, text in heard.lines if who == "customer"]
    told = {"reply": [reply["text"] for reply in heard.last], "buttons": buttons(heard)}
    complete = said[-1:] == [message["text"]]
    return {**message, **(told if complete else {"broke": heard.broke})}


def buttons(heard: Transcript) -> list[str]:
    parts = [part for reply in heard.last for part in reply.get("parts") or []]
    return [one["label"] for part in parts for one in part.get("actions") or part.get("slots") or []]


def conversation(heard: Transcript) -> dict[str, Any]:
    return {"lines": [f"{who}: {text}" for who, text in heard.lines], "broke": heard.broke}


def counted(answers: list[dict[str, Any]]) -> str:
    unread = [one["text"] for one in answers if one["verdict"] not in VERDICTS]
    if unread:
        return f"without a verdict: {unread}"
    counts = Counter(one["verdict"] for one in answers)
    shares = ", ".join(f"{name} {counts[name]} ({counts[name] / len(answers):.1%})" for name in VERDICTS)
    return f"{len(answers)} messages: {shares}"


def write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.write_text(yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=160))


if __name__ == "__main__":
    asyncio.run(main())
