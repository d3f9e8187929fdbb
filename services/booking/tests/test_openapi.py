"""Booking against its own OpenAPI."""

from uuid import uuid4

import pytest
from testkit.openapi import check_conformance

from .conftest import OPS

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(240)]

TEN = "2026-11-24T10:00:00-08:00"


@pytest.mark.parametrize("known_person", [False, True], ids=["stranger", "customer"])
async def test_every_customers_door_answers_as_it_declares_whatever_is_sent(shop, known_person):
    lead = await shop.new_lead()
    booked = await lead.books(TEN)
    quote = await lead.quote()
    known = {
        "appointment_id": [booked["id"], str(uuid4())],
        "quote_id": [quote["id"]],
        "start": [TEN, "2026-11-25T10:00:00-08:00", "2026-11-28T10:00:00-08:00"],
        "from": ["2026-11-24"],
        "service": ["ceramic-full"],
        "addons": [["visor"], []],
        "vehicle_class": ["suv", None],
    }
    bearer = {"Authorization": f"Bearer {lead.token}"} if known_person else {}
    tried = await check_conformance(shop.app, "/api/booking/", bearer, known)
    assert "POST /api/booking/appointments" in tried


async def test_the_manage_link_opens_its_page_and_nothing_breaks(shop):
    lead = await shop.new_lead()
    manager = lead.with_link_of(await lead.books(TEN))
    bearer = {"Authorization": f"Bearer {manager.token}"}
    assert await check_conformance(shop.app, "/api/booking/manage", bearer) == ["GET /api/booking/manage"]


@pytest.mark.parametrize("headers", [{}, OPS], ids=["stranger", "operator"])
async def test_every_operators_door_answers_as_it_declares_whatever_is_sent(shop, sample_row, headers):
    known = {
        "slug": ["sample-tint"],
        "code": ["Store094", "Store999"],
        "rows": [[sample_row], [sample_row | {"price_cents": "cheap"}]],
        "hours": [{"mon": [["09:00", "18:00"]]}],
    }
    tried = await check_conformance(shop.app, "/api/admin/", headers, known)
    assert "PUT /api/admin/booking/{slug}/catalog" in tried
