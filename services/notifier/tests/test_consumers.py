"""Every event that the contract gives to notifier has exactly one consumer."""

from notifier.app import build_sender
from notifier.consumers import build_consumers
from shared.db.engine import create_engine, create_sessions
from shared.events import CONSUMES
from shared.messaging.topology import queue_for


def test_each_event_of_the_contract_is_consumed_once(settings) -> None:
    deps, _ = build_sender(settings, create_sessions(create_engine("postgresql://unused@127.0.0.1/unused")))
    queues = [subscriber.queue.name for subscriber in build_consumers(deps).subscribers]
    assert sorted(queues) == sorted(queue_for("notifier", event) for event in CONSUMES["notifier"])
