"""What staff search conversations by, as it is kept and as it is looked for."""

import re

from chat.domain.language import plain

LONGEST = 60
"""Of a longer word the beginning is kept."""
SHORTEST_BEGINNING = 3
"""A shorter word is found whole only: too many begin with one or two letters."""


def words_of(text: str) -> list[str]:
    """Each once, in lower case and without accents, by alphabet."""
    return sorted({word[:LONGEST] for word in re.findall(r"[^\W_]+", plain(text))})
