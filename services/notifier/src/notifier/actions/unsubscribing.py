"""The unsubscribe link."""

from uuid import UUID

from shared.db.engine import transaction

from notifier.actions.consents import opt_out
from notifier.actions.ledger import Said
from notifier.deps import Deps
from notifier.store import leads


async def unsubscribe(deps: Deps, tenant_id: UUID, lead_id: UUID, ip: str) -> bool:
    """Ends marketing e-mail to the lead's address; again: nothing more happens. False: there is no such lead."""
    async with transaction(deps.sessions, tenant_id) as session:
        lead = await leads.lead(session, tenant_id, lead_id)
        if lead is None or not await leads.share_lead(session, tenant_id, lead_id):
            return False
        await opt_out(session, lead, "email", Said("link", ip=ip))
    return True
