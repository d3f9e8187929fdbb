import pytest
from ingest.domain.contact import usable
from shared.contact import BadEmail, BadPhone, normal_email, normal_phone
from shared.events import Contact


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("(619) 555-0142", "+16195550142"),
        ("1-619-555-0142", "+16195550142"),
        (" +1 619 555 0142 ", "+16195550142"),
        ("+44 7911 123456", "+447911123456"),
    ],
)
def test_phone_becomes_e164_with_us_as_default(written: str, normal: str):
    assert normal_phone(written) == normal


@pytest.mark.parametrize("written", ["", "555-0142", "123", "call me", "+1 999 999 99999", "1" * 500])
def test_what_is_no_phone_number_is_refused(written: str):
    with pytest.raises(BadPhone):
        normal_phone(written)


@pytest.mark.parametrize(
    ("written", "normal"), [("Pat@Sample.TEST", "pat@sample.test"), (" pat+tint@sample.example ", "pat+tint@sample.example")]
)  # fmt: skip
def test_email_is_lower_cased(written: str, normal: str):
    assert normal_email(written) == normal


@pytest.mark.parametrize(
    "written", ["", "pat", "pat@", "pat@localhost", "a@b@sample.test", "pat@sample.test\nBcc: x@y.z"]
)
def test_what_is_no_email_is_refused(written: str):
    with pytest.raises(BadEmail):
        normal_email(written)


def test_a_crm_contact_keeps_what_works_and_loses_what_cannot():
    typed = Contact(name=" Pat\0 Sample ", email="none", phone="619.555.0142")
    assert usable(typed) == Contact(name="Pat Sample", email=None, phone="+16195550142")


@pytest.mark.parametrize("written", ["+52 1 55 1234 5678", "+5215512345678", "+52 55 1234 5678"])
def test_a_mexican_mobile_with_the_old_1_is_the_same_number(written: str) -> None:
    assert normal_phone(written) == "+525512345678"


def test_a_number_with_a_selector_of_emoji_is_that_number() -> None:
    assert normal_phone("6\ufe0f19 555 0199") == "+16195550199"
