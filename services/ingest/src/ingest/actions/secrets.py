"""The webhook secrets of all tenants, kept under the newest key."""

from dataclasses import dataclass

import structlog
from shared.db.engine import Sessions, transaction

from ingest import store
from ingest.sealing import Sealer, open_all
from ingest.store import StoredSecrets

log = structlog.get_logger()


@dataclass(frozen=True)
class SecretsState:
    """How many of a tenant's webhook secrets are kept how; `lost`: no key opens them."""

    tenant: str
    newest_key: int
    older_key: int
    plain: int
    lost: int


async def states_of_secrets(sessions: Sessions, sealer: Sealer) -> list[SecretsState]:
    """By tenant; those without secrets are left out."""
    async with transaction(sessions, tenant_id=None) as session:
        return [_state(stored, sealer) for stored in await store.secrets_of_tenants(session)]


async def seal_secrets(sessions: Sessions, sealer: Sealer) -> None:
    """Those from before secrets were sealed, and those of an older key, are sealed with the newest one."""
    for state in await states_of_secrets(sessions, sealer):
        if state.lost:
            log.error(
                "secrets.no_key_opens",
                tenant=state.tenant,
                count=state.lost,
                remedy="put the key that sealed them back into INGEST_DATA_KEYS, or import the tenant again",
            )
        elif state.plain or state.older_key:
            await _seal(sessions, sealer, state.tenant)


async def _seal(sessions: Sessions, sealer: Sealer, slug: str) -> None:
    async with transaction(sessions, tenant_id=None) as session:
        tenant = await store.enter_tenant(session, slug, lock=True)
        if tenant is None:
            return
        opened = open_all(sealer, tenant.webhook_secrets, tenant.sealed_secrets)
        if opened.lost:
            return
        tenant.webhook_secrets, tenant.sealed_secrets = [], [sealer.seal(one) for one in opened.secrets]
    log.info("secrets.sealed", tenant=slug, count=len(opened.secrets))


def _state(stored: StoredSecrets, sealer: Sealer) -> SecretsState:
    newest = sum(sealer.is_newest(one) for one in stored.sealed)
    lost = open_all(sealer, (), stored.sealed).lost
    return SecretsState(
        tenant=stored.slug,
        newest_key=newest,
        older_key=len(stored.sealed) - newest - lost,
        plain=len(stored.plain),
        lost=lost,
    )
