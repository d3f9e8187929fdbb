"""How well an opt-out is heard in a set of messages: `python -m evals.opt_out FILE...`. How to read it: ../README.md."""

import argparse
from pathlib import Path

from rich.console import Console
from shared.understanding.opt_out import chances
from testkit.evals.opt_outs import Outcome, Score, judged, read_set

console = Console(width=160, highlight=False)

SHOWN: tuple[tuple[str, Outcome], ...] = (
    ("missed", Outcome.MISSED),
    ("asked, an opt-out", Outcome.ASKED),
    ("stopped, but innocent", Outcome.STOPPED),
    ("asked, but innocent", Outcome.BOTHERED),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    for file in parser.parse_args().files:
        show(file)


def show(file: Path) -> None:
    score = Score([(message, judged(message)) for message in read_set(file)])
    console.rule(str(file), align="left")
    for title, outcome in SHOWN:
        found = [message for message, was in score.results if was is outcome]
        console.print(f"{title}: {len(found)}")
        for message in found:
            figures = " ".join(f"{chance:.2f}" for chance in chances(message.text))
            console.print(f"    {message.lang}  {figures}  {message.text!r}", markup=False)
    console.print(score.summary, markup=False)


if __name__ == "__main__":
    main()
