"""Every event of the contract has its consumer."""

from crm_sync.consumers import build_consumers
from crm_sync.deps import Deps
from shared.db.engine import Sessions
from shared.events import CONSUMES
from shared.messaging.topology import queue_for


def test_every_event_that_is_routed_here_is_consumed() -> None:
    router = build_consumers(Deps(sessions=Sessions(), accounts={}), wake_worker=print, wake_calendar=print)

    queues = [subscriber.queue.name for subscriber in router.subscribers]

    assert sorted(queues) == sorted(queue_for("crm-sync", event) for event in CONSUMES["crm-sync"])
