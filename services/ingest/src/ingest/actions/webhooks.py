"""A ShopMonkey webhook: stored with the event that passes it on, in one transaction, before it is answered."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog
from pydantic import SecretStr
from shared.db.engine import transaction
from shared.db.time import database_now
from shared.events import CrmChangeReceived
from shared.messaging.outbox import envelope
from shared.persons import any_erased, erased, erased_signs
from sqlalchemy.ext.asyncio import AsyncSession

from ingest import store
from ingest.actions.receive import lead_id_of
from ingest.deps import Deps
from ingest.domain import delivery
from ingest.domain.configuration import is_slug
from ingest.domain.delivery import (
    Accepted,
    Duplicate,
    IncomingWebhook,
    Outcome,
    Refusal,
    Refused,
    ShopmonkeyChange,
)
from ingest.domain.refusals import DeliveryUnknown, SecretsLost, TenantUnknown
from ingest.domain.signature import BadSignature, verify
from ingest.sealing import Sealer, open_all
from ingest.store import WebhookTenant

log = structlog.get_logger()


@dataclass(frozen=True)
class _Arrival:
    tenant_id: UUID
    webhook_id: str
    body: bytes
    headers: dict[str, str]
    received_at: datetime


async def receive_webhook(deps: Deps, slug: str, incoming: IncomingWebhook) -> Outcome:
    """Raises `TenantUnknown`, `BadSignature`, `StaleTimestamp`, `SecretsLost` or `Malformed`: then nothing is kept."""
    now = database_now()
    webhook_id = incoming.signature.webhook_id
    if not is_slug(slug):
        raise TenantUnknown(slug)
    async with transaction(deps.sessions, tenant_id=None) as session:
        tenant = await store.enter_webhook_tenant(session, slug)
        if tenant is None:
            raise TenantUnknown(slug)
        _check_signature(incoming, slug, tenant, deps.sealer, now)
        delivery.check_webhook_id(webhook_id)
        change = delivery.read_change(incoming.body)
        arrival = _Arrival(tenant.id, webhook_id, incoming.body, incoming.kept_headers, now)
        outcome = await _pass_on(session, arrival, change, deps.person_key)
    _tell(outcome, slug)
    return outcome


def _check_signature(
    incoming: IncomingWebhook, slug: str, tenant: WebhookTenant, sealer: Sealer, now: datetime
) -> None:
    """Opening a secret takes less time than the round trip that brought it, so opened ones are not kept."""
    opened = open_all(sealer, tenant.plain, tenant.sealed)
    try:
        verify(incoming.signature, incoming.body, secrets=opened.secrets, now=now)
    except BadSignature as error:
        if opened.lost:
            raise SecretsLost(slug) from error
        raise


async def replay_delivery(deps: Deps, slug: str, delivery_id: UUID) -> Outcome:
    """Judges a kept delivery again, after its location was set up. Raises `TenantUnknown` or `DeliveryUnknown`."""
    async with transaction(deps.sessions, tenant_id=None) as session:
        tenant = await store.enter_webhook_tenant(session, slug)
        if tenant is None:
            raise TenantUnknown(slug)
        row = await store.delivery(session, tenant.id, delivery_id)
        if row is None or not row.body:  # of an erased person, or too old
            raise DeliveryUnknown
        arrival = _Arrival(tenant.id, row.webhook_id, row.body, row.headers, row.received_at)
        return await _pass_on(session, arrival, delivery.read_change(row.body), deps.person_key)


async def _pass_on(
    session: AsyncSession, arrival: _Arrival, change: ShopmonkeyChange, keys: SecretStr
) -> Outcome:
    location_id, refusal = await _judge_location(session, arrival.tenant_id, change)
    if await _is_of_erased(session, arrival.tenant_id, location_id, change, keys):
        # The shop goes on with its record, and a new order is read from the CRM itself; who the person was is not kept here again.
        change = change.bare()
        arrival = replace(arrival, body=change.to_json(), headers={})
    delivery_id = delivery.delivery_id(arrival.tenant_id, arrival.webhook_id)
    event = envelope(
        change_received(delivery_id, arrival.received_at, change),
        tenant_id=arrival.tenant_id,
        subject=delivery_id,
        location_id=location_id,
    )
    kept = store.DeliveryToKeep(
        tenant_id=arrival.tenant_id,
        webhook_id=arrival.webhook_id,
        delivery_id=delivery_id,
        body=arrival.body,
        headers=arrival.headers,
        received_at=arrival.received_at,
        event=event,
        refusal=refusal,
        error=_error(refusal, change),
    )
    passed_on_by = await store.keep_delivery(session, kept)
    if passed_on_by == event.id:
        return Accepted(delivery_id)
    if passed_on_by is None and refusal is not None:
        return Refused(delivery_id, refusal)
    return Duplicate(delivery_id)


async def _is_of_erased(
    session: AsyncSession,
    tenant_id: UUID,
    location_id: UUID | None,
    change: ShopmonkeyChange,
    keys: SecretStr,
) -> bool:
    """Of the order of a lead that was erased, also of one that we wrote and nobody heard the answer; or naming an erased person who is no lead again.

    A message about an order is judged by the order alone: of a customer who has come back, it may overtake the lead.
    """
    order_id = change.order_id()
    if location_id is not None and order_id is not None:
        if await store.is_order_of_lead(session, tenant_id, location_id, order_id):
            return False
        if await erased(session, lead_id_of(tenant_id, location_id, order_id)):
            return True
    marked = change.leads_marked()
    if marked is not None and await any_erased(session, *marked):
        return True
    if change.table == "message" and order_id is not None:
        return False
    signs = await erased_signs(session, tenant_id, change.signs(), keys)
    return bool(signs) and not await store.any_is_of_a_lead(session, tenant_id, signs)


async def _judge_location(
    session: AsyncSession, tenant_id: UUID, change: ShopmonkeyChange
) -> tuple[UUID | None, Refusal | None]:
    crm_id = change.crm_location_id()
    if crm_id is None:
        return None, None
    location = await store.location_by_crm_id(session, tenant_id, crm_id)
    if location is None:
        return None, "unknown_location"
    return location.id, None if location.switches["enabled"] else "disabled_location"


def change_received(delivery_id: UUID, received_at: datetime, change: ShopmonkeyChange) -> CrmChangeReceived:
    return CrmChangeReceived(
        delivery_id=delivery_id,
        operation=change.operation,
        table=change.table,
        row=change.data,
        diff=change.diff,
        received_at=received_at,
    )


def _error(refusal: Refusal | None, change: ShopmonkeyChange) -> str | None:
    crm_id = change.crm_location_id()
    match refusal:
        case None:
            return None
        case "unknown_location":
            return f"No location of this tenant has the ShopMonkey location id {crm_id!r}."
        case "disabled_location":
            return f"The location with the ShopMonkey location id {crm_id!r} is switched off."


def _tell(outcome: Outcome, slug: str) -> None:
    if isinstance(outcome, Refused):
        log.warning(
            "webhook.refused", tenant=slug, delivery_id=str(outcome.delivery_id), reason=outcome.reason
        )
