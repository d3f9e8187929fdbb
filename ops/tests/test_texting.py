"""An import says which locations can text their customers, and why the others cannot."""

import pytest
from ops.texting import texting

SHOP = {"code": "A", "sms_from": "+16195550194", "switches": {"sms": True}}
LIVE = {"demo_mode": False, "a2p": {"brand": "B1", "campaign": "C1"}}
NOT_NAMED = "no A2P registration is named (a2p: {brand: ..., campaign: ...})"


@pytest.mark.parametrize(
    ("tenant", "location", "said"),
    [
        (LIVE, SHOP, ["A", "yes", "under campaign C1"]),
        (LIVE, SHOP | {"a2p": {"brand": "B1", "campaign": "C2"}}, ["A", "yes", "under campaign C2"]),
        ({"demo_mode": False}, SHOP, ["A", "no", NOT_NAMED]),
        ({"demo_mode": False, "a2p": None}, SHOP | {"a2p": None}, ["A", "no", NOT_NAMED]),
        ({}, SHOP, ["A", "allow-list only", "demo mode is on (--live switches it off)"]),
        (LIVE, {"code": "A"}, ["A", "no", "no sms_from is named"]),
        (LIVE, SHOP | {"switches": {"sms": False, "sends": False}}, ["A", "no", "switched off: sends, sms"]),
    ],
)
def test_a_location_can_text_or_it_is_said_why_not(tenant, location, said) -> None:
    assert texting(tenant, [location]) == [said]
