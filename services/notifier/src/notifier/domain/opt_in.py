"""The words by which texts are wanted again; they are the carriers'."""

START_WORDS = frozenset({"START", "UNSTOP"})


def opts_in(text: str) -> bool:
    return text.strip(".!\"' \t\r\n").upper() in START_WORDS
