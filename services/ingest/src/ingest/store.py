"""Every SQL statement of ingest."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from shared.db.time import database_now
from shared.events import CrmChangeReceived, Event
from shared.events.values import LeadStatus
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Text,
    and_,
    any_,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    or_,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from ingest.domain.form import Claim, Proof
from ingest.domain.sighting import Sighting
from ingest.holdings import OLD_LEADS, webhooks_and_erasing
from ingest.tables import (
    IdempotencyKey,
    Lead,
    LeadSourceRow,
    Location,
    OptOut,
    StaffLogin,
    StaffMember,
    StaffSession,
    Tenant,
    UsedChallenge,
    WebhookDelivery,
)

FORGOTTEN_AT_ONCE = 100

_ENTER = func.set_config("app.tenant_id", cast(col(Tenant.id), Text), True)
"""Selected with the tenant, so that finding it and being scoped to it is one round trip."""

_SHARE = func.pg_advisory_xact_lock_shared(literal_column(webhooks_and_erasing("tenants.id")))


@dataclass(frozen=True)
class WebhookTenant:
    """`plain` are secrets from before they were sealed."""

    id: UUID
    plain: list[str]
    sealed: list[str]


async def enter_webhook_tenant(session: AsyncSession, slug: str) -> WebhookTenant | None:
    """The transaction sees this tenant's rows from here on, and nobody of the tenant is erased beside it."""
    statement = select(Tenant.id, Tenant.webhook_secrets, Tenant.sealed_secrets, _ENTER).add_columns(_SHARE)
    row = (await session.execute(statement.where(col(Tenant.slug) == slug))).first()
    return WebhookTenant(id=row[0], plain=row[1], sealed=row[2]) if row else None


@dataclass(frozen=True)
class StoredSecrets:
    """Of one tenant; `plain` as above."""

    slug: str
    plain: list[str]
    sealed: list[str]


async def secrets_of_tenants(session: AsyncSession) -> Sequence[StoredSecrets]:
    """Of all that have some, by slug."""
    statement = select(Tenant.slug, Tenant.webhook_secrets, Tenant.sealed_secrets).order_by(col(Tenant.slug))
    some = func.cardinality(Tenant.webhook_secrets) + func.cardinality(Tenant.sealed_secrets) > 0
    return [StoredSecrets(*row) for row in (await session.execute(statement.where(some))).all()]


@dataclass(frozen=True)
class SiteTenant:
    """`form_challenge` as in the tenant's settings."""

    id: UUID
    form_challenge: str


async def enter_tenant_of_site(session: AsyncSession, site_key: str) -> SiteTenant | None:
    """The transaction sees this tenant's rows from here on."""
    statement = select(Tenant.id, Tenant.form_challenge, _ENTER)
    row = (await session.execute(statement.where(literal(site_key) == any_(col(Tenant.site_keys))))).first()
    return SiteTenant(id=row[0], form_challenge=row[1]) if row else None


async def enter_tenant(session: AsyncSession, slug: str, *, lock: bool = False) -> Tenant | None:
    """The transaction sees this tenant's rows from here on; `lock` keeps other configurators waiting."""
    statement = select(Tenant, _ENTER).where(col(Tenant.slug) == slug)
    if lock:
        statement = statement.with_for_update(key_share=True)
    row = (await session.execute(statement)).first()
    return row[0] if row else None


