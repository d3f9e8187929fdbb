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
from sklearn.linear_model import LogisticRegression

FOLDER = Path(__file__).parents[1] / "shared/src/shared/understanding"
STRENGTH = 20.0
"""Of the examples against small weights; 3, 10 and 30 were tried by cross-validation."""

BATCH = 256

TOPICS = Path(__file__).parents[1] / "services/chat/src/chat/domain/understanding"
NOT_INNOCENT = {"decline", "goodbye", "no", "upset"}
"""Topics with words that may as well end messages; what the others say is about a shop's work."""
NOT_INNOCENT_OF_THE_FIRST = NOT_INNOCENT | {"bot", "distress", "keep", "none"}
"""The hands of the other files were told to write no such words."""


@dataclass(frozen=True)
class Examples:
    """Of one file: `{kind: {language: [texts]}}`."""

    texts: list[str]
    kinds: list[str]
    languages: list[str]
    source: bytes


def main() -> None:
    for name in sys.argv[1:] or FITS:
        FITS[name](read(name))


def fit_opt_out(examples: Examples) -> None:
    talk = of_the_trade()
    texts, kinds = examples.texts + talk.texts, examples.kinds + talk.kinds
    languages = examples.languages + talk.languages
    rows = features_of(texts)
    keep(
        examples,
        "opt_out",
        opt_out=fitted(rows, is_(kinds, "opt_out")),
        spanish=fitted(rows, is_(languages, "es")),
    )


def fit_claims(examples: Examples) -> None:
    keep(examples, "claims", claim=fitted(features_of(examples.texts), is_(examples.kinds, "claim")))


FITS = {"opt_out": fit_opt_out, "claims": fit_claims}


def read(name: str) -> Examples:
    source = (FOLDER / f"{name}.yaml").read_bytes()
    return examples_of(yaml.safe_load(source), source)


def of_the_trade() -> Examples:
    """What customers ask a shop, from the chat's own examples: innocent, and closer to its business than our other innocents."""
    told: dict[str, dict[str, list[str]]] = {}
    for file in sorted(TOPICS.glob("exemplars*.yaml")):
        left_out = NOT_INNOCENT_OF_THE_FIRST if file.stem == "exemplars" else NOT_INNOCENT
        topics = yaml.safe_load(file.read_bytes())
        told |= {f"{file.stem} {topic}": topics[topic] for topic in topics if topic not in left_out}
    return examples_of(told, b"")


def examples_of(kinds_of: dict[str, dict[str, list[str]]], source: bytes) -> Examples:
    rows = [
        (text, kind, language)
        for kind, languages in kinds_of.items()
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
    """Logistic regression; the constant comes last."""
    model = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=1000).fit(rows, labels)
    return np.append(model.coef_[0], model.intercept_).astype(np.float32)


if __name__ == "__main__":
    main()
