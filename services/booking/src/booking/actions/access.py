"""Who asks, and what of ours that person may see."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from shared.http.links import BadLink, LinkPurpose, read
from shared.persons import erased
from shared.staff import Viewer
from sqlalchemy.ext.asyncio import AsyncSession

from booking.deps import Deps
from booking.domain.errors import ChatLinkNeeded, InvalidLink, NotFound, NotReady, ReadOnly
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


@dataclass(frozen=True)
class StaffVisitor:
    """A member of staff, for a lead or for one appointment, at the locations where they work."""

    member: Viewer
    lead_id: UUID | None = None

    @property
    def tenant_id(self) -> UUID:
        return self.member.tenant_id


Visitor = ChatVisitor | ManageVisitor | StaffVisitor
Booker = ChatVisitor | StaffVisitor
"""Who may make a new booking."""


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


def needs_chat_link(visitor: Visitor) -> Booker:
    """Raises `ChatLinkNeeded`: a manage link is passed around more freely than a chat link."""
    if isinstance(visitor, ManageVisitor):
        raise ChatLinkNeeded
    return visitor


def acting(member: Viewer, lead_id: UUID | None = None) -> StaffVisitor:
    """Raises `ReadOnly`."""
    if not member.may_act:
        raise ReadOnly
    return StaffVisitor(member, lead_id)


def staff_id_of(visitor: Visitor) -> UUID | None:
    return visitor.member.staff_id if isinstance(visitor, StaffVisitor) else None


Lock = Literal["shared", "alone"]


async def lead_of(session: AsyncSession, visitor: Visitor, *, lock: Lock | None = None) -> Lead:
    """Who writes about the lead locks it. Raises `NotReady` while the lead of a good link has not arrived here."""
    if isinstance(visitor, StaffVisitor):
        return await _lead_for_staff(session, visitor, lock)
    if isinstance(visitor, ManageVisitor):
        lead_id = (await appointment_of(session, visitor, visitor.appointment_id)).lead_id
    else:
        lead_id = visitor.lead_id
    return await _known_lead(session, visitor.tenant_id, lead_id, lock)


async def _known_lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID, lock: Lock | None) -> Lead:
    """Raises `NotFound` for one whose person was erased, `NotReady` for one that has not arrived here yet."""
    lead = await replicas.lead(session, tenant_id, lead_id, lock=lock)
    if lead is None:
        raise NotFound if await erased(session, lead_id) else NotReady
    return lead


async def _lead_for_staff(session: AsyncSession, visitor: StaffVisitor, lock: Lock | None) -> Lead:
    """Raises `NotFound` also for a lead of a location where the member does not work."""
    if visitor.lead_id is None:
        raise NotFound
    lead = await replicas.lead(session, visitor.tenant_id, visitor.lead_id, lock=lock)
    if lead is None or not visitor.member.sees(lead.location_id):
        raise NotFound
    return lead


def must_see(visitor: Visitor, location_id: UUID) -> None:
    """Raises `NotFound` for a location where the member of staff does not work."""
    if isinstance(visitor, StaffVisitor) and not visitor.member.sees(location_id):
        raise NotFound


async def lead_of_appointment(
    session: AsyncSession, visitor: Visitor, appointment: Appointment, *, lock: Lock | None = None
) -> Lead:
    """Of one that the visitor may see: staff of the shop to which the CRM moved it, too. Raises `NotReady`."""
    return await _known_lead(session, visitor.tenant_id, appointment.lead_id, lock)


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
    if isinstance(visitor, StaffVisitor):
        return visitor.member.sees(appointment.location_id)
    return visitor.lead_id == appointment.lead_id
