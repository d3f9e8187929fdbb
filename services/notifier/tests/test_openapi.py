"""Notifier against its own OpenAPI."""

from uuid import uuid4

import pytest
from testkit.openapi import check_conformance
from testkit.secrets import AS_OPERATOR

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.mark.parametrize("headers", [{}, AS_OPERATOR], ids=["stranger", "operator"])
async def test_every_endpoint_answers_as_it_declares_whatever_is_sent(shop, headers):
    lead = await shop.greet()
    known = {
        "tenant": ["sample-tint", "other"],
        "lead_id": [str(lead.lead_id), str(uuid4())],
        "delivery_id": [str(uuid4())],
    }
    tried = await check_conformance(shop.http._transport.app, "/", headers, known, examples=8)
    assert {"POST /webhooks/email/{tenant}", "POST /u/{token}"} <= set(tried)
