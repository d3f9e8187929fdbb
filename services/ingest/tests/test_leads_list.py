"""The leads as staff list, search and export them; on a real database."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from ingest.domain.table_file import csv_lines
from shared.db.engine import transaction
from sqlalchemy import text

from .conftest import OPS
from .test_form_endpoint import form, submit
from .test_staff import DOOR, SAM, sam, signed_in

__all__ = ["sam"]
pytestmark = pytest.mark.postgres


@pytest.fixture
async def console(client, tenant_id, sam, published):
    await signed_in(client, tenant_id, sam, published)
    return client


async def many(sessions, tenant_id, location_id, count: int, **changed: object) -> None:
    """All of one moment."""
    columns = {
        "name": "Many Sample",
        "status": "new",
        "source": "shopmonkey",
        "received_at": datetime(2026, 11, 24, 10, tzinfo=UTC),
        **changed,
    }
    async with transaction(sessions, tenant_id=tenant_id) as session:
        await session.execute(
            text(
                "INSERT INTO leads (tenant_id, location_id, id, status, version, name, source, consent_sms, consent_email, "
                "appointments, correlation_id, received_at) SELECT :tenant, :location, gen_random_uuid(), :status, 1, :name, "
                ":source, false, false, '{}', '', :received_at FROM generate_series(1, :count)"
            ),
            {"tenant": tenant_id, "location": location_id, "count": count, **columns},
        )


async def listed(console, **params: str) -> list[dict]:
    answer = await console.get("/api/staff/leads", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["leads"]


async def test_a_lead_is_listed_with_who_it_is_and_where_it_came_from(console):
    lead_id = (await submit(console, form())).json()["lead_id"]
    (lead,) = await listed(console)
    assert (lead["id"], lead["status"], lead["source"]) == (lead_id, "new", "web_form")
    assert (lead["email"], lead["phone"]) == ("pat@sample.test", "+16195550142")
    assert lead["location"]["code"] == "Store094"


async def test_every_lead_is_on_one_page_also_where_many_are_of_one_moment(
    console, sessions, tenant_id, location_id
):
    await many(sessions, tenant_id, location_id, 120)
    found: list[dict] = []
    params: dict = {}
    while rows := await listed(console, **params):
        found += rows
        params = {"before": rows[-1]["received_at"], "before_id": rows[-1]["id"]}
    assert len(found) == len({row["id"] for row in found}) == 120


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "new"}, 1),
        ({"status": "won"}, 1),
        ({"status": "lost"}, 0),
        ({"source": "web_form"}, 1),
        ({"location": "Store094"}, 2),
        ({"location": "Store999"}, 0),
        ({"from": "2026-11-24T00:00:00Z", "to": "2026-11-25T00:00:00Z"}, 1),
        ({"to": "2026-11-24T00:00:00Z"}, 0),
        ({"q": "pat sample.test"}, 1),
        ({"q": "(619) 555-0142"}, 1),
        ({"q": "many nobody"}, 0),
        ({"q": "%"}, 0),
    ],
)
async def test_the_list_is_filtered(console, sessions, tenant_id, location_id, query, found):
    await submit(console, form())
    await many(sessions, tenant_id, location_id, 1, status="won")
    assert len(await listed(console, **query)) == found


async def test_members_see_the_leads_of_their_locations_only_and_nobody_else_any(console):
    await submit(console, form())
    await console.put(DOOR, json={**SAM, "locations": ["Store201"]}, headers=OPS)
    assert await listed(console) == []
    assert await listed(console, location="Store094") == []
    assert len((await console.get("/api/staff/leads.csv")).text.splitlines()) == 1
    await console.put(DOOR, json={**SAM, "role": "read_only"}, headers=OPS)
    assert len(await listed(console)) == 1
    await console.put(DOOR, json={**SAM, "role": "owner", "locations": []}, headers=OPS)
    assert len(await listed(console)) == 1
    console.cookies.clear()
    for path in ("/api/staff/leads", "/api/staff/leads.csv"):
        assert (await console.get(path)).status_code == 401


async def test_an_erased_lead_is_not_listed(console, sessions, tenant_id):
    await submit(console, form())
    body = {"address": "pat@sample.test"}
    answer = await console.post("/api/admin/persons/sample-tint/erase", json=body, headers=OPS)
    assert answer.is_success, answer.text
    assert await listed(console) == []


async def test_the_file_has_every_lead_of_the_filter_and_runs_nothing(
    console, sessions, tenant_id, location_id
):
    await many(sessions, tenant_id, location_id, 1100, status="won")
    await many(sessions, tenant_id, location_id, 1, name="=cmd|' /C calc'!A0", status="won")
    await many(sessions, tenant_id, location_id, 1, status="lost")
    answer = await console.get("/api/staff/leads.csv", params={"status": "won"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="leads.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 1101
    assert {row["status"] for row in rows} == {"won"}
    assert "'=cmd|' /C calc'!A0" in {row["name"] for row in rows}
    assert rows[0]["received_at"] == "2026-11-24T02:00:00-08:00"


async def test_files_asked_for_at_once_are_read_part_by_part(console, monkeypatch):
    """Each part keeps forms and webhooks waiting: not as many of them as there are files."""
    inside: list[None] = []
    all_inside = asyncio.Event()

    async def parts(*_: object, **__: object) -> AsyncIterator[list]:
        inside.append(None)
        if len(inside) == 3:
            all_inside.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(all_inside.wait(), 0.5)
        inside.pop()
        yield []

    monkeypatch.setattr("ingest.actions.export_leads", parts)
    answers = await asyncio.gather(*(console.get("/api/staff/leads.csv") for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert not all_inside.is_set()


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@sum", " =1", "\uff1d1+1", "\uff20sum", "\u200c=1", "\ufe0f\uff0b1"]
)
def test_no_cell_begins_a_formula(cell):
    (row,) = csv.reader(io.StringIO(csv_lines([[cell, None, 'a "quoted", one']]), newline=""))
    assert row == [f"'{cell}", "", 'a "quoted", one']


@pytest.mark.parametrize("separator", [";", "\t", "\n"])
def test_no_part_of_a_cell_begins_a_formula_where_something_else_separates_cells(separator):
    text = csv_lines([[f"Ana{separator}=1", f"Ana{separator} a = 1"]])
    assert next(csv.reader(io.StringIO(text, newline=""))) == [f"Ana{separator}'=1", f"Ana{separator} a = 1"]


async def test_the_next_page_of_many_leads_is_read_off_the_index(sessions, tenant_id, location_id):
    await many(sessions, tenant_id, location_id, 10)
    async with transaction(sessions, tenant_id=tenant_id) as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        await session.execute(text("SET LOCAL enable_sort = off"))
        explained = await session.scalars(
            text(
                "EXPLAIN SELECT id FROM leads WHERE tenant_id = :tenant AND (received_at, id) < (:moment, :id) "
                "ORDER BY received_at DESC, id DESC LIMIT 50"
            ),
            {"tenant": tenant_id, "moment": datetime.now(UTC) + timedelta(days=1), "id": uuid4()},
        )
        assert "leads_newest" in "\n".join(explained)