async def site_keys_of_others(session: AsyncSession, slug: str, site_keys: Sequence[str]) -> bool:
    """Whether another tenant uses one of them: a key must lead to one tenant."""
    statement = select(Tenant.id).where(
        col(Tenant.slug) != slug,
        col(Tenant.site_keys).op("&&")(cast(list(site_keys), ARRAY(Text()))),
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def locations(session: AsyncSession, tenant_id: UUID) -> Sequence[Location]:
    """By code."""
    statement = select(Location).where(col(Location.tenant_id) == tenant_id).order_by(col(Location.code))
    return (await session.execute(statement)).scalars().all()


async def location_by_code(session: AsyncSession, tenant_id: UUID, code: str) -> Location | None:
    return await _location(session, tenant_id, col(Location.code) == code)


async def location_by_id(session: AsyncSession, tenant_id: UUID, location_id: UUID) -> Location | None:
    return await _location(session, tenant_id, col(Location.id) == location_id)


async def location_by_crm_id(session: AsyncSession, tenant_id: UUID, crm_id: str) -> Location | None:
    return await _location(session, tenant_id, col(Location.crm_location_id) == crm_id)


async def _location(session: AsyncSession, tenant_id: UUID, which: ColumnElement[bool]) -> Location | None:
    statement = select(Location).where(col(Location.tenant_id) == tenant_id, which)
    return (await session.execute(statement)).scalar_one_or_none()


@dataclass(frozen=True)
class DeliveryToKeep:
    """`event` is recorded with it unless `refusal` says why it is not passed on."""

    tenant_id: UUID
    webhook_id: str
    delivery_id: UUID
    body: bytes
    headers: dict[str, str]
    received_at: datetime
    event: Event[CrmChangeReceived]
    refusal: str | None = None
    error: str | None = None


# One statement: the row, or what another attempt made of it, and the event where this attempt is the one that passes it on.
# A refused delivery that comes again after its location was set up is passed on then; an accepted one never twice.
_KEEP_DELIVERY = text("""
WITH kept AS (
  INSERT INTO webhook_deliveries AS d
    (tenant_id, webhook_id, id, location_id, body, headers, received_at, attempts, status, error, event_id)
  VALUES (:tenant_id, :webhook_id, :id, :location_id, :body, CAST(:headers AS jsonb), :received_at, 1, :status, :error,
    CAST(:event_id AS uuid))
  ON CONFLICT (tenant_id, webhook_id) DO UPDATE SET
    attempts = d.attempts + 1,
    location_id = CASE WHEN d.event_id IS NULL THEN excluded.location_id ELSE d.location_id END,
    status = CASE WHEN d.event_id IS NULL THEN excluded.status ELSE d.status END,
    error = CASE WHEN d.event_id IS NULL THEN excluded.error ELSE d.error END,
    event_id = coalesce(d.event_id, excluded.event_id)
  RETURNING event_id
), recorded AS (
  INSERT INTO outbox (event_id, type, key, body, created_at)
  SELECT kept.event_id, CAST(:type AS text), CAST(:key AS text), CAST(:event_body AS bytea), clock_timestamp()
  FROM kept WHERE kept.event_id = CAST(:event_id AS uuid)
)
SELECT event_id FROM kept
""")


async def keep_delivery(session: AsyncSession, delivery: DeliveryToKeep) -> UUID | None:
    """The event that passed it on, this attempt's or an earlier one's; `None`: it stays refused."""
    event = delivery.event
    parameters = {
        "tenant_id": delivery.tenant_id,
        "webhook_id": delivery.webhook_id,
        "id": delivery.delivery_id,
        "location_id": event.location_id,
        "body": delivery.body,
        "headers": json.dumps(delivery.headers),
        "received_at": delivery.received_at,
        "status": delivery.refusal or "accepted",
        "error": delivery.error,
        "event_id": None if delivery.refusal else event.id,
        "type": event.type,
        "key": event.subject,
        "event_body": event.to_json(),
    }
    found: UUID | None = (await session.execute(_KEEP_DELIVERY, parameters)).scalar_one()
    return found


async def deliveries(
    session: AsyncSession, tenant_id: UUID, status: str | None, limit: int
) -> Sequence[WebhookDelivery]:
    """Newest first."""
    statement = select(WebhookDelivery).where(col(WebhookDelivery.tenant_id) == tenant_id)
    if status:
        statement = statement.where(col(WebhookDelivery.status) == status)
    statement = statement.order_by(col(WebhookDelivery.received_at).desc()).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def delivery(session: AsyncSession, tenant_id: UUID, delivery_id: UUID) -> WebhookDelivery | None:
    statement = select(WebhookDelivery).where(
        col(WebhookDelivery.tenant_id) == tenant_id, col(WebhookDelivery.id) == delivery_id
    )
    return (await session.execute(statement)).scalar_one_or_none()


_LOCK_KEYS = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


async def lock_keys(session: AsyncSession, keys: Sequence[int]) -> None:
    """Until the end of the transaction, in the order given: sorted keys cannot deadlock."""
    await session.execute(_LOCK_KEYS, {"keys": list(keys)})


async def leads_like(session: AsyncSession, tenant_id: UUID, sighting: Sighting) -> Sequence[Lead]:
    """The tenant's leads with the same number or address and the location's of the same order, newest first."""
    signs: list[ColumnElement[bool]] = []
    if sighting.ref:
        signs.append(
            (col(Lead.location_id) == sighting.location_id) & (col(Lead.order_id) == sighting.ref.order_id)
        )
    if sighting.addresses:
        signs.append(_has_one_of(sighting.addresses))
    if not signs:
        return []
    statement = (
        select(Lead)
        .where(col(Lead.tenant_id) == tenant_id, or_(*signs))
        .order_by(col(Lead.received_at).desc(), col(Lead.id))
        .with_for_update(key_share=True)
    )
    return (await session.execute(statement)).scalars().all()


def _has_one_of(addresses: Sequence[str]) -> ColumnElement[bool]:
    own = or_(col(Lead.email).in_(addresses), col(Lead.phone).in_(addresses))
    return or_(own, _has_beside(addresses))


def _has_beside(addresses: Sequence[str]) -> ColumnElement[bool]:
    return col(Lead.other_addresses).op("&&", return_type=Boolean())(cast(list(addresses), ARRAY(Text())))


async def lead_of_order(session: AsyncSession, tenant_id: UUID, order_id: str) -> UUID | None:
    statement = select(col(Lead.id)).where(col(Lead.tenant_id) == tenant_id, col(Lead.order_id) == order_id)
    return (await session.execute(statement.limit(1))).scalar_one_or_none()


async def same_form(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, seen: dict[str, JsonValue], since: datetime
) -> LeadSourceRow | None:
    """The newest trace of the very same form."""
    statement = (
        select(LeadSourceRow)
        .where(
            col(LeadSourceRow.tenant_id) == tenant_id,
            col(LeadSourceRow.location_id) == location_id,
            col(LeadSourceRow.trace) == "form",
            col(LeadSourceRow.seen_at) >= since,
            col(LeadSourceRow.lead_id).is_not(None),
            col(LeadSourceRow.seen) == seen,
        )
        .order_by(col(LeadSourceRow.seen_at).desc())
    )
    return (await session.execute(statement.limit(1))).scalar_one_or_none()


async def leads_of_address(
    session: AsyncSession, tenant_id: UUID, addresses: Sequence[str]
) -> Sequence[Lead]:
    """Of the whole tenant, oldest first."""
    statement = (
        select(Lead)
        .where(
            col(Lead.tenant_id) == tenant_id, col(Lead.email).in_(addresses) | col(Lead.phone).in_(addresses)
        )
        .order_by(col(Lead.received_at))
    )
    return (await session.execute(statement)).scalars().all()


async def leads_sharing(session: AsyncSession, tenant_id: UUID, addresses: Sequence[str]) -> Sequence[Lead]:
    """Also those of which the CRM has one of them beside their own; oldest first."""
    statement = select(Lead).where(col(Lead.tenant_id) == tenant_id, _has_one_of(addresses))
    return (await session.execute(statement.order_by(col(Lead.received_at)))).scalars().all()


async def leads_once_of_address(session: AsyncSession, tenant_id: UUID, address: str) -> Sequence[Lead]:
    """Of whom a trace names it, but for those of which it was held to be another person's; oldest first."""
    named = [
        and_(
            col(LeadSourceRow.seen)["contact"][kind].as_string() == address,
            ~col(LeadSourceRow.held).bool_op("?")(kind),
        )
        for kind in ("email", "phone")
    ]
    beside = col(LeadSourceRow.seen)["other_addresses"].bool_op("?")(address)
    traces = select(col(LeadSourceRow.lead_id)).where(
        col(LeadSourceRow.tenant_id) == tenant_id, or_(beside, *named)
    )
    statement = select(Lead).where(col(Lead.tenant_id) == tenant_id, col(Lead.id).in_(traces))
    return (await session.execute(statement.order_by(col(Lead.received_at)))).scalars().all()


async def staff_of_address(session: AsyncSession, tenant_id: UUID, address: str) -> Sequence[StaffMember]:
    statement = select(StaffMember).where(
        col(StaffMember.tenant_id) == tenant_id,
        or_(col(StaffMember.email) == address, col(StaffMember.phone) == address),
    )
    return (await session.execute(statement)).scalars().all()


async def forget_events(session: AsyncSession, tenant_id: UUID, subject: str) -> None:
    await session.execute(
        text("DELETE FROM outbox WHERE tenant_id = :tenant_id AND key = :subject"),
        {"tenant_id": tenant_id, "subject": subject},
    )


async def erased_leads_of(session: AsyncSession, tenant_id: UUID, hashes: Sequence[str]) -> Sequence[UUID]:
    """Whose proof of consent stands for the address, by one of its hashes."""
    statement = select(col(LeadSourceRow.lead_id)).where(
        col(LeadSourceRow.tenant_id) == tenant_id,
        col(LeadSourceRow.lead_id).is_not(None),
        col(LeadSourceRow.seen)["proof_of"].op("?|")(cast(list(hashes), ARRAY(Text()))),
    )
    return [lead_id for lead_id in set((await session.execute(statement)).scalars()) if lead_id]


_OLD = f"SELECT id FROM leads WHERE tenant_id = :tenant_id AND {OLD_LEADS.due}"  # noqa: S608 - our own words
_OLD_LEADS = text(f"{_OLD} ORDER BY active_at LIMIT :limit")


async def old_leads(session: AsyncSession, tenant_id: UUID, before: datetime, limit: int) -> Sequence[UUID]:
    """Which retention takes: oldest first."""
    wanted = {"tenant_id": tenant_id, "before": before, "limit": limit}
    return (await session.execute(_OLD_LEADS, wanted)).scalars().all()


_LOCKED_OLD = text(f"{_OLD} AND id = :lead_id FOR UPDATE")


async def locked_old_lead(
    session: AsyncSession, tenant_id: UUID, lead_id: UUID, before: datetime
) -> Lead | None:
    """`None`: retention does not take it, or not any more."""
    wanted = {"tenant_id": tenant_id, "before": before, "lead_id": lead_id}
    if (await session.execute(_LOCKED_OLD, wanted)).first() is None:
        return None
    return await session.get(Lead, lead_id)


async def leads_by_status(
    session: AsyncSession, tenant_id: UUID, location_id: UUID, status: LeadStatus, limit: int
) -> Sequence[Lead]:
    """Of one location, newest first."""
    statement = (
        select(Lead)
        .where(
            col(Lead.tenant_id) == tenant_id,
            col(Lead.location_id) == location_id,
            col(Lead.status) == status,
        )
        .order_by(col(Lead.received_at).desc(), col(Lead.id))
    )
    return (await session.execute(statement.limit(limit))).scalars().all()


async def locked_lead(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Lead | None:
    statement = select(Lead).where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id)
    return (await session.execute(statement.with_for_update(key_share=True))).scalar_one_or_none()


async def lead_by_id(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> Lead | None:
    statement = select(Lead).where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def is_order_of_lead(session: AsyncSession, tenant_id: UUID, location_id: UUID, order_id: str) -> bool:
    """False: there is no such lead (any more)."""
    statement = select(Lead.id).where(
        col(Lead.tenant_id) == tenant_id, col(Lead.location_id) == location_id, col(Lead.order_id) == order_id
    )
    return (await session.execute(statement)).first() is not None


async def any_is_of_a_lead(session: AsyncSession, tenant_id: UUID, signs: Collection[str]) -> bool:
    """Addresses, or ids of customers or vehicles in the CRM, of a lead that is here and was not erased."""
    theirs = (Lead.email, Lead.phone, Lead.customer_id, Lead.vehicle_id)
    statement = select(Lead.id).where(
        col(Lead.tenant_id) == tenant_id, or_(*(col(sign).in_(signs) for sign in theirs))
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def is_known(session: AsyncSession, tenant_id: UUID, lead_id: UUID) -> bool:
    statement = select(Lead.id).where(col(Lead.tenant_id) == tenant_id, col(Lead.id) == lead_id)
    return (await session.execute(statement)).first() is not None


async def add_lead(session: AsyncSession, lead: Lead) -> None:
    session.add(lead)
    await session.flush()


async def add_source(session: AsyncSession, source: LeadSourceRow) -> None:
    await session.execute(insert(LeadSourceRow).values(**source.model_dump()))


async def sources_of(
    session: AsyncSession, tenant_id: UUID, lead_ids: Collection[UUID]
) -> Sequence[LeadSourceRow]:
    statement = select(LeadSourceRow).where(
        col(LeadSourceRow.tenant_id) == tenant_id, col(LeadSourceRow.lead_id).in_(lead_ids)
    )
    return (await session.execute(statement)).scalars().all()


async def sources(
    session: AsyncSession, tenant_id: UUID, *, lead_id: UUID | None, held: bool, limit: int
) -> Sequence[LeadSourceRow]:
    """Newest first; `held`: only those that name a contact point which is held."""
    statement = select(LeadSourceRow).where(col(LeadSourceRow.tenant_id) == tenant_id)
    if lead_id is not None:
        statement = statement.where(col(LeadSourceRow.lead_id) == lead_id)
    if held:
        statement = statement.where(col(LeadSourceRow.held) != {})
    statement = statement.order_by(col(LeadSourceRow.seen_at).desc()).limit(limit)
    return (await session.execute(statement)).scalars().all()


async def keep_opt_out(session: AsyncSession, opt_out: OptOut) -> None:
    await session.execute(pg_insert(OptOut).values(**opt_out.model_dump()).on_conflict_do_nothing())


async def opted_out_channels(
    session: AsyncSession, tenant_id: UUID, *, phone: str | None, email: str | None
) -> set[str]:
    given = [(channel, address) for channel, address in (("sms", phone), ("email", email)) if address]
    statement = select(OptOut.channel).where(
        col(OptOut.tenant_id) == tenant_id, tuple_(col(OptOut.channel), col(OptOut.address)).in_(given)
    )
    return set((await session.execute(statement)).scalars()) if given else set()


async def withdraw_sms_consent(session: AsyncSession, tenant_id: UUID, address: str) -> None:
    theirs = await _locked_ids(session, tenant_id, (col(Lead.phone) == address) & col(Lead.consent_sms))
    await session.execute(
        update(Lead)
        .where(col(Lead.tenant_id) == tenant_id, col(Lead.id).in_(theirs))
        .values(consent_sms=False, version=col(Lead.version) + 1)
    )


async def withdraw_email_consent(session: AsyncSession, tenant_id: UUID, address: str) -> None:
    theirs = await _locked_ids(session, tenant_id, (col(Lead.email) == address) & col(Lead.consent_email))
    await session.execute(
        update(Lead)
        .where(col(Lead.tenant_id) == tenant_id, col(Lead.id).in_(theirs))
        .values(consent_email=False, version=col(Lead.version) + 1)
    )


async def _locked_ids(session: AsyncSession, tenant_id: UUID, which: ColumnElement[bool]) -> Sequence[UUID]:
    """Locked in one order, so that two opt-outs of one person cannot wait for each other."""
    statement = select(Lead.id).where(col(Lead.tenant_id) == tenant_id, which).order_by(col(Lead.id))
    return (await session.execute(statement.with_for_update(key_share=True))).scalars().all()


async def claim_key(session: AsyncSession, claim: IdempotencyKey) -> Claim | None:
    """`None`: the key is ours now. A concurrent request with the same key waits here for the first one's end."""
    statement = pg_insert(IdempotencyKey).values(**claim.model_dump()).on_conflict_do_nothing()
    taken = await session.execute(statement.returning(col(IdempotencyKey.key)))
    if taken.first() is not None:
        return None
    stored = select(IdempotencyKey).where(
        col(IdempotencyKey.tenant_id) == claim.tenant_id, col(IdempotencyKey.key) == claim.key
    )
    row = (await session.execute(stored)).scalar_one()
    return Claim(fingerprint=row.fingerprint, lead_id=row.lead_id)


async def use_challenge(session: AsyncSession, tenant_id: UUID, proof: Proof) -> bool:
    """False: it was used before. Of two forms at once the second waits here for the first one's end."""
    used = UsedChallenge(tenant_id=tenant_id, id=proof.challenge_id, expires_at=proof.expires_at)
    statement = pg_insert(UsedChallenge).values(**used.model_dump()).on_conflict_do_nothing()
    return (await session.execute(statement.returning(col(UsedChallenge.id)))).first() is not None


async def forget_expired_challenges(session: AsyncSession, tenant_id: UUID, now: datetime) -> None:
    """A few at a time, and none that another form is removing."""
    expired = (
        select(UsedChallenge.id)
        .where(col(UsedChallenge.tenant_id) == tenant_id, col(UsedChallenge.expires_at) < now)
        .limit(FORGOTTEN_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await session.execute(
        delete(UsedChallenge).where(
            col(UsedChallenge.tenant_id) == tenant_id, col(UsedChallenge.id).in_(expired)
        )
    )


async def tenant_ids(session: AsyncSession) -> Sequence[UUID]:
    return (await session.execute(select(Tenant.id))).scalars().all()


async def staff(session: AsyncSession, tenant_id: UUID) -> Sequence[StaffMember]:
    """By e-mail address."""
    statement = select(StaffMember).where(col(StaffMember.tenant_id) == tenant_id)
    return (await session.execute(statement.order_by(col(StaffMember.email)))).scalars().all()


async def staff_by_email(
    session: AsyncSession, tenant_id: UUID, email: str, *, lock: bool = False
) -> StaffMember | None:
    return await _member(session, tenant_id, col(StaffMember.email) == email, lock=lock)


async def staff_by_id(
    session: AsyncSession, tenant_id: UUID, staff_id: UUID, *, lock: bool = False
) -> StaffMember | None:
    return await _member(session, tenant_id, col(StaffMember.id) == staff_id, lock=lock)


async def _member(
    session: AsyncSession, tenant_id: UUID, which: ColumnElement[bool], *, lock: bool
) -> StaffMember | None:
    """Locked, nobody else raises its version meanwhile."""
    statement = select(StaffMember).where(col(StaffMember.tenant_id) == tenant_id, which)
    if lock:
        statement = statement.with_for_update(key_share=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def login_since(session: AsyncSession, member: StaffMember, since: datetime) -> bool:
    statement = select(StaffLogin.id).where(
        col(StaffLogin.tenant_id) == member.tenant_id,
        col(StaffLogin.staff_id) == member.id,
        col(StaffLogin.requested_at) > since,
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def use_login(session: AsyncSession, tenant_id: UUID, login_id: UUID) -> UUID | None:
    """The member of staff it was asked for; `None` when it was used before or is too old."""
    now = database_now()
    statement = (
        update(StaffLogin)
        .where(
            col(StaffLogin.tenant_id) == tenant_id,
            col(StaffLogin.id) == login_id,
            col(StaffLogin.used_at).is_(None),
            col(StaffLogin.expires_at) > now,
        )
        .values(used_at=now)
        .returning(col(StaffLogin.staff_id))
    )
    found: UUID | None = (await session.execute(statement)).scalar_one_or_none()
    return found


async def forget_expired_sessions(session: AsyncSession, member: StaffMember, now: datetime) -> None:
    await session.execute(
        delete(StaffSession).where(
            col(StaffSession.tenant_id) == member.tenant_id,
            col(StaffSession.staff_id) == member.id,
            col(StaffSession.expires_at) < now,
        )
    )


async def sessions_of(session: AsyncSession, member: StaffMember) -> Sequence[StaffSession]:
    """Oldest first."""
    statement = select(StaffSession).where(
        col(StaffSession.tenant_id) == member.tenant_id, col(StaffSession.staff_id) == member.id
    )
    return (await session.execute(statement.order_by(col(StaffSession.created_at)))).scalars().all()


async def open_session(session: AsyncSession, tenant_id: UUID, session_id: UUID) -> StaffSession | None:
    """Unless it was ended."""
    statement = select(StaffSession).where(
        col(StaffSession.tenant_id) == tenant_id,
        col(StaffSession.id) == session_id,
        col(StaffSession.ended_at).is_(None),
    )
    return (await session.execute(statement)).scalar_one_or_none()
