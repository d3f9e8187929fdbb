"""Which tenant an endpoint is for."""

from uuid import UUID

from shared.db.engine import transaction
from shared.http.problems import Problem

from notifier.deps import Deps
from notifier.store import replicas


async def tenant_named(deps: Deps, slug: str) -> UUID:
    """Raises 404 for a tenant that has told us of no location yet."""
    async with transaction(deps.sessions, tenant_id=None) as session:
        tenant_id = await replicas.tenant_by_slug(session, slug)
    if tenant_id is None:
        raise Problem(404, "not_found", "There is no such tenant.")
    return tenant_id
