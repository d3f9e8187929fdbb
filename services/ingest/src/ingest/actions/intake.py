"""ShopMonkey's webhooks in groups: what arrives while a commit runs goes into the next one, and each is answered after its own.

Only what nobody need look at twice: signed by a secret that is known, at a location that takes leads, of nobody who was erased.
All else, and each of a group that fails, goes the way of `actions.webhooks`. What is known of a tenant may be old: the statement
that keeps a group looks whether it still stands.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import structlog
from pydantic import SecretStr
from shared.db.engine import create_pool
from shared.db.time import database_now
from shared.messaging.outbox import envelope
from shared.persons import address_hashes
from shared.telemetry.logs import without_words

from ingest import store_intake
from ingest.actions.receive import lead_id_of
from ingest.actions.webhooks import change_received
from ingest.domain import delivery
from ingest.domain.delivery import Accepted, Duplicate, IncomingWebhook, Malformed, ShopmonkeyChange
from ingest.domain.signature import BadSignature, StaleTimestamp, verify
from ingest.sealing import Sealer, open_all
from ingest.store_intake import KnownTenant, WaitingDelivery

log = structlog.get_logger()

CONNECTIONS = 3
"""As many tenants at once: one tenant's groups come one after another."""
MOST_AT_ONCE = 100


@dataclass
class _Tenant:
    """`waiting`: in order of arrival."""

    known: KnownTenant
    secrets: tuple[str, ...]
    waiting: list[tuple[WaitingDelivery, asyncio.Future[UUID | None]]] = field(default_factory=list)
    keeping: asyncio.Task[None] | None = None

    def next_group(self) -> dict[str, tuple[WaitingDelivery, asyncio.Future[UUID | None]]]:
        """By `webhook_id`: one that comes twice waits for the next group, since one statement touches a row once."""
        group: dict[str, tuple[WaitingDelivery, asyncio.Future[UUID | None]]] = {}
        left = []
        for one in self.waiting:
            webhook_id = one[0].webhook_id
            if webhook_id in group or len(group) == MOST_AT_ONCE:
                left.append(one)
            else:
                group[webhook_id] = one
        self.waiting = left
        return group


class Intake:
    """Knows a tenant from its first webhook on that was accepted (`learn`)."""

    def __init__(self, database_url: str, sealer: Sealer, person_key: SecretStr) -> None:
        self._database_url = database_url
        self._sealer = sealer
        self._person_key = person_key
        self._tenants: dict[str, _Tenant] = {}
        self._pool: asyncpg.Pool | None = None

    async def keep(self, slug: str, incoming: IncomingWebhook) -> Accepted | Duplicate | None:
        """`None`: nothing was kept, and nobody knows why; it wants to be looked at by itself."""
        tenant = self._tenants.get(slug)
        waiting = self._read(tenant, incoming) if tenant else None
        if tenant is None or waiting is None:
            return None
        kept: asyncio.Future[UUID | None] = asyncio.get_running_loop().create_future()
        tenant.waiting.append((waiting, kept))
        if tenant.keeping is None:
            tenant.keeping = asyncio.create_task(self._keep_all(tenant), name="intake")
        passed_on_by = await kept
        if passed_on_by is None:
            return None
        id_ = waiting.delivery_id
        return Accepted(id_) if passed_on_by == waiting.event.id else Duplicate(id_)

    async def learn(self, slug: str) -> None:
        """Anew, where something has changed. The endpoint's answer has left by now, and does without it."""
        try:
            async with self._connection() as connection:
                known = await store_intake.known_tenant(connection, slug)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("intake.not_learned", tenant=slug, reason=without_words(error))
            return
        if known is not None:
            opened = open_all(self._sealer, known.tenant.plain, known.tenant.sealed)
            self._tenants[slug] = _Tenant(known, opened.secrets)

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        """One that failed goes: nothing of a transaction may be left to whoever takes it next."""
        if self._pool is None:
            self._pool = create_pool(self._database_url, CONNECTIONS)
        await self._pool
        async with self._pool.acquire() as connection:
            try:
                yield connection
            except BaseException:
                connection.terminate()
                raise

    async def _keep_all(self, tenant: _Tenant) -> None:
        try:
            while group := tenant.next_group():
                kept = await self._keep_group(tenant.known, [one for one, _ in group.values()])
                for webhook_id, (_, answer) in group.items():
                    if not answer.done():  # its caller may have gone
                        answer.set_result(kept.get(webhook_id))
        finally:
            tenant.keeping = None

    async def _keep_group(self, known: KnownTenant, group: list[WaitingDelivery]) -> dict[str, UUID]:
        try:
            async with self._connection() as connection:
                return await store_intake.keep_deliveries(connection, known, group)
        except Exception as error:  # noqa: BLE001 - each is tried singly, and answered what comes of that
            log.warning("intake.group_failed", deliveries=len(group), reason=without_words(error))
            return {}

    def _read(self, tenant: _Tenant, incoming: IncomingWebhook) -> WaitingDelivery | None:
        now, webhook_id = database_now(), incoming.signature.webhook_id
        try:
            verify(incoming.signature, incoming.body, secrets=tenant.secrets, now=now)
            delivery.check_webhook_id(webhook_id)
            change = delivery.read_change(incoming.body)
        except (BadSignature, StaleTimestamp, Malformed):
            return None
        known, crm_id = tenant.known, change.crm_location_id()
        location_id = None if crm_id is None else known.locations.get(crm_id)
        if crm_id is not None and location_id is None:
            return None
        delivery_id = delivery.delivery_id(known.tenant.id, webhook_id)
        return WaitingDelivery(
            webhook_id=webhook_id,
            delivery_id=delivery_id,
            location=(location_id, crm_id) if location_id and crm_id else None,
            body=incoming.body,
            headers=incoming.kept_headers,
            received_at=now,
            event=envelope(
                change_received(delivery_id, now, change),
                tenant_id=known.tenant.id,
                subject=delivery_id,
                location_id=location_id,
            ),
            leads=_leads(known.tenant.id, location_id, change),
            signs=self._hashes(change) if known.has_erased else (),
        )

    def _hashes(self, change: ShopmonkeyChange) -> list[str]:
        return [hashed for sign in change.signs() for hashed in address_hashes(sign, self._person_key)]


def _leads(tenant_id: UUID, location_id: UUID | None, change: ShopmonkeyChange) -> list[tuple[UUID, UUID]]:
    """Whose order it may be."""
    order_id, marked = change.order_id(), change.leads_marked()
    of_order = lead_id_of(tenant_id, location_id, order_id) if location_id and order_id is not None else None
    return [*([(of_order, of_order)] if of_order else []), *([marked] if marked else [])]
