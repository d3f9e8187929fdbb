"""Hours and catalogue as operators set them."""

from uuid import uuid4

import pytest

from .conftest import OPS

pytestmark = pytest.mark.postgres

NEW_HOURS = {
    "hours": {"sat": [["08:00", "12:00"], ["13:00", "24:00"]]},
    "closures": [],
    "bays": ["Bay 2", "Bay 3"],
    "minimum_notice_minutes": 0,
    "horizon_days": 30,
    "grid_minutes": 60,
}


def code(answer):
    return answer.status_code, answer.json()["code"]


async def test_only_the_operators_token_opens_these_doors(shop):
    path = "/api/admin/booking/sample-tint/catalog"
    lead = await shop.new_lead()
    for token in ("", "wrong", lead.token):
        answer = await shop.http.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


async def test_before_the_location_has_arrived_there_is_nothing_to_set(world, sample_row):
    assert code(await world.put_hours(NEW_HOURS)) == (404, "location_unknown")
    assert code(await world.put_catalog([sample_row])) == (404, "location_unknown")
    await world.location_changed()
    assert code(await world.put_hours(NEW_HOURS, code="Store999")) == (404, "location_unknown")
    unknown = await world.put_catalog([sample_row | {"location": "Store999"}])
    assert code(unknown) == (404, "location_unknown")
    assert unknown.json()["errors"] == [
        {"row": 1, "column": "location", "detail": "there is no location 'Store999'"}
    ]


async def test_new_hours_answer_what_changes_and_take_effect(shop):
    answer = await shop.put_hours(NEW_HOURS)
    changed = {change["field"]: change for change in answer.json()["changes"]}
    assert set(changed) == set(NEW_HOURS)
    assert changed["bays"] == {"field": "bays", "old": ["Bay 1", "Bay 2"], "new": ["Bay 2", "Bay 3"]}
    assert (await shop.put_hours(NEW_HOURS)).json() == {"changes": []}
    lead = await shop.new_lead()
    slots = await lead.slots((await lead.quote())["id"])
    assert {slot["label"].split(",")[0] for slot in slots} == {"Sat"}


async def test_a_dry_run_of_hours_changes_nothing(shop):
    dry = await shop.put_hours(NEW_HOURS, dry_run="true")
    assert dry.json() == (await shop.put_hours(NEW_HOURS, dry_run="true")).json()
    assert dry.json() == (await shop.put_hours(NEW_HOURS)).json()


async def test_impossible_hours_are_refused_by_name(shop):
    answer = await shop.put_hours(NEW_HOURS | {"hours": {"mon": [["18:00", "09:00"]]}})
    assert code(answer) == (422, "invalid")
    assert "mon" in answer.json()["detail"]


async def test_a_bay_out_of_use_keeps_its_appointment_but_takes_no_new_one(shop):
    lead = await shop.new_lead()
    booked = await lead.books("2026-11-24T10:00:00-08:00")
    hours = {"hours": {"tue": [["09:00", "18:00"]]}, "bays": ["Bay 9"]}
    await shop.put_hours(hours)
    assert (await lead.get(f"appointments/{booked['id']}")).json() == booked
    await (await shop.new_lead()).books("2026-11-24T10:00:00-08:00")
    other = await shop.new_lead()
    answer = await other.tries((await other.quote())["id"], "2026-11-24T10:00:00-08:00")
    assert code(answer) == (409, "slot_taken")


async def test_a_changed_catalogue_is_a_new_version_told_to_each_location_concerned(shop, sample_row):
    phoenix = uuid4()
    await shop.location_changed(location_id=phoenix, code="Store201", timezone="America/Phoenix")
    before = len(await shop.published("catalog.changed.v1"))
    own = sample_row | {"row": 2, "location": "Store201", "price_cents": 34900}
    answer = await shop.put_catalog([sample_row, own])
    assert answer.json() == {
        "changes": [{"action": "add", "location": "Store201", "code": "ceramic-full"}],
        "versions": {"Store094": 1, "Store201": 2},
    }
    [event] = (await shop.published("catalog.changed.v1"))[before:]
    assert event["subject"] == event["data"]["location_id"] == str(phoenix)
    assert event["data"]["version"] == 2
    assert event["data"]["services"][0]["price"]["amount_cents"] == 34900


async def test_the_same_catalogue_again_changes_nothing(shop, sample_row):
    events = await shop.published("catalog.changed.v1")
    assert (await shop.put_catalog([sample_row])).json() == {"changes": [], "versions": {"Store094": 1}}
    assert await shop.published("catalog.changed.v1") == events


async def test_a_dry_run_of_the_catalogue_answers_alike_and_changes_nothing(shop, sample_row):
    rows = [sample_row | {"price_cents": 1}, sample_row | {"row": 2, "code": "carbon"}]
    events = await shop.published("catalog.changed.v1")
    dry = await shop.put_catalog(rows, dry_run="true")
    assert await shop.published("catalog.changed.v1") == events
    done = await shop.put_catalog(rows)
    assert dry.json() == done.json()
    assert done.json()["versions"] == {"Store094": 2}


async def test_one_wrong_row_leaves_the_whole_catalogue_as_it_was(shop, sample_row):
    good = sample_row | {"price_cents": 1}
    wrong = sample_row | {"row": 2, "code": "", "active": "maybe"}
    answer = await shop.put_catalog([good, wrong])
    assert code(answer) == (422, "invalid_catalog")
    assert {(error["row"], error["column"]) for error in answer.json()["errors"]} == {
        (2, "code"),
        (2, "active"),
    }
    assert (await (await shop.new_lead()).quote())["total_cents"] == 39900


async def test_a_removed_service_is_gone_and_its_id_survives_changes(shop, sample_row):
    lead = await shop.new_lead()
    [first] = (await lead.get("catalog")).json()["services"]
    await shop.put_catalog([sample_row | {"name": "Renamed"}])
    [renamed] = (await lead.get("catalog")).json()["services"]
    assert (renamed["id"], renamed["name"]) == (first["id"], "Renamed")
    answer = await shop.put_catalog([])
    assert answer.json()["changes"] == [{"action": "remove", "location": "", "code": "ceramic-full"}]
    assert (await lead.get("catalog")).json()["services"] == []


async def test_the_catalogue_comes_out_as_it_went_in(shop, sample_row):
    path = "/api/admin/booking/sample-tint/catalog"
    answer = await shop.http.get(path, headers=OPS)
    assert answer.json() == {"rows": [sample_row]}
