"""Whether a sentence without figures still claims something: a rule, a comparison, a promise, a deed."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from shared.understanding.features import Matrix, features


def claim_chances(sentences: Sequence[str]) -> list[float]:
    """One a sentence, written as `claims.yaml` writes them. Some 5 ms each, so never in the event loop."""
    if not sentences:
        return []
    weights = _weights()
    scores = features(list(sentences)) @ weights[:-1] + weights[-1]
    return [float(chance) for chance in 1 / (1 + np.exp(-scores))]


@cache
def _weights() -> Matrix:
    """Of `features`, the constant last; fitted by `make understanding`."""
    with files("shared.understanding").joinpath("claims.npz").open("rb") as file, np.load(file) as kept:
        weights: Matrix = kept["claim"]
        return weights
