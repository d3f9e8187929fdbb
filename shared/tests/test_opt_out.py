"""Which words end messages, on which channels, and which only sound like it."""

import hashlib
from importlib.resources import files

import numpy as np
import pytest
from shared.understanding.opt_out import OptOut, hear_opt_out, is_carriers_word, opt_out_in

BOTH = ("sms", "email")


@pytest.mark.parametrize(
    "word",
    [
        *("STOP", "stop", " Stop. ", "STOP 🛑", "s.t.o.p", "STOPALL", "stop all", "UNSUBSCRIBE", "CANCEL"),
        *("END", "QUIT", "REVOKE", "OPTOUT", "opt out", "Opt-Out!"),
    ],
)
def test_a_carriers_word_alone_ends_texts(word: str) -> None:
    assert opt_out_in(word, "sms") == OptOut("keyword", ("sms",), "en")


@pytest.mark.parametrize("word", ["ALTO", "parar", "¡Baja!"])
def test_so_do_the_spanish_ones(word: str) -> None:
    assert opt_out_in(word, "sms") == OptOut("keyword", ("sms",), "es")


@pytest.mark.parametrize("word", ["STOP", " cancel ", "Unsubscribe"])
def test_what_twilio_answers_is_the_bare_word(word: str) -> None:
    assert is_carriers_word(word)
    assert not is_carriers_word(f"{word} 🛑")


@pytest.mark.parametrize("word", ["stop", "end", "ALTO"])
def test_in_the_web_chat_a_bare_word_may_be_about_the_chat(word: str) -> None:
    found = opt_out_in(word, None)
    assert found is not None
    assert not found.sure


@pytest.mark.parametrize("channel", ["email", None])
@pytest.mark.parametrize("words", ["cancel", "Cancel my appointment", "cancelar", "Quiero cancelar mi cita"])
def test_a_cancellation_is_about_an_appointment(words: str, channel: str | None) -> None:
    assert opt_out_in(words, channel) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "channels", "language"),
    [
        ("please don't text me any more", ("sms",), "en"),
        ("Don\u2019t text me", ("sms",), "en"),
        ("please stop sending me emails", ("email",), "en"),
        ("please dont send me any more emails", ("email",), "en"),
        ("no me manden más correos", ("email",), "es"),
        ("do not send me any more messages", BOTH, "en"),
        ("Take me off your list", BOTH, "en"),
        ("No me manden más mensajes", BOTH, "es"),
    ],
)
@pytest.mark.parametrize("channel", ["sms", "email", None])
def test_free_words_end_what_they_name_wherever_they_are_said(
    words: str, channels: tuple[str, ...], language: str, channel: str | None
) -> None:
    assert opt_out_in(words, channel) == OptOut("free_text", channels, language)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "words",
    [
        "don't stop by Friday",
        "can I stop by",
        "is it the last stop",
        "can you stop the car from fading?",
        "end of the week works",
        "I never got your text",
        "the quote in your last message is too high",
        "no gracias",
        "",
        " ",
        "\u200b",
    ],
)
@pytest.mark.parametrize("channel", ["sms", "email", None])
def test_what_only_sounds_like_it_ends_nothing(words: str, channel: str | None) -> None:
    found = opt_out_in(words, channel)  # type: ignore[arg-type]
    assert found is None


async def test_one_sentence_of_a_long_mail_is_enough_for_a_question() -> None:
    mail = (
        "Hello, thanks for the quote that you sent on Tuesday. " * 10
        + "Please remove me from your mailing list."
    )
    found = await hear_opt_out(mail, "email")
    assert found is not None


@pytest.mark.parametrize("name", ["opt_out", "claims"])
def test_the_weights_are_those_of_the_examples(name: str) -> None:
    """`make understanding` after every change of the examples."""
    folder = files("shared.understanding")
    with folder.joinpath(f"{name}.npz").open("rb") as file, np.load(file) as kept:
        fitted_to = str(kept["source"])
    assert hashlib.sha256(folder.joinpath(f"{name}.yaml").read_bytes()).hexdigest() == fitted_to


def test_a_wish_at_the_end_of_many_lines_is_heard() -> None:
    before = "Dear shop,\n" + "It was sunny on that day.\n" * 25
    assert opt_out_in(before, "email") is None
    assert opt_out_in(f"{before}Please remove me from your list and stop emailing me.", "email") is not None
