"""The machinery of `make evals`: scripts are read, customers played, and what is wrong is found."""

from pathlib import Path

import httpx2
import pytest
from ops.stack.stackfile import StackFile
from testkit.evals.cases import Case, read_cases
from testkit.evals.grade import grade
from testkit.evals.play import play
from testkit.evals.report import Result, as_markdown, score

pytestmark = [pytest.mark.postgres, pytest.mark.rabbit]

CASES = {case.id: case for case in read_cases(Path(__file__).parents[2] / "evals/cases")}
WRONG = [
    {"appointment": {"service": "windshield"}},
    {"appointment": {"cents": 1}},
    {"appointment": "none"},
    {"appointment": {}, "handoff": True},
    {"appointment": {}, "state": "need"},
    {"appointment": {}, "replies": {"contain": ["a free car wash"]}},
    {"appointment": {}, "replies": {"never": ["booked"]}},
]


def test_there_are_enough_customers_of_every_kind() -> None:
    for assistant in ("offline", "claude"):
        assert len([case for case in CASES.values() if assistant in case.for_]) >= 60
    assert {case.category for case in CASES.values()} == {
        "after_hours",
        "bilingual",
        "bookers",
        "changing_their_mind",
        "confused",
        "hagglers",
        "hostile",
        "impossible_dates",
        "movers",
        "newcomers",
        "off_topic",
        "others_data",
    }


async def test_a_customer_is_played_and_every_wrong_ending_is_found(
    stack: StackFile, http: httpx2.AsyncClient
) -> None:
    case = CASES["buttons_only"]
    heard = await play(case, 0, stack, http)
    endings = [Case.model_validate({**case.model_dump(by_alias=True), "then": then}) for then in WRONG]
    found = [await grade(ending, heard, stack, http, free=False) for ending in endings]
    assert [len(wrong) for wrong in found] == [1] * len(WRONG), found
    assert await grade(case, heard, stack, http) == []


async def test_a_price_that_nobody_quoted_is_found(stack: StackFile, http: httpx2.AsyncClient) -> None:
    case = CASES["thanks_and_bye"]
    heard = await play(case, 0, stack, http)
    heard.lines.append(("assistant", "That would be $398.99."))
    assert await grade(case, heard, stack, http) == ["a price that is none of the catalogue: 39899 cents"]


def result(case: str, run: int, *wrong: str) -> Result:
    return Result("offline", "bookers", case, run, wrong, (("customer", "hi"),))


def test_a_case_that_fails_in_one_run_counts_for_the_runs_but_not_for_all_of_them() -> None:
    results = [result("a", 0), result("a", 1, "no appointment"), result("b", 0), result("b", 1)]
    assert (score(results).first, score(results).all_runs) == (0.75, 0.5)
    report = as_markdown(results, 2, {"offline": 1})
    assert "| bookers | 2 | 0.75 | 0.50 |" in report
    assert "**no appointment**" in report
