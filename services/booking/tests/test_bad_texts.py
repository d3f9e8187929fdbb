"""Bad texts at every endpoint of booking."""

from uuid import uuid4

import pytest
from testkit.texts import check_texts

from .conftest import OPS

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

TEN = "2026-11-24T10:00:00-08:00"


@pytest.mark.parametrize("known_person", [False, True], ids=["stranger", "customer"])
async def test_no_bad_text_breaks_a_customers_endpoint(shop, known_person):
    lead = await shop.new_lead()
    known = {
        "appointment_id": (await lead.books(TEN))["id"],
        "quote_id": (await lead.quote())["id"],
        "hold_id": None,
        "start": "2026-11-25T10:00:00-08:00",
        "from": "2026-11-24",
        "service": "ceramic-full",
        "addons": ["visor"],
        "vehicle_class": "suv",
        "tier": None,
        "idempotency-key": str(uuid4()),
    }
    bearer = {"Authorization": f"Bearer {lead.token}"} if known_person else {}
    tried = await check_texts(shop.app, "/api/booking/", bearer, known)
    assert [fault for fault in tried.faults if "a good request" not in fault] == []
    assert "POST /api/booking/quotes body.service" in tried.places


@pytest.mark.parametrize("headers", [{}, OPS], ids=["stranger", "operator"])
async def test_no_bad_text_breaks_an_operators_endpoint(shop, sample_row, headers):
    known = {
        "slug": "sample-tint",
        "code": "Store094",
        "rows": [sample_row | {"en": "Sample."}],
        "special_days": [{"date": "2026-12-24", "hours": [["09:00", "12:00"]]}],
        "hours": {"mon": [["09:00", "18:00"]]},
        "breaks": {"mon": [["12:00", "13:00"]]},
        "time_off": [{"from": "2026-12-21", "to": "2026-12-24", "note": "away"}],
    }
    tried = await check_texts(shop.app, "/api/admin/", headers, known)
    assert tried.faults == [], "\n".join(tried.faults)
    assert "PUT /api/admin/booking/{slug}/catalog body.rows" in tried.places
