"""Tags: a closed set, read piece by piece; what is whole leaves at once."""

import pytest
from chat.domain.prompt import TAG_RULES
from chat.domain.reply.tags import NAMES, NotATag, Sentences, Tag, pieces


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 8, 100])
def test_a_tag_may_be_split_anywhere(chunk: int) -> None:
    text = "It is {price:q1}. I have {times:s1}; which one?\n{know:tax} Shall I look? Yes"
    sentences, found = Sentences(), []
    for n in range(0, len(text), chunk):
        found += sentences.feed(text[n : n + chunk])
    assert [*found, *sentences.end()] == [
        "It is {price:q1}.",
        "I have {times:s1}; which one?",
        "{know:tax}",
        "Shall I look?",
        "Yes",
    ]


def test_a_sentence_leaves_when_it_is_whole() -> None:
    sentences = Sentences()
    assert sentences.feed("Hi! It is {pri") == ["Hi!"]
    assert sentences.feed("ce:q1}") == []
    assert sentences.feed(". ") == ["It is {price:q1}."]
    assert sentences.end() == []


def test_words_and_tags_in_order() -> None:
    assert pieces("From {price:q1.2} to {hours}.") == (
        "From ",
        Tag("price", "q1.2"),
        " to ",
        Tag("hours"),
        ".",
    )


@pytest.mark.parametrize(
    "text",
    ["{discount:q1}", "{price:}", "{price", "price:q1}", "{{price:q1}}", "{Price:q1}", "{price: q1}", "{}"],
)
def test_braces_hold_a_tag_of_the_set_or_nothing(text: str) -> None:
    with pytest.raises(NotATag):
        pieces(f"It is {text}.")


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_tag_is_documented_with_examples(name: str) -> None:
    (line,) = [
        line for line in TAG_RULES.replace("\n  ", " ").splitlines() if f"{{{name}" in line.split('"')[0]
    ]
    assert line.count("{" + name) >= 2
