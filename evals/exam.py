"""Customers of a file talk to a stack whose model stands at an address: `make exam CUSTOMERS=file CLAUDE=URL`. How to read it: README.md."""

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import yaml
from ops.stack.stackfile import StackFile
from testkit.evals.cases import Case
from testkit.evals.grade import prices_unknown, rows_of
from testkit.evals.play import Transcript, play

from evals.run import own_stack

AT_ONCE = 8
ANSWER_SECONDS = 400
"""Somebody may be writing the answer by hand."""


@dataclass(frozen=True)
class Talk:
    """`sentences`: outcome and kind of each the model wrote. `templates`: answers that hold none of them."""

    heard: Transcript
    sentences: Sequence[tuple[str, str, str]] = ()
    answers: int = 0
    templates: int = 0
    calls: int = 0
    wrong: Sequence[str] = field(default_factory=list)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("customers", type=Path, help="YAML: `customers`, each a `lead` and what it `says`")
    parser.add_argument("--claude", required=True, help="the address of a Messages API")
    parser.add_argument("--report", type=Path, default=Path(".run/exam"), help="folder of the report")
    return parser.parse_args()


async def main() -> None:
    asked = arguments()
    cases = customers(asked.customers)
    async with own_stack("claude", asked.claude) as stack:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(case: Case, http: httpx2.AsyncClient) -> Talk:
            async with places:
                return await examined(case, stack, http)

        async with httpx2.AsyncClient(timeout=1300, trust_env=False) as http:
            talks = await asyncio.gather(*(one(case, http) for case in cases))
    asked.report.mkdir(parents=True, exist_ok=True)
    (asked.report / "report.md").write_text(as_markdown(talks))
    (asked.report / "sentences.json").write_text(json.dumps([list(talk.sentences) for talk in talks]))
    print(f"{summary(talks)}\n{asked.report}/report.md")  # noqa: T201


def customers(file: Path) -> list[Case]:
    written = yaml.safe_load(file.read_text("utf-8"))["customers"]
    return [
        Case.model_validate(
            {
                "id": f"customer-{n}",
                "lead": one["lead"],
                "says": [[words] for words in one["says"]],
                "then": {"appointment": "none"},
            }
        )
        for n, one in enumerate(written, 1)
    ]


async def examined(case: Case, stack: StackFile, http: httpx2.AsyncClient) -> Talk:
    heard = await play(case, 0, stack, http, ANSWER_SECONDS)
    if not heard.lead_id:
        return Talk(heard)

    async def asked(query: str) -> list[Any]:
        return await rows_of(stack, "chat", query, heard.lead_id)

    said = await asked(
        "SELECT v.outcome, v.kind, v.sentence, v.reply_id FROM verdicts v JOIN conversations c ON c.id = v.conversation_id"
        " WHERE c.lead_id = $1 ORDER BY v.id"
    )
    answers = await asked(
        "SELECT m.id FROM chat_messages m JOIN conversations c ON c.id = m.conversation_id"
        " WHERE c.lead_id = $1 AND m.author = 'assistant' AND m.reply_to IS NOT NULL"
    )
    [calls] = await asked("SELECT model_calls FROM conversations WHERE lead_id = $1")
    shown = {row["reply_id"] for row in said if row["outcome"] == "shown"}
    emptied = {row["reply_id"] for row in said} - shown
    return Talk(
        heard,
        [(row["outcome"], row["kind"], row["sentence"]) for row in said],
        answers=len(answers),
        templates=sum(row["id"] in emptied for row in answers),
        calls=calls["model_calls"],
        wrong=await prices_unknown(heard, stack, http),
    )


def summary(talks: Sequence[Talk]) -> str:
    outcomes = Counter(outcome for talk in talks for outcome, *_ in talk.sentences)
    kinds = Counter(
        kind for talk in talks for outcome, kind, _ in talk.sentences if outcome in {"dropped", "cut"}
    )
    said, answers = sum(outcomes.values()) - outcomes["cut"], sum(talk.answers for talk in talks)
    return "\n".join(
        [
            f"- {len(talks)} conversations, {answers} answers, {sum(talk.calls for talk in talks)} calls of the model",
            f"- sentences: {said}, shown {share(outcomes['shown'], said)}, of these without a part of them {outcomes['cut']}, dropped {share(outcomes['dropped'], said)} ({', '.join(f'{k} {n}' for k, n in kinds.most_common())})",
            f"- answers of which nothing was left, so that templates spoke: {share(sum(talk.templates for talk in talks), answers)}",
            f"- prices that the catalogue lacks: {sum(len(talk.wrong) for talk in talks)}",
            f"- broke off: {sum(talk.heard.broke is not None for talk in talks)}",
        ]
    )


def share(part: int, whole: int) -> str:
    return f"{part} ({100 * part / whole:.1f} %)" if whole else "0"


def as_markdown(talks: Sequence[Talk]) -> str:
    parts = ["# Exam", summary(talks)]
    for n, talk in enumerate(talks, 1):
        dropped = [
            f"- {outcome} ({kind}): {said}"
            for outcome, kind, said in talk.sentences
            if outcome in {"dropped", "cut"}
        ]
        lines = [f"**{who}** {text}" for who, text in talk.heard.lines]
        parts += [f"## Customer {n}", *lines, "\n".join([*dropped, *(f"- wrong: {w}" for w in talk.wrong)])]
        parts += [f"broke off: {talk.heard.broke}"] if talk.heard.broke else []
    return "\n\n".join(part for part in parts if part) + "\n"


if __name__ == "__main__":
    asyncio.run(main())
