"""Each endpoint of booking takes so many of one link and answers the next one with 429 and when to come again."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from booking.deps import Deps
from booking.limits import LIMITS
from shared.http.limits import Limits, windows_of
from shared.http.links import Link, LinkPurpose, mint

from .conftest import KEYS, NOW, app_of

Limited = Callable[..., AsyncIterator[httpx2.AsyncClient]]


@pytest.fixture
def limited(shop) -> Limited:
    @asynccontextmanager
    async def serving(**limits: str) -> AsyncIterator[httpx2.AsyncClient]:
        deps: Deps = shop.deps
        app = app_of(deps)
        app.state.limits = Limits(deps.sessions, windows_of(LIMITS, limits), secret="of-the-tests")
        transport = httpx2.ASGITransport(app=app, client=("198.51.100.7", 1))
        async with httpx2.AsyncClient(transport=transport, base_url="http://booking/api/booking") as client:
            yield client

    return serving


def link(purpose: LinkPurpose = LinkPurpose.CHAT, minutes: int = 1) -> dict[str, str]:
    expires_at = NOW + timedelta(days=1, minutes=minutes)
    return {"Authorization": f"Bearer {mint(purpose, LEAD, keys=KEYS, expires_at=expires_at)}"}


LEAD = Link(uuid4(), uuid4())


def refused(answer: httpx2.Response, limit: str) -> bool:
    body = answer.json()
    assert (answer.status_code, body["code"], body["limit"]) == (429, "rate_limited", limit), answer.text
    return int(answer.headers["Retry-After"]) >= 1


async def test_reads_of_one_lead_whatever_token_it_shows_and_replica_it_reaches(limited):
    async with limited(reads_per_link="2/day") as one, limited(reads_per_link="2/day") as other:
        assert (await one.get("/catalog", headers=link())).status_code != 429
        assert (await other.get("/hours", headers=link(minutes=2))).status_code != 429
        assert refused(await one.get("/slots", headers=link(minutes=3)), "reads_per_link")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/quotes", {"service": "sample"}),
        ("/holds", {"quote_id": str(UUID(int=1)), "start": NOW.isoformat()}),
        ("/appointments", {"hold_id": str(UUID(int=1))}),
        (f"/appointments/{UUID(int=1)}/move", {"start": NOW.isoformat()}),
        (f"/appointments/{UUID(int=1)}/cancel", {}),
    ],
)
async def test_changes_of_one_lead(limited, path, body):
    async with limited(changes_per_link="1/day") as client:
        headers = {**link(), "Idempotency-Key": "k"}
        assert (await client.post(path, json=body, headers=headers)).status_code != 429
        assert refused(await client.post(path, json=body, headers=headers), "changes_per_link")


async def test_bad_links_from_one_address_and_a_good_one_still_opens(limited):
    async with limited(link_failures_per_ip="1/day") as client:
        for purpose, status in ((LinkPurpose.STAFF_LOGIN, 401), (LinkPurpose.UNSUBSCRIBE, 429)):
            answer = await client.get("/manage", headers=link(purpose))
            assert answer.status_code == status
        assert refused(answer, "link_failures_per_ip")
        assert (await client.get("/catalog", headers=link())).status_code != 429
