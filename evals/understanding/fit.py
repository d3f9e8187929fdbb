"""Fits what a message is about to the examples of `chat/domain/understanding/exemplars.yaml`: `make understanding`."""

import hashlib
from pathlib import Path

import numpy as np
import yaml
from chat.domain.understanding.topics import centred, kernel
from shared.understanding.encoder import encode

FOLDER = Path(__file__).parents[2] / "services/chat/src/chat/domain/understanding"
BATCH = 256
STRENGTH = 0.1
"""Of small weights against the examples; 0.02 to 0.3 were tried, each example judged by the others."""
SHARPNESS = range(3, 13)


def main() -> None:
    source = (FOLDER / "exemplars.yaml").read_bytes()
    examples = [
        (text, topic)
        for topic, languages in yaml.safe_load(source).items()
        for texts in languages.values()
        for text in texts
    ]
    texts = [text for text, _ in examples]
    topics = sorted({topic for _, topic in examples})
    vectors = np.vstack(
        [encode([text.casefold() for text in texts[n : n + BATCH]]) for n in range(0, len(texts), BATCH)]
    )
    centre = vectors.mean(axis=0)
    kept = np.round(centred(vectors, centre) * 127).astype(np.int8)
    rows = kept.astype(np.float64) / 127
    belongs = np.array([[1.0 if topic == one else -1.0 for one in topics] for _, topic in examples])
    inverse = np.linalg.inv(kernel(rows, rows) + STRENGTH * np.eye(len(rows)))
    shares = inverse @ belongs
    unseen = belongs - shares / np.diag(inverse)[:, None]  # what the other examples say of each
    right = belongs.argmax(axis=1)
    sharpness = min(SHARPNESS, key=lambda one: _surprise(one * unseen, right))
    print(f"{len(texts)} examples, {np.mean(unseen.argmax(axis=1) == right):.3f} named by the others")  # noqa: T201
    np.savez_compressed(
        FOLDER / "topics.npz",
        topics=np.array(topics),
        centre=centre.astype(np.float32),
        vectors=kept,
        shares=shares.astype(np.float16),
        sharpness=np.array(sharpness, dtype=np.float32),
        source=np.array(hashlib.sha256(source).hexdigest()),
    )


def _surprise(scores: "np.ndarray", right: "np.ndarray") -> float:
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return float(-np.log(chances[np.arange(len(right)), right]).mean())


if __name__ == "__main__":
    main()
