"""What the customer's page reads, over HTTP and in the stream alike."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from chat.actions.records import Scene, facts_of, lead_facts
from chat.domain.conversation import Owner, State, actions_of
from chat.domain.values import Action, Appointment, Part, Shop
from chat.tables import ChatMessage, Conversation


class MessageView(BaseModel):
    seq: int
    id: UUID
    author: Literal["customer", "assistant", "staff", "system"]
    text: str
    created_at: datetime
    client_id: str | None = None
    parts: list[Part] | None = None

    @classmethod
    def of(cls, message: ChatMessage) -> "MessageView":
        return cls.model_validate(message, from_attributes=True)


class StateView(BaseModel):
    state: State
    owner: Owner
    assistant: Literal["claude", "offline"]
    actions: tuple[Action, ...]
    appointment: Appointment | None = None

    @classmethod
    def of(cls, row: Conversation) -> "StateView":
        return cls.model_validate(
            {
                "state": row.state,
                "owner": row.owner,
                "assistant": row.assistant,
                "actions": actions_of(State(row.state), Owner(row.owner)),
                "appointment": facts_of(row).appointment,
            }
        )


class LeadView(BaseModel):
    id: UUID
    first_name: str
    vehicle: dict[str, int | str] | None = None
    interest: str | None = None

    @classmethod
    def of(cls, scene: Scene) -> "LeadView":
        lead = lead_facts(scene.lead)
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


class SessionView(BaseModel):
    lead: LeadView
    location: LocationView
    conversation: ConversationView
    messages: list[MessageView]
    actions: tuple[Action, ...]
    appointment: Appointment | None = None

    @classmethod
    def of(cls, scene: Scene, messages: list[MessageView]) -> "SessionView":
        state = StateView.of(scene.conversation)
        return cls(
            lead=LeadView.of(scene),
            location=LocationView(**scene.shop.card.model_dump(), timezone=scene.shop.timezone),
            conversation=ConversationView(
                id=scene.conversation.id, state=state.state, owner=state.owner, assistant=state.assistant
            ),
            messages=messages,
            actions=state.actions,
            appointment=state.appointment,
        )
