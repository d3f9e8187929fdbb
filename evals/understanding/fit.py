"""Fits what a message is about to the examples of `chat/domain/understanding/exemplars*.yaml`: `make understanding`.

`python -m evals.understanding.fit --writers`: how each writer's examples are named by a fit to the others', which is what to choose settings by; sentences of the
same hand are too alike for that.
"""

import argparse
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from chat.domain.understanding.topics import (
    BUCKETS,
    alike,
    centred,
    counted,
    kernel,
    likeliest,
    spelled,
    unit,
)
from numpy.typing import NDArray
from scipy.sparse import csr_array
from shared.understanding.encoder import encode

FOLDER = Path(__file__).parents[2] / "services/chat/src/chat/domain/understanding"
DIRECTIONS = 128
"""Of the encoder's 512; all of them named no more topics rightly."""
SPELLING = 0.5
"""Of the kernel of pieces and words beside that of meaning; 0, 0.5, 0.8 and 1 were tried."""
STRENGTH = 0.3
"""Of small weights against the examples; 0.1 to 1 were tried."""
SHARPNESS = 7.0
SURES = (0.5, 0.55, 0.6, 0.65, 0.7, 0.8, 0.9)

Matrix = NDArray[Any]


@dataclass(frozen=True)
class Example:
    text: str
    topic: str
    writer: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--writers", action="store_true", help="compares, and writes nothing")
    if parser.parse_args().writers:
        compare(examples())
        return
    found = examples()
    arrays: dict[str, Any] = {"source": np.array(source()), **fitted(found)}
    np.savez_compressed(FOLDER / "topics.npz", **arrays)
    print(f"{len(found)} examples of {len({one.topic for one in found})} topics")  # noqa: T201


def files() -> list[Path]:
    return sorted(FOLDER.glob("exemplars*.yaml"))


def source() -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in files())).hexdigest()


def examples() -> list[Example]:
    return [
        Example(text, topic, path.stem)
        for path in files()
        for topic, languages in yaml.safe_load(path.read_text()).items()
        for texts in languages.values()
        for text in texts
    ]


def fitted(found: Sequence[Example]) -> dict[str, Matrix]:
    """What `chat/domain/understanding/topics.py` reads."""
    topics = sorted({one.topic for one in found})
    encoded = _encoded(found)
    centre = encoded.mean(axis=0)
    rows = centred(encoded, centre)
    directions = np.linalg.svd(rows.T @ rows)[0][:, :DIRECTIONS].astype(np.float16)
    kept = np.round(unit(rows @ directions.astype(np.float32)) * 127).astype(np.int8)
    meant = kept.astype(np.float32) / 127
    rarity = _rarity(found)
    written = _spelling(found, rarity)
    near = kernel(meant, meant) + SPELLING * (written @ written.T).toarray()
    belongs = np.array([[1.0 if one.topic == topic else -1.0 for topic in topics] for one in found])
    shares = np.linalg.solve(
        near + STRENGTH * np.eye(len(found), dtype=np.float32), belongs.astype(np.float32)
    )
    weights = SPELLING * (written.T @ shares)
    step = float(np.abs(weights).max()) / 127
    return {
        "topics": np.array(topics),
        "centre": centre.astype(np.float32),
        "directions": directions,
        "vectors": kept,
        "shares": shares.astype(np.float16),
        "rarity": rarity.astype(np.float16),
        "weights": np.round(weights / step).astype(np.int8),
        "step": np.array(step),
        "sharpness": np.array(SHARPNESS),
    }


def _encoded(found: Sequence[Example]) -> Matrix:
    return encode([one.text.casefold() for one in found])


def _rarity(found: Sequence[Example]) -> Matrix:
    """Of each bucket among the examples."""
    met = np.zeros(BUCKETS)
    for one in found:
        for counts in counted(one.text):
            met[list(counts)] += 1
    return (np.log((1 + len(found)) / (1 + met)) + 1).astype(np.float16).astype(np.float32)


def _spelling(found: Sequence[Example], rarity: Matrix) -> csr_array:
    places, buckets, shares = [], [], []
    for place, one in enumerate(found):
        own, counts = spelled(one.text, rarity)
        places.append(np.full(len(own), place))
        buckets.append(own)
        shares.append(counts)
    values = (np.concatenate(shares), (np.concatenate(places), np.concatenate(buckets)))
    return csr_array(values, shape=(len(found), BUCKETS))


def compare(found: Sequence[Example]) -> None:
    """A topic alike counts as right: its answer is as good."""
    for writer in sorted({one.writer for one in found})[1:]:
        own = [one for one in found if one.writer == writer]
        chances, topics = _named(fitted([one for one in found if one.writer != writer]), own)
        told_of = [likeliest(dict(zip(topics, row, strict=True))) for row in chances.tolist()]
        right = np.array([one.topic in alike(told.name) for one, told in zip(own, told_of, strict=True)])
        chance = np.array([told.chance for told in told_of])
        print(f"{writer}: {len(own)} examples, {right.mean():.3f} named rightly by the others'")  # noqa: T201
        for sure in SURES:
            told = chance >= sure
            print(f"  sure {sure}: right {np.mean(told & right):.3f}, wrong {np.mean(told & ~right):.3f}")  # noqa: T201


def _named(fit: dict[str, Matrix], own: Sequence[Example]) -> tuple[Matrix, list[str]]:
    rows = unit(centred(_encoded(own), fit["centre"]) @ fit["directions"].astype(np.float32))
    meant = kernel(rows, fit["vectors"].astype(np.float32) / 127) @ fit["shares"].astype(np.float32)
    written = _spelling(own, fit["rarity"].astype(np.float32)) @ (fit["weights"] * fit["step"])
    scores = np.exp(float(fit["sharpness"]) * (meant + written))
    return scores / scores.sum(axis=1, keepdims=True), fit["topics"].tolist()


if __name__ == "__main__":
    main()
