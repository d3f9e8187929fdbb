"""What a text message takes: alphabet and length."""

import pytest
from notifier.domain.texting import SEGMENTS, as_text, length

LINK = "https://leads.example/c/sample"


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("You're booked: $399.00", "You're booked: $399.00"),
        ("¡Hola! ¿Le llamo mañana? Sí, está reservada.", "¡Hola! ¿Le llamo mañana? Si, esta reservada."),
        ("\u201cGreat\u201d \u2013 it\u2019s set\u2026", '"Great" - it\'s set...'),
        ("Done \U0001f44d", "Done "),
        ("10 € [ok]", "10 € [ok]"),
        ("你好, Sam", "你好, Sam"),
    ],
)
def test_words_are_put_into_the_cheap_alphabet_where_no_letter_is_lost(words: str, text: str) -> None:
    assert as_text(words) == text


@pytest.mark.parametrize(
    ("words", "places"),
    [("a" * 100, 153), ("Una respuesta. " * 200, 153), ("x{" * 900, 153), ("你好。 " * 400, 67)],
)
def test_no_text_takes_more_than_its_segments(words: str, places: int) -> None:
    assert length(as_text(words, LINK)) <= SEGMENTS * places


def test_what_is_cut_ends_with_a_sentence_and_the_link_to_the_rest() -> None:
    text = as_text("One sentence of the answer. " * 60, LINK)
    assert text.endswith(f"answer. ... {LINK}")


def test_what_fits_is_left_whole() -> None:
    assert as_text("Short.\n- one\n- two", LINK) == "Short.\n- one\n- two"
