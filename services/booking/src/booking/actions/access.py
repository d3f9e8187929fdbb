"""Who asks, and what of ours that person may see."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.http.links import BadLink, LinkPurpose, read
from sqlalchemy.ext.asyncio import AsyncSession

from booking.deps import Deps
from booking.domain.errors import ChatLinkNeeded, InvalidLink, NotFound, NotReady
from booking.store import appointments, replicas
from booking.tables import Appointment, Lead, Location


@dataclass(frozen=True)
class ChatVisitor:
    tenant_id: UUID
    lead_id: UUID


MANAGE_DAYS = 1
"""After the end of the appointment as it stands now: the link of an old mail lives on when the appointment is moved."""


@dataclass(frozen=True)
class ManageVisitor:
    """May see and change this one appointment, and look at prices and times for it."""

    tenant_id: UUID
    appointment_id: UUID
    asks_at: datetime = field(compare=False, repr=False)


Visitor = ChatVisitor | ManageVisitor


def read_visitor(deps: Deps, token: str) -> Visitor:
    """Raises `InvalidLink`."""
    for purpose in (LinkPurpose.CHAT, LinkPurpose.MANAGE):
        try:
            link = read(purpose, token, keys=deps.keys[purpose], now=deps.now())
        except BadLink:
            continue
        if purpose is LinkPurpose.CHAT:
            return ChatVisitor(link.tenant_id, link.subject_id)
        return ManageVisitor(link.tenant_id, link.subject_id, deps.now())
    raise InvalidLink


def needs_chat_link(visitor: Visitor) -> ChatVisitor:
    """Raises `ChatLinkNeeded`: a manage link is passed around more freely than a chat link."""
    if isinstance(visitor, ManageVisitor):
        raise ChatLinkNeeded
    return visitor


async def lead_of(
    session: AsyncSession, visitor: Visitor, *, lock: Literal["shared", "alone"] | None = None
) -> Lead:
    """Who writes about the lead locks it. Raises `NotReady` while the lead of a good link has not arrived here."""
    if isinstance(visitor, ManageVisitor):
        lead_id = (await appointment_of(session, visitor, visitor.appointment_id)).lead_id
    else:
        lead_id = visitor.lead_id
    lead = await replicas.lead(session, visitor.tenant_id, lead_id, lock=lock)
    if lead is None:
        raise NotReady
    return lead


async def location_of(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Location:
    """Raises `NotReady`."""
    location = await replicas.location(session, tenant_id, location_id)
    if location is None:
        raise NotReady
    return location


async def appointment_of(
    session: AsyncSession, visitor: Visitor, appointment_id: UUID, *, lock: bool = False
) -> Appointment:
    """Raises `NotFound` also for an appointment that is somebody else's, `InvalidLink` when its manage link is over."""
    found = await appointments.appointment(session, visitor.tenant_id, appointment_id, lock=lock)
    if found is None or not _may_see(visitor, found):
        raise NotFound
    if isinstance(visitor, ManageVisitor) and visitor.asks_at > found.ends_at + timedelta(days=MANAGE_DAYS):
        raise InvalidLink
    return found


def _may_see(visitor: Visitor, appointment: Appointment) -> bool:
    if isinstance(visitor, ManageVisitor):
        return visitor.appointment_id == appointment.id
    return visitor.lead_id == appointment.lead_id
