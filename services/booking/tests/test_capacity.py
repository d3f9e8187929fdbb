"""Which bay and which technician: every answer is checked against all the ways there are."""

from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID

from booking.domain.capacity import Busy, Capacity, Footprint, Place, Technician, assign, places
from hypothesis import given, settings
from hypothesis import strategies as st

HOURS = 8
MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)


def at(hour):
    return MIDNIGHT + timedelta(hours=hour)


def span(start, end):
    return at(start), at(end)


spans = st.tuples(st.integers(0, HOURS - 1), st.integers(1, 4)).map(lambda s: span(s[0], s[0] + s[1]))
busy = st.lists(spans, max_size=2).map(Busy.of)
skills = st.frozensets(st.sampled_from(["tint", "ppf"]))


@st.composite
def capacities(draw):
    bays = draw(st.lists(busy, min_size=1, max_size=2))
    crew = draw(st.lists(st.builds(Technician, skills, busy), max_size=3))
    return Capacity(
        {UUID(int=n): taken for n, taken in enumerate(bays)},
        {UUID(int=100 + n): worker for n, worker in enumerate(crew)},
    )


@st.composite
def jobs(draw):
    """With a pause now and then, and the bay taken longer than the work."""
    start = draw(st.integers(0, HOURS))
    first = draw(st.integers(1, 2))
    pause = draw(st.integers(0, 2))
    work = [span(start, start + first)]
    end = start + first
    if pause:
        work.append(span(end + pause, end + pause + 1))
        end += pause + 1
    cured = end + draw(st.integers(0, 2))
    return Footprint(span(start, cured), tuple(work), at(end), draw(skills))


def hours_of(*parts):
    return {hour for hour in range(40) for start, end in parts if start <= at(hour) < end}


def taken_hours(taken):
    return hours_of(*zip(taken.starts, taken.ends, strict=True))


def works(wanted, chosen, capacity):
    """Hour by hour: nobody and nothing is in two places, and each technician can do the job."""
    used = {bay: taken_hours(one) for bay, one in capacity.bays.items()}
    used |= {worker: taken_hours(one.busy) for worker, one in capacity.technicians.items()}
    for job, place in zip(wanted, chosen, strict=True):
        if (place.technician_id is None) != (not capacity.technicians):
            return False
        needs = {place.bay_id: hours_of(job.bay)}
        if place.technician_id is not None:
            if not job.skills <= capacity.technicians[place.technician_id].skills:
                return False
            needs[place.technician_id] = hours_of(*job.work)
        for resource, hours in needs.items():
            if used[resource] & hours:
                return False
            used[resource] |= hours
    return True


@settings(deadline=None, derandomize=True, max_examples=150)
@given(wanted=st.lists(jobs(), min_size=1, max_size=3), capacity=capacities())
def test_jobs_are_placed_exactly_when_there_is_a_way(wanted, capacity):
    everywhere = [Place(bay, worker) for bay in capacity.bays for worker in capacity.technicians or [None]]
    ways = [way for way in product(everywhere, repeat=len(wanted)) if works(wanted, list(way), capacity)]
    found = assign(wanted, capacity)
    assert (found is not None) == bool(ways)
    assert found is None or works(wanted, found, capacity)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(job=jobs(), capacity=capacities())
def test_every_place_of_a_job_is_found_once(job, capacity):
    everywhere = [Place(bay, worker) for bay in capacity.bays for worker in capacity.technicians or [None]]
    found = list(places(job, capacity))
    assert sorted(found) == sorted(place for place in everywhere if works([job], [place], capacity))


def test_the_technician_in_front_is_taken_first_and_the_own_place_before_it():
    able = Technician(frozenset({"tint"}), Busy())
    capacity = Capacity({UUID(int=1): Busy(), UUID(int=2): Busy()}, {UUID(int=3): able, UUID(int=4): able})
    job = Footprint(span(0, 1), (span(0, 1),), at(1))
    assert assign([job], capacity) == [Place(UUID(int=1), UUID(int=3))]
    own = capacity.preferring([UUID(int=2), UUID(int=4)])
    assert assign([job], own) == [Place(UUID(int=2), UUID(int=4))]


def test_a_shop_without_technicians_plans_its_bays_whatever_the_job_asks_for():
    job = Footprint(span(0, 1), (span(0, 1),), at(1), frozenset({"ppf"}))
    assert assign([job], Capacity({UUID(int=1): Busy()}, {})) == [Place(UUID(int=1), None)]


def test_curing_leaves_the_technician_free_for_the_next_job():
    capacity = Capacity(
        {UUID(int=1): Busy(), UUID(int=2): Busy()}, {UUID(int=3): Technician(frozenset(), Busy())}
    )
    curing = Footprint(span(0, 6), (span(0, 2),), at(6))
    following = Footprint(span(2, 4), (span(2, 4),), at(4))
    assert assign([curing, following], capacity) is not None
    assert assign([curing, following, following], capacity) is None
