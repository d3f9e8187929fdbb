"""The promise of the opt-out, on every set of messages in `evals/opt_out`."""

from pathlib import Path

import pytest
from testkit.evals.opt_outs import Score, judged, read_set

SETS = sorted((Path(__file__).parents[2] / "evals/opt_out").glob("*.yaml"))


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in SETS])
def test_opt_outs_are_heard_and_innocents_are_not_stopped(file: Path) -> None:
    score = Score([(message, judged(message)) for message in read_set(file)])
    for label in ("opt_out", "innocent"):
        assert sum(message.label == label for message, _ in score.results) >= 60
    assert score.heard_or_asked >= 0.98, score.summary
    assert score.innocents_stopped <= 0.02, score.summary
