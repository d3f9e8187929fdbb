"""The results as people read them, and as JSON."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date


@dataclass(frozen=True)
class Result:
    """One conversation; right when nothing is `wrong`."""

    assistant: str
    category: str
    case: str
    run: int
    wrong: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Score:
    """`first`: the share of conversations that went right; `all_runs`: of the cases that went right in every run."""

    cases: int
    first: float
    all_runs: float


def score(results: Sequence[Result]) -> Score:
    by_case: dict[str, list[bool]] = defaultdict(list)
    for result in results:
        by_case[result.case].append(not result.wrong)
    right = [ok for runs in by_case.values() for ok in runs]
    return Score(
        cases=len(by_case),
        first=sum(right) / len(right) if right else 0.0,
        all_runs=sum(all(runs) for runs in by_case.values()) / len(by_case) if by_case else 0.0,
    )


def by_category(results: Sequence[Result]) -> dict[str, Score]:
    """The last one, `all`, is over all of them."""
    grouped: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        grouped[result.category].append(result)
    return {name: score(own) for name, own in sorted(grouped.items())} | {"all": score(results)}


NOT_SHOWN = """## What the figures do not show

- The customers are written by us, and the deterministic assistant was mended on all of them. `newcomers` were written before anybody looked at its answers; at their first run they came to pass^1 0.83 and pass^4 0.62.
- The Claude of the sandbox is rule-based and knows these customers. Its rows show that tools, the check of each sentence, templates and hand-off hold, also when the model lies; not how well a real model sells.
- A required fact is a piece of text: an answer that says it in other words counts as wrong, one that says it at the wrong moment as right.
"""


def as_markdown(results: Sequence[Result], runs: int, seconds: dict[str, float]) -> str:
    lines = ["# Evals", ""]
    for assistant in dict.fromkeys(r.assistant for r in results):
        own = [r for r in results if r.assistant == assistant]
        lines += [*_table(assistant, own, runs, seconds[assistant]), *_failed(own)]
    return "\n".join(lines) + "\n"


def as_summary(results: Sequence[Result], runs: int, seconds: dict[str, float], day: date) -> str:
    """The tables alone, for the repository."""
    lines = [
        "# Evals",
        "",
        f"`make evals runs={runs}` on {day:%Y-%m-%d}. How to read it: `evals/README.md`.",
        "",
    ]
    for assistant in dict.fromkeys(r.assistant for r in results):
        own = [r for r in results if r.assistant == assistant]
        wrong = ", ".join(f"{r.case} (run {r.run})" for r in own if r.wrong) or "none"
        lines += [*_table(assistant, own, runs, seconds[assistant]), f"Went wrong: {wrong}", ""]
    return "\n".join([*lines, NOT_SHOWN])


def _table(assistant: str, own: Sequence[Result], runs: int, seconds: float) -> list[str]:
    lines = [f"## {assistant}", "", f"{len(own)} conversations in {seconds:.0f} s", ""]
    lines += [f"| category | cases | pass^1 | pass^{runs} |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {one.cases} | {one.first:.2f} | {one.all_runs:.2f} |"
        for name, one in by_category(own).items()
    ]
    return [*lines, ""]


def _failed(results: Sequence[Result]) -> list[str]:
    lines = []
    for one in results:
        if one.wrong:
            lines += [
                f"### {one.category}: {one.case}, run {one.run}",
                "",
                *(f"- **{w}**" for w in one.wrong),
                "",
            ]
            lines += [f"> {who}: {text}".replace("\n", "\n> ") + "  " for who, text in one.lines] + [""]
    return lines


def as_json(results: Sequence[Result], runs: int) -> dict[str, object]:
    names = dict.fromkeys(r.assistant for r in results)
    return {
        "runs": runs,
        "scores": {
            name: {
                category: asdict(one)
                for category, one in by_category([r for r in results if r.assistant == name]).items()
            }
            for name in names
        },
        "results": [asdict(r) for r in results],
    }
