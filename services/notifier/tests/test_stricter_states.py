"""Where a state allows less than our own hours do; and that a marketing message never goes outside of them, whatever the clocks do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notifier.domain.gate import Go, Letter, Purpose, Shop, Wait, decide
from notifier.domain.quiet_hours import OURS, Hours, hours_on, next_allowed, zones_of
from notifier.domain.stricter_states import State, area_code, texts_a_day
from notifier.stricter_states import load_states
from phonenumbers.geocoder import description_for_number
from shared.events import FirstTouch

STATES = load_states()
NUMBERS = {
    "AL": "+12055550111",
    "FL": "+13055550111",
    "KY": "+15025550111",
    "LA": "+15045550111",
    "MS": "+16015550111",
    "RI": "+14015550111",
    "SD": "+16055550111",
    "TX": "+12145550111",
    "UT": "+18015550111",
}
ZONES = {
    "AL": "America/Chicago",
    "FL": "America/New_York",
    "KY": "America/New_York",
    "LA": "America/Chicago",
    "MS": "America/Chicago",
    "RI": "America/New_York",
    "SD": "America/Chicago",
    "TX": "America/Chicago",
    "UT": "America/Denver",
}


def next_text(state: str, moment: str) -> str:
    zone, number = ZoneInfo(ZONES[state]), NUMBERS[state]
    at = datetime.fromisoformat(moment).replace(tzinfo=zone)
    found = next_allowed(at, [zone], STATES.of("", number))
    return found.strftime("%Y-%m-%dT%H:%M")


@pytest.mark.parametrize(
    ("state", "moment", "expected"),
    [
        ("FL", "2026-11-22T10:00", "2026-11-22T10:00"),  # a Sunday
        ("FL", "2026-11-24T20:00", "2026-11-25T09:00"),
        ("KY", "2026-11-24T09:30", "2026-11-24T10:00"),
        ("TX", "2026-11-22T09:30", "2026-11-22T12:00"),
        ("TX", "2026-11-23T09:30", "2026-11-23T09:30"),
        ("MS", "2026-11-22T10:00", "2026-11-23T09:00"),
        ("MS", "2026-11-26T10:00", "2026-11-26T10:00"),  # Thanksgiving
        ("AL", "2026-11-26T10:00", "2026-11-27T09:00"),
        ("AL", "2026-07-03T10:00", "2026-07-06T09:00"),  # kept on the Friday; Saturday is the day itself
        ("LA", "2026-02-17T10:00", "2026-02-18T09:00"),  # Mardi Gras
        ("UT", "2026-07-24T10:00", "2026-07-25T09:00"),  # Pioneer Day
        ("RI", "2026-11-27T18:00", "2026-11-28T10:00"),
        ("RI", "2026-11-28T17:00", "2026-11-30T09:00"),
        ("SD", "2026-11-28T10:00", "2026-11-30T09:00"),
    ],
)
def test_a_state_allows_less(state: str, moment: str, expected: str) -> None:
    assert next_text(state, moment) == expected


@pytest.mark.parametrize("region", ["TX", "tx ", "Texas"])
def test_where_the_shop_is_counts_as_much_as_where_the_number_is(region: str) -> None:
    assert [one.state for one in STATES.of(region, "+14015550111")] == ["RI", "TX"]
    assert [one.state for one in STATES.of(region, None)] == ["TX"]
    assert STATES.of("CA", "+16195550111") == ()


@pytest.mark.parametrize("phone", [None, "", "+1", "+442079460000", "+52155512345678", "nonsense"])
def test_only_numbers_of_the_north_american_plan_have_an_area_code(phone: str | None) -> None:
    assert area_code(phone) is None


def test_the_fewest_texts_a_day_count() -> None:
    assert texts_a_day(STATES.of("TX", NUMBERS["FL"])) == 3
    assert texts_a_day(STATES.of("TX", NUMBERS["RI"])) is None


def test_the_table_has_every_area_code_that_the_number_plan_gives_its_states() -> None:
    """With a newer plan this fails where a state got another area code."""
    names = {one.name: one for one in STATES} | {
        "Washington State": next(s for s in STATES if s.state == "WA")
    }
    codes = {one.state: one for one in STATES}
    for code in range(200, 1000):
        number = phonenumbers.PhoneNumber(country_code=1, national_number=code * 10**7 + 2**21)
        place = description_for_number(number, "en")
        state = names.get(place) or codes.get(place.rpartition(", ")[2])
        assert state is None or code in state.area_codes, (code, place)


def test_each_area_code_is_in_one_state() -> None:
    found = [code for one in STATES for code in one.area_codes]
    assert len(found) == len(set(found))


def test_the_documented_table_is_the_one_that_counts() -> None:
    text = (Path(__file__).parents[3] / "docs/texting.md").read_text("utf-8")
    assert [line for line in text.splitlines() if line.startswith("| ") and line[4:7] == " | "] == [
        documented(one) for one in STATES
    ]


def documented(one: State) -> str:
    days = " | ".join(written(hours) for hours in (one.hours, one.saturday, one.sunday))
    holidays = "closed" if one.holidays == "closed" else ""
    return f"| {one.state} | {days} | {holidays} | {one.texts_a_day or ''} | {one.source} | {one.seen}, {one.checked} |"


def written(hours: Hours | None) -> str:
    return f"{hours.opens:%H:%M}-{hours.closes:%H:%M}" if hours else "closed"


MARCH, NOVEMBER = datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 10, 29, tzinfo=UTC)
SHOP_ZONES = (
    "America/Los_Angeles",
    "America/Phoenix",
    "America/New_York",
    "America/Chicago",
    "Pacific/Honolulu",
)
PHONES = (
    *NUMBERS.values(),
    "+16195550111",
    "+18085550111",
    "+19075550111",
    "+12015550111",
    "+14165550111",
    None,
)
moments = st.tuples(
    st.sampled_from((MARCH, NOVEMBER)), st.integers(min_value=0, max_value=8 * 24 * 3600)
).map(lambda found: found[0] + timedelta(seconds=found[1]))


@settings(max_examples=400, deadline=None)
@given(
    now=moments,
    zone=st.sampled_from(SHOP_ZONES),
    region=st.sampled_from(("CA", "TX", "RI", "LA", "")),
    phone=st.sampled_from(PHONES),
    channel=st.sampled_from(("sms", "email")),
    day=st.sampled_from((0, 1, 30)),
)
def test_no_marketing_leaves_outside_the_hours_in_any_zone_over_both_clock_changes(
    now, zone, region, phone, channel, day
) -> None:
    shop = Shop(
        timezone=zone,
        enabled=True,
        sends=True,
        sms=True,
        sms_from="+16195550194",
        demo_mode=False,
        allow_list=(),
        text_countries=("US", "CA"),
        registered=True,
        first_touch=FirstTouch(email="allowed_hours", sms="asked_now"),
    )
    address = phone or "+16195550111" if channel == "sms" else "ana@example.com"
    rules = STATES.of(region, address) if channel == "sms" else ()
    number = address if channel == "sms" else phone
    letter = Letter(Purpose.TOUCH, channel, address, "granted", day=day, phone=number, rules=rules)
    decision = decide(letter, shop, now)
    goes_at = decision.until if isinstance(decision, Wait) else now
    assert decide(letter, shop, goes_at) == Go()
    assert now <= goes_at < now + timedelta(days=5)
    for found in zones_of(zone, number):
        local = goes_at.astimezone(found)
        hours = hours_on(local.date(), rules)
        assert hours is not None
        assert OURS.opens <= hours.opens <= local.time() < hours.closes <= OURS.closes
        assert all(_in(rule.hours_on(local.date()), local) for rule in rules)


def _in(hours, local) -> bool:
    return hours is not None and hours.opens <= local.time() < hours.closes
