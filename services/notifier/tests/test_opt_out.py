"""Which words end messages, on which channels, and which only sound like it."""

import pytest
from notifier.domain.opt_out import OptOut, opt_out_in, opts_in

SMS, EMAIL, BOTH = ("sms",), ("email",), ("sms", "email")


@pytest.mark.parametrize(
    "word",
    [
        "STOP",
        "stop",
        " Stop. ",
        "STOPALL",
        "UNSUBSCRIBE",
        "CANCEL",
        "END",
        "QUIT",
        "REVOKE",
        "OPTOUT",
        "opt out",
    ],
)
def test_a_bare_word_ends_texts(word: str) -> None:
    assert opt_out_in(word, "sms") == OptOut("keyword", SMS)


@pytest.mark.parametrize(
    ("words", "channels"),
    [
        ("please don't text me any more", SMS),
        ("Don\u2019t text me", SMS),
        ("stop texting me", SMS),
        ("No more texts please", SMS),
        ("do not send me any more messages", SMS),
        ("stop emailing me", EMAIL),
        ("please stop sending me emails", EMAIL),
        ("do not email me again", EMAIL),
        ("unsubscribe me", BOTH),
        ("Take me off your mailing list", BOTH),
        ("Stop contacting me!", BOTH),
    ],
)
@pytest.mark.parametrize("channel", ["sms", "email", None])
def test_free_words_end_what_they_name_wherever_they_are_said(
    words: str, channels: tuple[str, ...], channel: str | None
) -> None:
    found = opt_out_in(words, channel)  # type: ignore[arg-type]
    assert found == OptOut("free_text", channels)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    [
        "don't stop by Friday",
        "I will stop by on Friday",
        "don't stop texting, I like it",
        "can you stop the car from fading?",
        "I want to cancel my appointment",
        "end of the week works",
        "I never got your text",
        "the quote in your last message is too high",
    ],
)
@pytest.mark.parametrize("channel", ["sms", "email", None])
def test_what_only_sounds_like_it_ends_nothing(words: str, channel: str | None) -> None:
    assert opt_out_in(words, channel) is None  # type: ignore[arg-type]


def test_a_bare_stop_in_the_web_chat_is_about_the_chat() -> None:
    assert opt_out_in("stop", None) is None


def test_start_opts_in() -> None:
    assert opts_in(" start ")
    assert not opts_in("start on Friday")
