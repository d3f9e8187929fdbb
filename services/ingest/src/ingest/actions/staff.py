"""The people of the shops: who they are, and how they sign in with a mailed link."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import JsonValue
from shared.db.engine import Sessions, transaction
from shared.db.time import database_now
from shared.events import StaffChanged, StaffLoginRequested
from shared.http.links import Link
from shared.messaging.outbox import record
from shared.staff_sessions import StaffSession as SignedSession
from sqlalchemy.ext.asyncio import AsyncSession

from ingest import store
from ingest.actions.administer import Configured
from ingest.domain.configuration import StaffSettings, changes
from ingest.domain.refusals import CodesUnknown, StaffUnknown, TenantUnknown, TokenUnknown
from ingest.tables import Lead, Location, StaffLogin, StaffMember, StaffSession

LOGIN_MINUTES = 10
SESSION_HOURS = 12
LOGIN_PAUSE_SECONDS = 60
"""A second wish within it sends no second mail."""


@dataclass(frozen=True)
class Member:
    """`codes` of the locations where they work, all of them for the owner; by code."""

    row: StaffMember
    codes: Sequence[str]


async def configure_staff(
    sessions: Sessions, slug: str, email: str, wanted: StaffSettings, *, dry_run: bool
) -> Configured:
    """Raises `TenantUnknown`, `CodesUnknown`."""
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await store.enter_tenant(session, slug, lock=True)
        if tenant is None:
            raise TenantUnknown(slug)
        codes = {location.code: location.id for location in await store.locations(session, tenant.id)}
        if missing := [code for code in wanted.locations if code not in codes]:
            raise CodesUnknown(missing)
        member = await store.staff_by_email(session, tenant.id, email.lower(), lock=True)
        found = changes(_settings(member, codes) if member else None, wanted)
        if not dry_run and (found or member is None):
            member = await _set_member(session, tenant.id, email.lower(), member, wanted, codes)
        return Configured(member.id if member else None, found)


def _settings(member: StaffMember, codes: dict[str, UUID]) -> StaffSettings:
    return StaffSettings(
        name=member.name,
        phone=member.phone,
        role=member.role,
        locations=tuple(sorted(code for code, location in codes.items() if location in member.locations)),
        active=member.active,
    )


async def _set_member(
    session: AsyncSession,
    tenant_id: UUID,
    email: str,
    member: StaffMember | None,
    wanted: StaffSettings,
    codes: dict[str, UUID],
) -> StaffMember:
    values = wanted.model_dump(exclude={"locations"}) | {"locations": [codes[c] for c in wanted.locations]}
    if member is None:
        member = StaffMember(tenant_id=tenant_id, email=email, **values)
    else:
        member.sqlmodel_update(values)
        member.version += 1
    session.add(member)
    await session.flush()
    if not member.active:
        await _end(session, await store.sessions_of(session, member))
    await _publish(session, member)
    return member


async def blank_member(session: AsyncSession, member: StaffMember) -> None:
    """Nothing tells any more who it was; the other services hear of it as of any change."""
    member.sqlmodel_update(
        {"name": "", "email": str(member.id), "phone": None, "version": member.version + 1}
    )
    session.add(member)
    await session.flush()
    await _publish(session, member)


async def _publish(session: AsyncSession, member: StaffMember) -> None:
    now = database_now()
    ended = [
        one.id
        for one in await store.sessions_of(session, member)
        if one.ended_at is not None and one.expires_at > now
    ]
    told = {name: getattr(member, name) for name in ("version", "name", "email", "phone", "role", "active")}
    changed = StaffChanged(
        staff_id=member.id, locations=tuple(member.locations), ended_sessions=tuple(ended), **told
    )
    await record(session, changed, tenant_id=member.tenant_id, subject=member.id)


async def _end(session: AsyncSession, ended: Iterable[StaffSession]) -> bool:
    """Whether any of them was still open."""
    open_ones = [one for one in ended if one.ended_at is None]
    for one in open_ones:
        one.ended_at = database_now()
        session.add(one)
    await session.flush()
    return bool(open_ones)


async def list_staff(sessions: Sessions, slug: str) -> Sequence[Member]:
    """By e-mail address. Raises `TenantUnknown`."""
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await store.enter_tenant(session, slug)
        if tenant is None:
            raise TenantUnknown(slug)
        members = await store.staff(session, tenant.id)
        locations = await store.locations(session, tenant.id)
    codes = {location.id: location.code for location in locations}
    return [Member(member, _codes(member, codes)) for member in members]


async def make_token(sessions: Sessions, slug: str, email: str, *, days: int, operator: str) -> StaffSession:
    """Raises `TenantUnknown`, `StaffUnknown`."""
    async with transaction(sessions, tenant_id=None) as session:
        member = await enter_tenant_of(session, slug, email)
        if not member.active:
            raise StaffUnknown
        return await _open(session, member, timedelta(days=days), made_by=operator)


async def list_tokens(sessions: Sessions, slug: str, email: str) -> Sequence[StaffSession]:
    """Oldest first, the ended ones too until they expire. Raises `TenantUnknown`, `StaffUnknown`."""
    async with transaction(sessions, tenant_id=None) as session:
        member = await enter_tenant_of(session, slug, email)
        found = await store.sessions_of(session, member)
        return [one for one in found if one.made_by is not None]


async def revoke_token(sessions: Sessions, slug: str, email: str, token_id: UUID) -> None:
    """Repeating it is harmless. Raises `TenantUnknown`, `StaffUnknown`, `TokenUnknown`."""
    async with transaction(sessions, tenant_id=None) as session:
        member = await enter_tenant_of(session, slug, email, lock=True)
        ended = [one for one in await store.sessions_of(session, member) if one.id == token_id]
        if not ended or ended[0].made_by is None:
            raise TokenUnknown
        await _end_and_tell(session, member, ended)


async def enter_tenant_of(session: AsyncSession, slug: str, email: str, *, lock: bool = False) -> StaffMember:
    tenant = await store.enter_tenant(session, slug)
    if tenant is None:
        raise TenantUnknown(slug)
    member = await store.staff_by_email(session, tenant.id, email.lower(), lock=lock)
    if member is None:
        raise StaffUnknown
    return member


async def _open(
    session: AsyncSession, member: StaffMember, lasts: timedelta, *, made_by: str | None = None
) -> StaffSession:
    now = database_now()
    await store.forget_expired_sessions(session, member, now)
    opened = StaffSession(
        tenant_id=member.tenant_id,
        staff_id=member.id,
        made_by=made_by,
        created_at=now,
        expires_at=now + lasts,
    )
    session.add(opened)
    await session.flush()
    return opened


async def _end_and_tell(session: AsyncSession, member: StaffMember, ended: Iterable[StaffSession]) -> None:
    if await _end(session, ended):
        member.version += 1
        session.add(member)
        await _publish(session, member)


async def request_login(sessions: Sessions, email: str) -> None:
    """A mail goes out to every active member with this address; nothing tells whether there is one."""
    async with transaction(sessions, tenant_id=None) as session:
        tenants = await store.tenant_ids(session)
    for tenant_id in tenants:
        async with transaction(sessions, tenant_id=tenant_id) as session:
            member = await store.staff_by_email(session, tenant_id, email.lower())
            if member is not None and member.active:
                await _ask_for_mail(session, member)


async def _ask_for_mail(session: AsyncSession, member: StaffMember) -> None:
    now = database_now()
    if await store.login_since(session, member, now - timedelta(seconds=LOGIN_PAUSE_SECONDS)):
        return
    expires_at = now + timedelta(minutes=LOGIN_MINUTES)
    login = StaffLogin(
        tenant_id=member.tenant_id, staff_id=member.id, requested_at=now, expires_at=expires_at
    )
    session.add(login)
    await session.flush()
    requested = StaffLoginRequested(
        login_id=login.id, staff_id=member.id, email=member.email, expires_at=expires_at
    )
    await record(session, requested, tenant_id=member.tenant_id, subject=member.id)


async def use_login(sessions: Sessions, login: Link) -> tuple[Member, StaffSession] | None:
    """Once: `None` for a link used before, expired, or of somebody who has left."""
    async with transaction(sessions, tenant_id=login.tenant_id) as session:
        staff_id = await store.use_login(session, login.tenant_id, login.subject_id)
        member = await _active(session, login.tenant_id, staff_id) if staff_id else None
        if member is None:
            return None
        return member, await _open(session, member.row, timedelta(hours=SESSION_HOURS))


async def member_of(sessions: Sessions, staff: SignedSession) -> Member | None:
    """`None` for somebody who has left, and for a session that was ended."""
    async with transaction(sessions, tenant_id=staff.tenant_id) as session:
        if await store.open_session(session, staff.tenant_id, staff.id) is None:
            return None
        return await _active(session, staff.tenant_id, staff.staff_id)


@dataclass(frozen=True)
class LeadOfShop:
    """`proof`: what the newest consent rests on, as kept; empty where nothing was said."""

    row: Lead
    location: Location
    proof: Mapping[str, JsonValue]


async def lead_for(sessions: Sessions, member: StaffMember, lead_id: UUID) -> LeadOfShop | None:
    """`None` for a lead of another tenant or of a location where the member does not work."""
    async with transaction(sessions, tenant_id=member.tenant_id) as session:
        lead = await store.lead_by_id(session, member.tenant_id, lead_id)
        if lead is None or (member.role != "owner" and lead.location_id not in member.locations):
            return None
        sources = await store.sources_of(session, member.tenant_id, [lead_id])
        proofs = sorted((one for one in sources if one.consent.get("text")), key=lambda one: one.seen_at)
        location = await session.get_one(Location, lead.location_id)
        return LeadOfShop(lead, location, proofs[-1].consent if proofs else {})


async def end_session(sessions: Sessions, staff: SignedSession, *, everywhere: bool = False) -> None:
    """One, or with `everywhere` all of the member's browsers; API tokens are the operators' to revoke.

    Repeating it is harmless. Other services refuse it as soon as they hear of it.
    """
    async with transaction(sessions, tenant_id=staff.tenant_id) as session:
        member = await store.staff_by_id(session, staff.tenant_id, staff.staff_id, lock=True)
        if member is None:
            return
        found = await store.sessions_of(session, member)
        ended = [one for one in found if one.id == staff.id or (everywhere and one.made_by is None)]
        await _end_and_tell(session, member, ended)


async def _active(session: AsyncSession, tenant_id: UUID, staff_id: UUID) -> Member | None:
    member = await store.staff_by_id(session, tenant_id, staff_id)
    if member is None or not member.active:
        return None
    locations = await store.locations(session, tenant_id)
    return Member(member, _codes(member, {location.id: location.code for location in locations}))


def _codes(member: StaffMember, codes: dict[UUID, str]) -> list[str]:
    worked: Iterable[UUID] = codes if member.role == "owner" else member.locations
    return sorted(codes[location] for location in worked if location in codes)
