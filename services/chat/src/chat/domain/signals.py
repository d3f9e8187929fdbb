"""What open pages are told of a conversation, small enough for a NOTIFY; the tables hold the rest."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

CHANNEL = "chat_feed"
NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"
MAX_DELTA_CHARACTERS = 1500
"""A NOTIFY payload must stay under 8000 bytes, and a character may take twelve of them as JSON."""


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


class Typing(_Signal):
    kind: Literal["typing"] = "typing"
    on: bool


class StateChanged(_Signal):
    kind: Literal["state"] = "state"


class Resync(_Signal):
    """Signals may have been missed: read what is stored."""

    kind: Literal["resync"] = "resync"


Signal = Annotated[MessageStored | Delta | Typing | StateChanged | Resync, Field(discriminator="kind")]


class Envelope(BaseModel):
    """`origin`: the feed that has told its own subscribers already."""

    conversation_id: UUID
    origin: UUID | None = None
    signal: Signal


_ENVELOPE = TypeAdapter(Envelope)


def payload(conversation_id: UUID, signal: Signal, origin: UUID | None = None) -> str:
    return Envelope(conversation_id=conversation_id, signal=signal, origin=origin).model_dump_json()


def read_envelope(text: str) -> Envelope:
    """Raises `ValueError`."""
    return _ENVELOPE.validate_json(text)
