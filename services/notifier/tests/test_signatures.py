"""Signatures as Twilio documents them."""

from notifier.domain.signatures import same, twilio_signature


def test_twilios_own_example_is_reproduced() -> None:
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    url = "https://example.com/myapp.php?foo=1&bar=2"
    assert twilio_signature("12345", url, params.items()) == "L/OH5YylLD5NRKLltdqwSvS0BnU="


def test_a_signature_of_other_length_or_letters_is_refused() -> None:
    assert not same("abc", "ab")
    assert not same("abc", "ab\u00e9")
