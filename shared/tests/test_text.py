"""The one text type: words are cleaned, identifiers refused, and both can be stored."""

import time
import unicodedata
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError
from shared.text import (
    DEEPEST,
    AddressText,
    BlankIsNone,
    Code,
    Line,
    Moment,
    Words,
    address_text,
    cleaned,
    cleaned_json,
    is_clean,
    one_line,
    pieces,
)
from testkit.texts import BAD_TEXTS

ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.sampled_from(list(BAD_TEXTS.values()))


class Everything(BaseModel):
    words: Annotated[Words, Field(max_length=5)] = ""
    line: Line = ""
    address: AddressText = ""
    code: Code = "x"
    note: Annotated[Line | None, BlankIsNone] = None
    moment: Moment | None = None


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("a\0b", "ab"),
        ("half \ud800 a character", "half  a character"),
        ("\ud83d\udd27", ""),
        (" Zoe\u0308\r\nM\u00fcller\x00\x1b[31m ", "Zoë\nMüller[31m"),
        ("one\u2028two\x85three", "one\ntwo\nthree"),
        ("a\tb", "a\tb"),
        ("abc\u202etxt.exe", "abctxt.exe"),
        ("\ufeff\u2068ana@example.com\u2069", "ana@example.com"),
        ("\uffff\ufffe\U0001ffff", ""),
        ("ignore\U000e0069\U000e0067 this", "ignore this"),
        ("\U0001f469\u200d\U0001f527", "\U0001f469\u200d\U0001f527"),
        ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),
    ],
)
def test_words_lose_what_nobody_means_to_write_and_nothing_else(written, kept):
    assert cleaned(written) == kept


@given(ANY_TEXT)
def test_whatever_is_written_can_be_stored_and_stays_as_it_is_when_cleaned_again(written):
    for clean in (cleaned, one_line, address_text):
        kept = clean(written)
        kept.encode("utf-8")
        assert "\0" not in kept
        assert unicodedata.is_normalized("NFC", kept)
        assert clean(kept) == kept
    assert "\n" not in one_line(written)


@given(ANY_TEXT)
def test_a_code_is_left_as_it_is_or_refused(written):
    try:
        code = Everything(code=written).code
    except ValidationError:
        assert not is_clean(written)
    else:
        assert code == written


@given(st.text(st.characters(categories=("L", "N", "P", "S"))))
def test_letters_of_any_script_are_kept(written):
    assert cleaned(written) == unicodedata.normalize("NFC", written)


def test_limits_count_what_is_kept():
    assert Everything(words="\0" * 100 + "abcde ").words == "abcde"
    with pytest.raises(ValidationError, match="words"):
        Everything(words="abcdef")


def test_an_empty_field_of_a_form_says_nothing():
    assert Everything(note=" \u200b\0 ").note is None


@pytest.mark.parametrize("far", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_moments_at_the_ends_of_the_calendar_are_refused(far):
    with pytest.raises(ValidationError, match="moment"):
        Everything(moment=far)


def test_a_tower_of_marks_costs_no_time():
    started = time.process_time()
    assert len(cleaned("a" + "\u0301\u0323" * 200_000)) < 40
    assert time.process_time() - started < 2


def test_a_foreign_document_is_cleaned_throughout():
    row = {"na\0me": ["\ud800x", {"deep": "\0"}], "amount": float("inf"), "none": float("nan"), "n": 1}
    assert cleaned_json(row) == {"name": ["x", {"deep": ""}], "amount": None, "none": None, "n": 1}


def test_a_document_nested_too_deeply_is_refused():
    deep: object = 1
    for _ in range(DEEPEST):
        deep = [deep]
    with pytest.raises(ValueError, match="levels deep"):
        cleaned_json(deep)


@pytest.mark.parametrize("words", ["", "short", "word " * 50, "x" * 95, "one\ntwo three " * 9])
def test_pieces_hold_every_word(words: str) -> None:
    found = pieces(words, 10)
    assert all(len(piece) <= 10 for piece in found)
    assert "".join("".join(found).split()) == "".join(words.split())
