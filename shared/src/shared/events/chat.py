"""Facts about conversations, published by chat."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import EventData, ServiceName
from shared.events.notification import OutboundChannel
from shared.events.values import Author, Channel, Vehicle


class MessageSent(EventData):
    """One message of a conversation, from whoever wrote it. `seq` rises by one within the conversation.

    `also`: by which it goes out beside `channel`: to a customer who asked on both, or who is away from the page.
    `opt_out`: the channels that the customer's words refuse, or that our words confirm to be refused; `ip`: from where they
    refused them, if that was the web chat.
    """

    type: ClassVar[str] = "message.sent.v1"
    publisher: ClassVar[ServiceName] = "chat"

    message_id: UUID
    conversation_id: UUID
    lead_id: UUID
    seq: int
    author: Author
    channel: Channel
    text: str
    reply_to: UUID | None = None
    also: tuple[OutboundChannel, ...] = ()
    opt_out: tuple[OutboundChannel, ...] = ()
    ip: str | None = None


class HandoffRequested(EventData):
    type: ClassVar[str] = "handoff.requested.v1"
    publisher: ClassVar[ServiceName] = "chat"

    conversation_id: UUID
    lead_id: UUID
    kind: Literal["hard", "soft"]
    reason: str
    summary: str
    open_question: str | None = None
    suggested_reply: str | None = None


class HandoffEscalated(EventData):
    """Nobody has answered in time. `level` 1: the next person is told; 2: the assistant has offered another way."""

    type: ClassVar[str] = "handoff.escalated.v1"
    publisher: ClassVar[ServiceName] = "chat"

    handoff_id: UUID
    conversation_id: UUID
    lead_id: UUID
    level: Literal[1, 2]
    reason: str
    summary: str
    open_question: str | None = None
    requested_at: AwareDatetime


class CallBackRequested(EventData):
    """The customer, whom no person answered in time, wants to be called at `phone` (E.164), the lead's own or another."""

    type: ClassVar[str] = "callback.requested.v1"
    publisher: ClassVar[ServiceName] = "chat"

    handoff_id: UUID
    conversation_id: UUID
    lead_id: UUID
    phone: str
    reason: str
    summary: str
    open_question: str | None = None


class HandoffEnded(EventData):
    type: ClassVar[str] = "handoff.ended.v1"
    publisher: ClassVar[ServiceName] = "chat"

    conversation_id: UUID
    lead_id: UUID
    how: Literal["given_back", "idle"]


class BookingRequested(EventData):
    """A wish taken while booking could not be asked. Answered by `AppointmentBooked` or `BookingDeclined`.

    `quote_id`: what was read back to the customer, and is booked as it was; `None` in older events. `vehicle`: `None` for the
    lead's own.
    """

    type: ClassVar[str] = "booking.requested.v1"
    publisher: ClassVar[ServiceName] = "chat"

    request_id: UUID
    lead_id: UUID
    service: str
    quote_id: UUID | None = None
    vehicle: Vehicle | None = None
    vehicle_class: str | None = None
    wished_start: AwareDatetime
