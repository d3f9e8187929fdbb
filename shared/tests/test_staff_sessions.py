"""A staff session is made by whoever has the key, believed by whoever has its public half, in one spelling only."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from shared.http.links import Link, LinkPurpose, mint
from shared.staff_sessions import BadSession, StaffSession, public_key, read_session, sign_session

KEY, OLDER = "session-key-2f9c41d07be8a653", "session-key-before-7c1e99aa"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SESSION = StaffSession(UUID(int=1), UUID(int=2), UUID(int=3), NOW + timedelta(hours=12))
PUBLIC = [public_key(KEY), public_key(OLDER)]


def test_a_session_says_whose_it_is_and_which_one() -> None:
    assert read_session(sign_session(SESSION, KEY), public_keys=PUBLIC, now=NOW) == SESSION


def test_while_a_key_is_renewed_sessions_of_both_are_good_then_only_those_of_the_new_one() -> None:
    before, after = sign_session(SESSION, OLDER), sign_session(SESSION, KEY)
    for token in (before, after):
        assert read_session(token, public_keys=PUBLIC, now=NOW) == SESSION
    with pytest.raises(BadSession):
        read_session(before, public_keys=PUBLIC[:1], now=NOW)


def test_the_public_half_signs_nothing() -> None:
    with pytest.raises(BadSession):
        read_session(sign_session(SESSION, PUBLIC[0]), public_keys=PUBLIC, now=NOW)


def altered(token: str, at: int) -> str:
    signed = bytearray(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    signed[at] ^= 1
    return urlsafe_b64encode(bytes(signed)).decode().rstrip("=")


@pytest.mark.parametrize("at", [0, 16, 32, 48, 52, 115])
def test_no_byte_can_be_changed(at: int) -> None:
    with pytest.raises(BadSession):
        read_session(altered(sign_session(SESSION, KEY), at), public_keys=PUBLIC, now=NOW)


@pytest.mark.parametrize("bad", ["", "x", "\x00", "é", "=" * 156, "A" * 155])
def test_what_is_no_session_is_refused(bad: str) -> None:
    with pytest.raises(BadSession):
        read_session(bad, public_keys=PUBLIC, now=NOW)


@pytest.mark.parametrize("tail", ["=", "==", "\n", " "])
def test_there_is_one_spelling_of_a_session(tail: str) -> None:
    with pytest.raises(BadSession):
        read_session(sign_session(SESSION, KEY) + tail, public_keys=PUBLIC, now=NOW)


def test_an_expired_session_and_a_link_of_any_purpose_are_refused() -> None:
    link = Link(UUID(int=1), UUID(int=2))
    links = [mint(purpose, link, keys=[KEY], expires_at=SESSION.expires_at) for purpose in LinkPurpose]
    for bad in (sign_session(replace(SESSION, expires_at=NOW - timedelta(seconds=1)), KEY), *links):
        with pytest.raises(BadSession):
            read_session(bad, public_keys=PUBLIC, now=NOW)
