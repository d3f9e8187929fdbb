"""The sequence that ships is valid, and a touch falls on its day at ten."""

from datetime import UTC, datetime

import pytest
from notifier.domain.sequence import Sequence, UnknownSequence
from notifier.sequences import Sequences, load_sequences
from notifier.templates import load_templates
from pydantic import ValidationError

DAYS = [0, 1, 3, 5, 7, 10, 13, 16, 19, 22, 25, 27, 30]


def test_the_default_sequence_has_thirteen_touches_over_thirty_days() -> None:
    sequence = load_sequences(load_templates()).newest()
    assert [touch.day for touch in sequence.touches] == DAYS
    assert all("email" in touch.channels for touch in sequence.touches)


def test_each_touch_says_something_new_and_four_at_most_are_texted() -> None:
    templates = load_templates()
    touches = load_sequences(templates).newest().touches
    said = [templates.messages[touch.template] for touch in touches]
    for words in ([m.subject for m in said], [m.paragraphs for m in said], [m.preview for m in said]):
        assert len(set(words)) == len(touches)
    assert sum("sms" in touch.channels for touch in touches) <= 4


def test_touches_fall_at_ten_in_the_shops_zone_across_the_change_of_clocks() -> None:
    sequence = load_sequences(load_templates()).newest()
    received = datetime(2026, 10, 30, 4, 0, tzinfo=UTC)
    plan = {touch.day: due for touch, due in sequence.plan(received, "America/Los_Angeles")}
    assert plan[0] == received
    assert plan[1] == datetime(2026, 10, 30, 17, 0, tzinfo=UTC)
    assert plan[3] == datetime(2026, 11, 1, 18, 0, tzinfo=UTC)


TOUCH = {"step": 0, "day": 0, "channels": ["email"], "template": "first_touch"}


@pytest.mark.parametrize(
    "touches",
    [
        [],
        [{**TOUCH, "step": 1}],
        [{**TOUCH, "day": 1}],
        [TOUCH, {**TOUCH, "step": 1, "day": 0}],
        [{**TOUCH, "channels": []}],
        [{**TOUCH, "channels": ["fax"]}],
        [{**TOUCH, "surprise": True}],
    ],
)
def test_a_wrong_sequence_is_refused(touches: list[dict[str, object]]) -> None:
    with pytest.raises(ValidationError):
        Sequence.model_validate({"name": "x", "version": 1, "hour": "10:00", "touches": touches})


def test_a_new_version_leaves_the_old_one_to_leads_in_flight() -> None:
    def version(number: int) -> Sequence:
        return Sequence.model_validate(
            {"name": "default", "version": number, "hour": "10:00", "touches": [TOUCH]}
        )

    sequences = Sequences([version(1), version(2)])
    assert sequences.newest().version == 2
    assert sequences.get("default", 1).version == 1
    with pytest.raises(UnknownSequence):
        sequences.get("default", 3)
