"""Ingest against its own OpenAPI."""

from uuid import uuid4

import pytest
from testkit.openapi import check_conformance

from .conftest import OPS
from .test_bad_texts import KNOWN

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.mark.parametrize("headers", [{}, OPS], ids=["stranger", "operator"])
async def test_every_endpoint_answers_as_it_declares_whatever_is_sent(app, tenant_id, headers):
    known = {name: [value] for name, value in KNOWN.items()} | {
        "address": ["ana@example.com"],
        "delivery_id": [str(uuid4())],
        "token_id": [str(uuid4())],
    }
    tried = await check_conformance(app, "/", headers, known, examples=8)
    assert {"POST /api/leads", "PUT /api/admin/tenants/{slug}", "POST /api/staff/login"} <= set(tried)
