"""The people of the shops: who they are, and how they sign in with a mailed link."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from shared.db.engine import Sessions, transaction
from shared.db.time import database_now
from shared.events import StaffChanged, StaffLoginRequested
from shared.http.links import Link
from shared.messaging.outbox import record
from sqlalchemy.ext.asyncio import AsyncSession

from ingest import store
from ingest.actions.administer import Configured
from ingest.domain.configuration import StaffSettings, changes
from ingest.domain.refusals import CodesUnknown, StaffUnknown, TenantUnknown
from ingest.tables import StaffLogin, StaffMember

LOGIN_MINUTES = 15
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
        member = await store.staff_by_email(session, tenant.id, email.lower())
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
    told = {name: getattr(member, name) for name in ("version", "name", "email", "phone", "role", "active")}
    changed = StaffChanged(staff_id=member.id, locations=tuple(member.locations), **told)
    await record(session, changed, tenant_id=tenant_id, subject=member.id)
    return member


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


async def member_for_token(sessions: Sessions, slug: str, email: str) -> Link:
    """Whom an API token may be made for. Raises `TenantUnknown`, `StaffUnknown`."""
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await store.enter_tenant(session, slug)
        if tenant is None:
            raise TenantUnknown(slug)
        member = await store.staff_by_email(session, tenant.id, email.lower())
        if member is None or not member.active:
            raise StaffUnknown
        return Link(tenant.id, member.id)


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


async def use_login(sessions: Sessions, login: Link) -> Member | None:
    """Once: `None` for a link used before, expired, or of somebody who has left."""
    async with transaction(sessions, tenant_id=login.tenant_id) as session:
        staff_id = await store.use_login(session, login.tenant_id, login.subject_id)
        return await _active(session, login.tenant_id, staff_id) if staff_id else None


async def member_of(sessions: Sessions, staff: Link) -> Member | None:
    """`None` for somebody who has left."""
    async with transaction(sessions, tenant_id=staff.tenant_id) as session:
        return await _active(session, staff.tenant_id, staff.subject_id)


async def _active(session: AsyncSession, tenant_id: UUID, staff_id: UUID) -> Member | None:
    member = await store.staff_by_id(session, tenant_id, staff_id)
    if member is None or not member.active:
        return None
    locations = await store.locations(session, tenant_id)
    return Member(member, _codes(member, {location.id: location.code for location in locations}))


def _codes(member: StaffMember, codes: dict[UUID, str]) -> list[str]:
    worked: Iterable[UUID] = codes if member.role == "owner" else member.locations
    return sorted(codes[location] for location in worked if location in codes)
