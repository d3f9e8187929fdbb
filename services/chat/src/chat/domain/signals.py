"""What open pages are told of a conversation. In a NOTIFY, which every role of the database may hear, there are ids only."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

CHANNEL = "chat_feed"
NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"


class _Signal(BaseModel):
    model_config = ConfigDict(frozen=True)


class MessageStored(_Signal):
    kind: Literal["message"] = "message"
    seq: int


class Delta(_Signal):
    """A sentence of the reply in the making; `reply_id` becomes the message's id."""

    kind: Literal["delta"] = "delta"
    reply_id: UUID
    text: str


class DeltaKept(_Signal):
    """A `Delta` on its way to other processes: they read its words in the table `deltas`, as its tenant."""

    kind: Literal["kept"] = "kept"
    tenant_id: UUID
    id: UUID


class Typing(_Signal):
    kind: Literal["typing"] = "typing"
    on: bool


class StateChanged(_Signal):
    kind: Literal["state"] = "state"


class PresenceChanged(_Signal):
    """For staff alone: who has the conversation open, or writes in it."""

    kind: Literal["presence"] = "presence"


class Resync(_Signal):
    """Signals may have been missed: read what is stored."""

    kind: Literal["resync"] = "resync"


Signal = Annotated[MessageStored | Delta | Typing | StateChanged | Resync, Field(discriminator="kind")]


Notified = Annotated[
    MessageStored | DeltaKept | Typing | StateChanged | PresenceChanged, Field(discriminator="kind")
]


class Envelope(BaseModel):
    """`origin`: the feed that has told its own subscribers already."""

    conversation_id: UUID
    origin: UUID | None = None
    signal: Notified


_ENVELOPE = TypeAdapter(Envelope)


def payload(conversation_id: UUID, signal: Notified, origin: UUID | None = None) -> str:
    return Envelope(conversation_id=conversation_id, signal=signal, origin=origin).model_dump_json()


def read_envelope(text: str) -> Envelope:
    """Raises `ValueError`."""
    return _ENVELOPE.validate_json(text)
