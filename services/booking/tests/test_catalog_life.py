"""The catalogue on a real database: days, tiers, add-ons, and what the other services are told of it."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from booking.actions.publishing import republish
from booking.schedule import build_day_clock
from booking.store import catalog, entries, replicas, shops
from shared.db.engine import transaction
from testkit.patience import eventually

pytestmark = pytest.mark.postgres

PRICES = {"dyed": 19900, "carbon": 29900, "ceramic": 39900}
LAST_EVENING = datetime(2027, 1, 1, 7, 59, tzinfo=UTC)
NEW_YEAR = LAST_EVENING.replace(hour=8, minute=0)
"""Midnight in San Diego."""


def code(answer):
    return answer.status_code, answer.json()["code"]


def tiers(sample_row):
    return [
        sample_row
        | {"row": row, "code": f"full-{tier}", "name": f"Full {tier}", "family": "full-car", "tier": tier}
        | {"synonyms": [], "price_cents": cents, "class_prices": {"suv": cents + 5000}}
        for row, (tier, cents) in enumerate(PRICES.items(), start=1)
    ]


async def offered(shop, lead):
    return {s["code"]: s["price"]["amount_cents"] for s in (await lead.get("catalog")).json()["services"]}


async def told(shop):
    events = await shop.published("catalog.changed.v1")
    return [(e["data"]["version"], [s["code"] for s in e["data"]["services"]]) for e in events]


async def test_a_tier_is_quoted_by_its_family_at_its_own_price_per_class(shop, sample_row):
    await shop.put_catalog(tiers(sample_row))
    lead = await shop.new_lead("suv")
    for tier, cents in PRICES.items():
        for service in ("full-car", "full-dyed", "Full carbon"):
            quote = await lead.quote(service=service, tier=tier.upper())
            assert (quote["service"]["code"], quote["total_cents"]) == (f"full-{tier}", cents + 5000)
    assert (await lead.quote(service="full-dyed"))["total_cents"] == 24900


async def test_a_family_without_a_tier_and_a_tier_that_is_not_there_are_refused_with_what_there_is(
    shop, sample_row
):
    await shop.put_catalog([*tiers(sample_row), sample_row | {"row": 9}])
    lead = await shop.new_lead()
    needed = await lead.post("quotes", {"service": "full-car"})
    assert code(needed) == (422, "tier_needed")
    assert "carbon, ceramic, dyed" in needed.json()["detail"]
    unknown = await lead.post("quotes", {"service": "full-car", "tier": "gold"})
    assert code(unknown) == (422, "unknown_tier")
    assert "carbon, ceramic, dyed" in unknown.json()["detail"]
    assert code(await lead.post("quotes", {"service": "ceramic-full", "tier": "dyed"})) == (
        422,
        "unknown_tier",
    )


async def test_the_other_services_and_the_door_tell_family_and_tier(shop, sample_row):
    await shop.put_catalog(tiers(sample_row))
    shown = (await (await shop.new_lead()).get("catalog")).json()["services"]
    assert {(s["family"], s["tier"]) for s in shown} == {("full-car", tier) for tier in PRICES}
    event = (await shop.published("catalog.changed.v1"))[-1]
    assert {s["tier"] for s in event["data"]["services"]} == set(PRICES)


async def test_an_add_on_costs_what_it_costs_for_the_vehicle_class(shop, sample_row):
    removal = {"code": "removal", "name": "Removal", "amount_cents": 10000, "class_prices": {"suv": 15000}}
    await shop.put_catalog([sample_row | {"addons": [removal]}])
    for vehicle_class, total in (("suv", 44900 + 15000), ("sedan", 39900 + 10000)):
        lead = await shop.new_lead(vehicle_class)
        assert (await lead.quote(addons=["removal"]))["total_cents"] == total


async def test_a_price_holds_for_its_days_at_the_location(shop, sample_row):
    old = sample_row | {"valid_to": "2026-12-31"}
    new = sample_row | {"row": 2, "price_cents": 42900, "valid_from": "2027-01-01"}
    assert (await shop.put_catalog([old, new])).status_code == 200
    lead = await shop.new_lead()
    for moment, cents in ((LAST_EVENING, 39900), (NEW_YEAR, 42900)):
        async with shop.at(moment) as then:
            visitor = then.visitor(lead.lead_id)
            assert (await visitor.quote())["total_cents"] == cents
            assert await offered(then, visitor) == {"ceramic-full": cents}


async def test_a_location_row_takes_the_tenants_place_on_its_days_only(shop, sample_row):
    own = sample_row | {"row": 2, "location": "Store094", "price_cents": 29900, "valid_from": "2027-01-01"}
    await shop.put_catalog([sample_row, own])
    lead = await shop.new_lead()
    assert await offered(shop, lead) == {"ceramic-full": 39900}
    async with shop.at(NEW_YEAR) as then:
        assert await offered(then, then.visitor(lead.lead_id)) == {"ceramic-full": 29900}


async def test_two_rows_for_the_same_days_are_refused(shop, sample_row):
    late = sample_row | {"row": 2, "valid_from": "2027-01-01"}
    same_tier = [tiers(sample_row)[0], tiers(sample_row)[1] | {"tier": "Dyed"}]
    for rows, column in (([sample_row, late], "code"), (same_tier, "tier")):
        answer = await shop.put_catalog(rows)
        assert code(answer) == (422, "invalid_catalog")
        assert [(e["row"], e["column"]) for e in answer.json()["errors"]] == [(2, column)]


async def test_what_begins_and_ends_at_midnight_is_told_then_once_with_rising_versions(shop, sample_row):
    offer = sample_row | {"row": 2, "code": "january", "valid_from": "2027-01-01", "valid_to": "2027-01-31"}
    await shop.put_catalog([sample_row, offer])
    before = await told(shop)
    moments = [LAST_EVENING, NEW_YEAR, NEW_YEAR, datetime(2027, 2, 1, 8, 0, tzinfo=UTC)]
    for moment in moments:
        async with shop.at(moment) as then:
            await republish(then.deps, then.tenant_id)
    version = before[-1][0]
    assert (await told(shop))[len(before) :] == [
        (version + 1, ["ceramic-full", "january"]),
        (version + 2, ["ceramic-full"]),
    ]


async def test_the_clock_begins_the_day_by_itself(shop, sample_row):
    offer = sample_row | {"row": 2, "code": "january", "valid_from": "2027-01-01"}
    await shop.put_catalog([sample_row, offer])
    async with shop.at(NEW_YEAR) as then, build_day_clock(then.deps).running():

        async def january():
            return "january" in (await told(shop))[-1][1]

        await eventually(january, within_seconds=30)


async def test_a_row_for_later_tells_nothing_now_and_the_import_says_so(shop, sample_row):
    events = await told(shop)
    later = sample_row | {"row": 2, "code": "later", "valid_from": "2027-01-01"}
    answer = await shop.put_catalog([sample_row, later])
    assert answer.json() == {
        "changes": [{"action": "add", "location": "", "code": "later", "valid_from": "2027-01-01"}],
        "versions": {"Store094": 1},
    }
    assert await told(shop) == events


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"}, {"description": "Other"}, {"synonyms": []}, {"price_kind": "from"}, {"price_cents": 1},
        {"class_prices": {}}, {"duration_minutes": 30}, {"buffer_minutes": 5}, {"cure_minutes": 60},
        {"skills": ["ppf"]}, {"addons": []}, {"valid_to": "2027-12-31"}, {"active": False},
        {"family": "full", "tier": "ceramic"},
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
async def test_each_change_is_one_new_version_told_once(shop, sample_row, change):
    answer = await shop.put_catalog([sample_row | change])
    assert {c["field"]: (c["old"], c["new"]) for c in answer.json()["changes"]} == {
        field: (sample_row[field], new) for field, new in change.items()
    }
    assert answer.json()["versions"] == {"Store094": 2}
    assert [version for version, _ in await told(shop)] == [1, 2]
    await shop.put_catalog([sample_row | change])
    assert [version for version, _ in await told(shop)] == [1, 2]


async def test_a_quote_keeps_the_cure_time_and_skills_of_its_day(shop, sample_row):
    await shop.put_catalog([sample_row | {"cure_minutes": 60, "skills": ["ppf"]}])
    await (await shop.new_lead()).quote()
    await shop.put_catalog([sample_row])
    [row] = await shop.rows("SELECT cure_minutes, skills FROM quotes")
    assert (row.cure_minutes, row.skills) == (60, ["ppf"])


async def test_the_store_answers_services_by_location_and_the_locations_details_and_hours(shop, sample_row):
    phoenix = uuid4()
    await shop.location_changed(location_id=phoenix, code="Store201", timezone="America/Phoenix")
    own = sample_row | {"row": 2, "location": "Store201", "price_cents": 34900}
    await shop.put_catalog([sample_row, own, sample_row | {"row": 3, "code": "gone", "active": False}])
    async with transaction(shop.deps.sessions, shop.tenant_id) as session:
        for location_id, expected in ((shop.location_id, []), (phoenix, [34900])):
            wide, there = await entries.rows_for_location(
                session, catalog.SERVICES, shop.tenant_id, location_id
            )
            assert sorted((o.code, o.price_cents) for o in wide) == [("ceramic-full", 39900), ("gone", 39900)]
            assert [o.price_cents for o in there] == expected
        known = await replicas.location(session, shop.tenant_id, phoenix)
        assert known is not None
        assert (known.code, known.timezone) == ("Store201", "America/Phoenix")
        hours = await shops.openings(session, shop.tenant_id, shop.location_id)
        assert [(o.weekday, o.opens_minute, o.closes_minute) for o in hours] == [
            (day, 540, 1080) for day in range(5)
        ]
    lead = await shop.new_lead()
    assert await offered(shop, lead) == {"ceramic-full": 39900}


async def test_a_service_has_its_spanish_name_in_catalogue_quote_appointment_and_event(shop):
    lead = await shop.new_lead()
    named = {"code": "ceramic-full", "name": "Full car ceramic tint", "name_es": "Polarizado cerámico"}
    [listed] = (await lead.get("catalog")).json()["services"]
    assert named.items() <= listed.items()
    assert (await lead.quote(service="polarizado CERÁMICO"))["service"] == named | {"addons": []}
    assert (await lead.books("2026-11-24T10:00:00-08:00"))["service"] == named | {"addons": []}
    [booked] = await shop.published("appointment.booked.v1")
    assert booked["data"]["service"] == named | {"addons": []}
    [*_, told_last] = await shop.published("catalog.changed.v1")
    assert named.items() <= told_last["data"]["services"][0].items()
