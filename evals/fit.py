"""Fits the weights of `shared/understanding` to the examples beside them: `make understanding`."""

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from shared.understanding.features import features

FOLDER = Path(__file__).parents[1] / "shared/src/shared/understanding"
STRENGTH = 10.0
"""Of the examples against small weights; 3, 10 and 30 were tried by cross-validation."""

STEPS = 15
BATCH = 256


@dataclass(frozen=True)
class Examples:
    """Of one file: `{kind: {language: [texts]}}`."""

    texts: list[str]
    kinds: list[str]
    languages: list[str]
    source: bytes


def main() -> None:
    for name in sys.argv[1:] or FITS:
        examples = read(name)
        FITS[name](examples, features_of(examples.texts))


def fit_opt_out(examples: Examples, rows: NDArray[np.float32]) -> None:
    opt_out, spanish = is_(examples.kinds, "opt_out"), is_(examples.languages, "es")
    keep(examples, "opt_out", opt_out=fitted(rows, opt_out), spanish=fitted(rows, spanish))


def fit_claims(examples: Examples, rows: NDArray[np.float32]) -> None:
    keep(examples, "claims", claim=fitted(rows, is_(examples.kinds, "claim")))


FITS = {"opt_out": fit_opt_out, "claims": fit_claims}


def read(name: str) -> Examples:
    source = (FOLDER / f"{name}.yaml").read_bytes()
    rows = [
        (text, kind, language)
        for kind, languages in yaml.safe_load(source).items()
        for language, texts in languages.items()
        for text in texts
    ]
    texts, kinds, languages = (list(column) for column in zip(*rows, strict=True))
    return Examples(texts, kinds, languages, source)


def features_of(texts: list[str]) -> NDArray[np.float32]:
    return np.vstack([features(texts[n : n + BATCH]) for n in range(0, len(texts), BATCH)])


def is_(values: list[str], wanted: str) -> NDArray[np.bool_]:
    return np.array([value == wanted for value in values])


def keep(examples: Examples, name: str, **weights: NDArray[np.float32]) -> None:
    arrays: dict[str, Any] = {"source": np.array(hashlib.sha256(examples.source).hexdigest()), **weights}
    np.savez_compressed(FOLDER / f"{name}.npz", **arrays)


def fitted(rows: NDArray[np.float32], labels: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Logistic regression, by Newton's method on the examples' products; the constant comes last."""
    products = (rows @ rows.T).astype(np.float64) + 1.0
    scores: NDArray[np.floating] = np.zeros(len(labels))
    shares: NDArray[np.floating] = np.zeros(len(labels))
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-scores))
        curvature = np.maximum(chance * (1 - chance), 1e-6)
        target = scores + (labels - chance) / curvature
        shares = np.linalg.solve(products + np.diag(1 / (STRENGTH * curvature)), target)
        scores = products @ shares
    return np.append(rows.T @ shares, shares.sum()).astype(np.float32)


if __name__ == "__main__":
    main()
