"""Facts about a person's data, published by ingest, which owns the leads."""

from typing import ClassVar
from uuid import UUID

from shared.events.base import EventData, ServiceName


class PersonErasureRequested(EventData):
    """Nothing of this lead may stay that tells who it was. Carries no contact, so that it may stand in the log itself.

    Who has erased says so in its own table `erased_leads`, which also keeps the lead from coming back.
    """

    type: ClassVar[str] = "person.erasure.requested.v1"
    publisher: ClassVar[ServiceName] = "ingest"

    lead_id: UUID
