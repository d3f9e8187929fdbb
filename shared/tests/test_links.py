"""Customer links open for the right purpose, until they expire, and for nobody who did not get one."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from shared.http.links import BadLink, Link, LinkPurpose, mint, read

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LINK = Link(tenant_id=UUID(int=1), subject_id=UUID(int=2))
KEYS = ["newest", "older"]


def token(purpose: LinkPurpose = LinkPurpose.CHAT, keys: list[str] = KEYS) -> str:
    return mint(purpose, LINK, keys=keys, expires_at=NOW + timedelta(days=1))


def test_a_link_says_whose_it_is() -> None:
    assert read(LinkPurpose.CHAT, token(), keys=KEYS, now=NOW) == LINK


def test_a_link_fits_an_sms_and_a_path() -> None:
    assert len(token()) == 92
    assert set(token()) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=")


def test_a_link_signed_with_an_older_key_stays_good() -> None:
    assert read(LinkPurpose.CHAT, token(keys=["older"]), keys=KEYS, now=NOW) == LINK


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        token()[:49] + ("A" if token()[49] != "A" else "B") + token()[50:],
        "B" + token()[1:],
        token(keys=["somebody else's"]),
        token(purpose=LinkPurpose.MANAGE),
        token().replace(".", ""),
    ],
    ids=["empty", "short", "signature", "payload", "other key", "other purpose", "no separator"],
)
def test_what_we_did_not_sign_for_this_purpose_is_refused(bad: str) -> None:
    with pytest.raises(BadLink):
        read(LinkPurpose.CHAT, bad, keys=KEYS, now=NOW)


def test_an_expired_link_is_refused() -> None:
    with pytest.raises(BadLink):
        read(LinkPurpose.CHAT, token(), keys=KEYS, now=NOW + timedelta(days=2))


@pytest.mark.parametrize("behind", [".", ")", "),", "”", "…", "!?"])
def test_what_a_messenger_takes_for_a_part_of_the_link_does_no_harm(behind: str) -> None:
    assert read(LinkPurpose.CHAT, token() + behind, keys=KEYS, now=NOW) == LINK
