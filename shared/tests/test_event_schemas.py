"""A published version never changes but for optional fields; the frozen schemas say what was published."""

import json
from pathlib import Path
from typing import Any

import pytest
from shared.events import CONSUMES, EVENTS, EventData

SCHEMAS = Path(__file__).parent / "schemas"


def frozen(event: type[EventData]) -> dict[str, Any]:
    path = SCHEMAS / f"{event.type}.json"
    if not path.exists():
        pytest.fail(f"{path.name} is missing: a new event's schema is frozen with `make events`")
    schema: dict[str, Any] = json.loads(path.read_text())
    return schema


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_no_field_of_a_published_version_is_removed_or_changed(event: type[EventData]) -> None:
    now = event.model_json_schema()
    for name, field in frozen(event)["properties"].items():
        assert now["properties"].get(name) == field, f"{event.type}: {name} changed; that needs a new version"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_new_fields_of_a_published_version_are_optional(event: type[EventData]) -> None:
    assert set(event.model_json_schema().get("required", [])) <= set(frozen(event).get("required", []))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_values_inside_a_published_version_keep_their_shape(event: type[EventData]) -> None:
    now = event.model_json_schema().get("$defs", {})
    for name, definition in frozen(event).get("$defs", {}).items():
        for field, shape in definition.get("properties", {}).items():
            assert now[name]["properties"].get(field) == shape, f"{event.type}: {name}.{field} changed"
        assert set(now[name].get("required", [])) <= set(definition.get("required", []))


def test_every_event_has_a_publisher_and_a_consumer_other_than_it() -> None:
    for event in EVENTS:
        consumers = {service for service, consumed in CONSUMES.items() if event in consumed}
        assert consumers - {event.publisher}, event.type
