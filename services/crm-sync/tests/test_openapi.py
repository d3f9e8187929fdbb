"""The operators' endpoints of crm-sync against their OpenAPI, and under bad texts."""

from typing import Any
from uuid import uuid4

import pytest
from testkit.openapi import check_conformance
from testkit.secrets import AS_OPERATOR
from testkit.texts import check_texts

from .test_api_admin import served_by

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]

ADMIN = "/api/admin/crm-sync"


@pytest.mark.parametrize("headers", [{}, AS_OPERATOR], ids=["stranger", "operator"])
async def test_every_operators_endpoint_answers_as_it_declares_whatever_is_sent(
    shop: Any, headers: dict[str, str]
) -> None:
    known = {"tenant": ["sample-tint", "other"], "task_id": [str(uuid4())], "location": ["Store094"]}
    tried = await check_conformance(served_by(shop), ADMIN, headers, known)
    assert f"POST {ADMIN}/tasks/{{task_id}}/settle" in tried


@pytest.mark.parametrize("headers", [{}, AS_OPERATOR], ids=["stranger", "operator"])
async def test_no_bad_text_breaks_an_operators_endpoint(shop: Any, headers: dict[str, str]) -> None:
    known = {"tenant": "sample-tint", "task_id": str(uuid4()), "location": "Store094"}
    tried = await check_texts(served_by(shop), ADMIN, headers, known)
    assert tried.faults == []
    assert f"GET {ADMIN}/tasks query tenant" in tried.places
