"""What the customer's page and the staff console read, over HTTP and in the streams alike."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel
from shared.events import Channel, Vehicle
from shared.events.notification import OutboundChannel

from chat.actions.records import Scene, facts_of, lead_facts, vehicle_of
from chat.actions.staff import Opened
from chat.domain.conversation import Owner, State
from chat.domain.language import Language
from chat.domain.phrases import actions_of
from chat.domain.values import Action, Appointment, Part, Shop
from chat.store_staff import InboxRow
from chat.tables import ChatMessage, Handoff, Location, StaffNote

MAX_SEQ = 2**31 - 1
"""What the database can compare a `seq` with."""


class MessageView(BaseModel):
    seq: int
    id: UUID
    author: Literal["customer", "assistant", "staff", "system"]
    text: str
    author_name: str | None = None
    created_at: datetime
    client_id: str | None = None
    parts: list[Part] | None = None

    @classmethod
    def of(cls, message: ChatMessage) -> Self:
        """The id that a colleague's page gave holds whose it is: only the customer's own comes back."""
        view = cls.model_validate(message, from_attributes=True)
        return view if view.author == "customer" else view.model_copy(update={"client_id": None})


class StaffMessageView(MessageView):
    """With the channel that it came or went by."""

    channel: Channel


class StateView(BaseModel):
    state: State
    owner: Owner
    assistant: Literal["claude", "offline"]
    person_asked: bool = False
    language: Language = "en"
    actions: tuple[Action, ...]
    appointment: Appointment | None = None

    @classmethod
    def of(cls, scene: Scene) -> "StateView":
        row = scene.conversation
        return cls.model_validate(
            {
                "state": row.state,
                "owner": row.owner,
                "assistant": row.assistant,
                "person_asked": row.person_asked_at is not None,
                "language": scene.language,
                "actions": actions_of(
                    State(row.state),
                    Owner(row.owner),
                    scene.language,
                    person_asked=row.person_asked_at is not None,
                    assistant_on=scene.shop.assistant_on,
                ),
                "appointment": scene.facts.appointment,
            }
        )


class LeadView(BaseModel):
    id: UUID
    first_name: str
    vehicle: dict[str, int | str] | None = None
    interest: str | None = None

    @classmethod
    def of(cls, scene: Scene) -> "LeadView":
        lead = lead_facts(scene.lead, scene.shop)
        vehicle: dict[str, int | str] | None = None
        if lead.vehicle is not None:
            known = {
                "year": lead.vehicle.year,
                "make": lead.vehicle.make,
                "model": lead.vehicle.model,
                "class": scene.conversation.vehicle_class or lead.vehicle.vehicle_class,
            }
            vehicle = {name: value for name, value in known.items() if value is not None}
        return cls(id=scene.lead.lead_id, first_name=lead.first_name, vehicle=vehicle, interest=lead.interest)


class LocationView(Shop):
    timezone: str


class ConversationView(BaseModel):
    id: UUID
    state: State
    owner: Owner
    assistant: Literal["claude", "offline"]
    person_asked: bool = False
    language: Language = "en"


class SessionView(BaseModel):
    lead: LeadView
    location: LocationView
    conversation: ConversationView
    messages: list[MessageView]
    actions: tuple[Action, ...]
    appointment: Appointment | None = None

    @classmethod
    def of(cls, scene: Scene, messages: list[MessageView]) -> "SessionView":
        state = StateView.of(scene)
        return cls(
            lead=LeadView.of(scene),
            location=LocationView(**scene.shop.card.model_dump(), timezone=scene.shop.timezone),
            conversation=ConversationView(
                id=scene.conversation.id,
                state=state.state,
                owner=state.owner,
                assistant=state.assistant,
                person_asked=state.person_asked,
                language=state.language,
            ),
            messages=messages,
            actions=state.actions,
            appointment=state.appointment,
        )


class CallBackView(BaseModel):
    """The customer wants to be called at `phone`."""

    phone: str
    requested_at: datetime


class HandoffView(BaseModel):
    """`answer_by`: the end of the time that a person has at this `level`; absent once somebody is on it.

    `taken_at`: since when; without `taken_by` in the shop's CRM.
    """

    id: UUID
    kind: Literal["hard", "soft"]
    reason: str
    summary: str
    open_question: str | None = None
    suggested_reply: str | None = None
    level: int
    taken_by: UUID | None = None
    taken_by_name: str | None = None
    taken_at: datetime | None = None
    answer_by: datetime | None = None
    call_back: CallBackView | None = None
    requested_at: datetime

    @classmethod
    def of(cls, row: Handoff, taken_by_name: str | None) -> "HandoffView":
        asked = {"phone": row.call_back_phone, "requested_at": row.call_back_at}
        return cls.model_validate(
            row.model_dump()
            | {
                "answer_by": row.escalate_at,
                "call_back": asked if row.call_back_at else None,
                "taken_by_name": taken_by_name,
            }
        )


class StaffLeadView(BaseModel):
    id: UUID
    name: str
    vehicle: str | None = None
    interest: str | None = None
    status: str


class StaffLocationView(BaseModel):
    id: UUID
    code: str
    name: str
    timezone: str

    @classmethod
    def of(cls, row: Location) -> "StaffLocationView":
        return cls.model_validate({"id": row.location_id, **row.facts})


class LastMessage(BaseModel):
    author: Literal["customer", "assistant", "staff", "system"]
    text: str
    created_at: datetime


class PresentView(BaseModel):
    """A member who has the conversation open; `writing`: whose turn it is to reply."""

    staff_id: UUID
    name: str
    writing: bool


class InboxView(BaseModel):
    """`unread`: there is something that nobody of the shop has opened. `waiting_since`: of the oldest unanswered one.

    `present`: who has it open.
    """

    id: UUID
    lead: StaffLeadView
    location: StaffLocationView
    state: State
    owner: Owner
    assistant: Literal["claude", "offline"]
    unread: bool
    waiting_since: datetime | None = None
    last_at: datetime | None = None
    last_message: LastMessage | None = None
    handoff: HandoffView | None = None
    appointment: Appointment | None = None
    present: list[PresentView] = []

    @classmethod
    def of(cls, row: InboxRow) -> "InboxView":
        conversation, last = row.conversation, row.last
        return cls.model_validate(
            {
                **conversation.model_dump(
                    include={"id", "state", "owner", "assistant", "waiting_since", "last_at"}
                ),
                "lead": {
                    "id": row.lead.lead_id,
                    "name": row.lead.name,
                    "vehicle": _vehicle_for_staff(vehicle_of(row.lead)),
                    "interest": row.lead.interest,
                    "status": row.lead.status,
                },
                "location": StaffLocationView.of(row.location),
                "unread": conversation.next_seq - 1 > conversation.staff_seen_seq,
                "last_message": LastMessage.model_validate(last, from_attributes=True) if last else None,
                "handoff": HandoffView.of(row.handoff, row.taken_by_name) if row.handoff else None,
                "appointment": facts_of(conversation).appointment,
                "present": [PresentView.model_validate(one, from_attributes=True) for one in row.present],
            }
        )


def _vehicle_for_staff(vehicle: Vehicle | None) -> str | None:
    return (vehicle.typed or vehicle.vehicle_class) if vehicle else None


class NoteView(BaseModel):
    id: UUID
    author_name: str
    text: str
    created_at: datetime

    @classmethod
    def of(cls, row: StaffNote) -> "NoteView":
        return cls.model_validate(row, from_attributes=True)


class ReplyWay(BaseModel):
    """How a reply would go now: by the channel that the customer wrote on last, and `also` where they have left the page."""

    channel: Channel
    also: tuple[OutboundChannel, ...]


class OpenedView(BaseModel):
    conversation: InboxView
    messages: list[StaffMessageView]
    notes: list[NoteView]
    reply_by: ReplyWay

    @classmethod
    def of(cls, opened: Opened) -> "OpenedView":
        return cls(
            conversation=InboxView.of(opened.row),
            messages=[StaffMessageView.of(m) for m in opened.messages],
            notes=[NoteView.of(n) for n in opened.notes],
            reply_by=ReplyWay(channel=opened.channel, also=opened.also),
        )
