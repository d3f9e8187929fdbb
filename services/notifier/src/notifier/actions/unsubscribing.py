"""The unsubscribe link."""

from uuid import uuid4

from shared.db.engine import transaction
from shared.db.time import database_now
from shared.http.links import Link

from notifier.actions.consents import opt_out
from notifier.actions.intents import addresses_of
from notifier.actions.ledger import Said
from notifier.deps import Deps
from notifier.store import consents, leads, replicas
from notifier.tables import Location

BY_LINK = "link"


async def location_of(deps: Deps, link: Link) -> Location | None:
    """Whose messages the link ends; `None`: there is no such lead."""
    async with transaction(deps.sessions, link.tenant_id) as session:
        lead = await leads.lead(session, link.tenant_id, link.subject_id)
        return await replicas.location(session, link.tenant_id, lead.location_id) if lead else None


async def unsubscribe(deps: Deps, link: Link, ip: str) -> bool:
    """Ends marketing e-mail to the lead's address; again: nothing more happens. False: there is no such lead."""
    async with transaction(deps.sessions, link.tenant_id) as session:
        lead = await leads.lead(session, link.tenant_id, link.subject_id)
        if lead is None or not await leads.share_lead(session, link.tenant_id, link.subject_id):
            return False
        await opt_out(session, lead, "email", Said("link", ip=ip))
    return True


async def undo(deps: Deps, link: Link, ip: str) -> bool:
    """Takes back what a link refused, and no other refusal: the word before it stands again. False: there is no such lead.

    The sequence has ended all the same: nobody is written to for having pressed a wrong button twice.
    """
    async with transaction(deps.sessions, link.tenant_id) as session:
        lead = await leads.lead(session, link.tenant_id, link.subject_id)
        if lead is None or not await leads.share_lead(session, link.tenant_id, link.subject_id):
            return False
        address = addresses_of(lead)["email"]
        if address is None:
            return True
        await leads.lock_leads_of_person(session, lead)
        said = await consents.ledger_of(session, link.tenant_id, "email", [address], [])
        if said and said[-1].permission == "opted_out" and said[-1].source == BY_LINK:
            before = said[-2].permission if len(said) > 1 else "unknown"
            change = {
                "id": uuid4(),
                "permission": before,
                "text": "undone",
                "ip": ip,
                "said_at": database_now(),
            }
            await consents.add_consents(session, [said[-1].model_copy(update=change)])
    return True
