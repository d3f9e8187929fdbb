"""Facts about messages to and from customers by SMS and e-mail, published by notifier."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.events.base import EventData, ServiceName
from shared.events.values import Value

OutboundChannel = Literal["sms", "email"]


class NotificationSent(EventData):
    """The provider took the message. `touch` is the step of the sequence, `None` outside of it."""

    type: ClassVar[str] = "notification.sent.v1"
    publisher: ClassVar[ServiceName] = "notifier"

    delivery_id: UUID
    lead_id: UUID
    channel: OutboundChannel
    template: str
    touch: int | None = None
    provider_id: str


class NotificationFailed(EventData):
    type: ClassVar[str] = "notification.failed.v1"
    publisher: ClassVar[ServiceName] = "notifier"

    delivery_id: UUID
    lead_id: UUID
    channel: OutboundChannel
    template: str
    touch: int | None = None
    code: str


class Media(Value):
    """A picture or file that came with a message: at `url`, with Twilio's credentials, or `None` where only its name was kept."""

    content_type: str
    name: str | None = None
    url: str | None = None


class InboundMessageReceived(EventData):
    """`text` is empty where only `media` came."""

    type: ClassVar[str] = "inbound.message.received.v1"
    publisher: ClassVar[ServiceName] = "notifier"

    lead_id: UUID
    channel: OutboundChannel
    sender: str
    text: str
    provider_id: str
    media: tuple[Media, ...] = ()


class ContactOptedOut(EventData):
    """`how`: by keyword, free text, unsubscribe link, complaint, or by staff."""

    type: ClassVar[str] = "contact.opted_out.v1"
    publisher: ClassVar[ServiceName] = "notifier"

    lead_id: UUID | None = None
    address: str
    channel: OutboundChannel
    how: Literal["keyword", "free_text", "link", "complaint", "staff"]
    text: str | None = None
