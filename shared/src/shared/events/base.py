"""The envelope of every event (CloudEvents 1.0, JSON) and the base class of what it carries."""

from typing import ClassVar, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SerializeAsAny

from shared.events.values import Value

CONTENT_TYPE = "application/cloudevents+json"

ServiceName = Literal["ingest", "chat", "booking", "crm-sync", "notifier"]


class EventData(Value):
    """A fact in the past tense. `type` is the routing key; exactly one service, `publisher`, publishes it."""

    type: ClassVar[str]
    publisher: ClassVar[ServiceName]


DataT = TypeVar("DataT", bound=EventData)


class Event(BaseModel, Generic[DataT]):
    """One event as it travels and as it is kept.

    `causation_id` is the event or request that led to this one, `correlation_id` the lead's first event.
    `lead_version` is the publisher's version of that lead's state and rises with each change; 0 where the event is not
    about a lead. Unknown fields are ignored, so that an older consumer understands a newer publisher.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    type: str
    source: str
    subject: str
    time: AwareDatetime
    datacontenttype: Literal["application/json"] = "application/json"
    tenant_id: UUID = Field(alias="tenantid")
    location_id: UUID | None = Field(default=None, alias="locationid")
    causation_id: str | None = Field(default=None, alias="causationid")
    correlation_id: str = Field(alias="correlationid")
    traceparent: str | None = None
    lead_version: int = Field(default=0, alias="leadversion")
    data: SerializeAsAny[DataT]

    def to_json(self) -> bytes:
        """The body as published: CloudEvents attribute names, absent attributes left out."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()
