"""What may be shown of an address: all that was said of its consent, and by what each message to it went or was held back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.db.engine import transaction
from shared.events.notification import OutboundChannel
from shared.persons import address_hashes

from notifier.deps import Deps
from notifier.domain.gate import Purpose
from notifier.store import consents, deliveries, leads
from notifier.tables import Consent, Delivery

_ITS_OWN_REASON = {
    Purpose.TOUCH: "answers their request, of whose consent the CRM says nothing",
    Purpose.BOOKING: "is about an appointment of theirs",
    Purpose.REPLY: "answers their message",
    Purpose.OPT_OUT_RECEIPT: "confirms their opt-out, once",
    Purpose.SHOP_NOTICE: "is for the shop itself",
}


@dataclass(frozen=True)
class Proofs:
    """Both oldest first."""

    words: Sequence[Consent]
    messages: Sequence[Delivery]


async def proofs_of(deps: Deps, tenant_id: UUID, address: str) -> Proofs:
    """Also what was kept of one whose person was erased."""
    hashes = address_hashes(address, deps.settings.person_key)
    channel: OutboundChannel = "email" if "@" in address else "sms"
    async with transaction(deps.sessions, tenant_id) as session:
        theirs = await leads.leads_of_address(session, tenant_id, (channel, address))
        words = await consents.ledger_of(session, tenant_id, channel, (address, *hashes), theirs)
        named = {word.lead_id for word in words if word.lead_id}
        messages = await deliveries.deliveries_to(session, tenant_id, address, {*named, *theirs})
    return Proofs(words, messages)


def went_by(message: Delivery) -> str | None:
    """`None`: by the consent that it names, or it did not go."""
    went = message.claimed_at is not None and message.state != "suppressed"
    return _ITS_OWN_REASON[Purpose(message.purpose)] if went and message.consent_id is None else None
