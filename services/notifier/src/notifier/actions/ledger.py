"""What is written into the ledger of consents, and told of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast, get_args
from uuid import UUID, uuid4

from pydantic import SecretStr
from shared.db.time import database_now
from shared.events import ContactOptedOut, CrmConsent, CrmConsentObserved, Event
from shared.messaging.outbox import record
from shared.persons import address_hashes, erased_signs
from sqlalchemy.ext.asyncio import AsyncSession

from notifier.deps import Deps
from notifier.domain.consent import CRM, START, Word, crm_counts, crm_lapses
from notifier.domain.gate import Permission
from notifier.store import consents, leads
from notifier.store.consents import Address
from notifier.tables import Consent, Lead

How = Literal["keyword", "free_text", "link", "complaint", "staff"]


@dataclass(frozen=True)
class Said:
    """How somebody refused, in which words, from where, and when; `None`: just now."""

    how: How
    text: str | None = None
    ip: str | None = None
    at: datetime | None = None


def refusal(tenant_id: UUID, address: Address, said: Said, lead: Lead | None) -> Consent:
    return Consent(
        tenant_id=tenant_id,
        channel=address[0],
        address=address[1],
        permission="opted_out",
        source=said.how,
        text=said.text,
        ip=said.ip,
        lead_id=lead.id if lead else None,
        said_at=said.at or database_now(),
    )


async def refuse(
    session: AsyncSession, tenant_id: UUID, address: Address, said: Said, lead: Lead | None
) -> None:
    await consents.add_consents(session, [refusal(tenant_id, address, said, lead)])
    await _tell(session, tenant_id, address, said, lead)


async def _tell(
    session: AsyncSession, tenant_id: UUID, address: Address, said: Said, lead: Lead | None
) -> None:
    fact = ContactOptedOut(
        lead_id=lead.id if lead else None,
        address=address[1],
        channel=address[0],
        how=said.how,
        text=said.text,
    )
    await record(
        session,
        fact,
        tenant_id=tenant_id,
        subject=lead.id if lead else tenant_id,
        location_id=lead.location_id if lead else None,
        lead_version=lead.lead_version if lead else 0,
        correlation_id=lead.correlation_id if lead else None,
    )


async def heed_crm_consents(session: AsyncSession, event: Event[CrmConsentObserved], deps: Deps) -> None:
    """Only the channel that is refused ends, at once: the gate asks the ledger when a message is about to go."""
    key, told = deps.settings.person_key, event.data
    addresses = {one.address for one in (*told.consents, *told.lapsed)}
    gone = await erased_signs(session, event.tenant_id, addresses, key, since=event.time)
    await _keep_of_erased(session, event, [one for one in told.consents if one.address in gone], key)
    subject = await leads.lead(session, event.tenant_id, UUID(event.subject))
    words = [one for one in told.consents if one.address not in gone]
    await hear_crm(session, event.tenant_id, words, told.said_at, key, subject)
    lapsed = [one for one in told.lapsed if one.address not in gone]
    await _end_lapsed(session, event.tenant_id, lapsed, told.said_at, subject)


async def _end_lapsed(
    session: AsyncSession,
    tenant_id: UUID,
    lapsed: Sequence[CrmConsent],
    said_at: datetime,
    subject: Lead | None,
) -> None:
    """Nobody refused anything: as if the CRM had never been asked. What the person agreed to elsewhere stands again."""
    if not lapsed:
        return
    await leads.lock_addresses(session, tenant_id, [one.address for one in lapsed])
    addresses: list[Address] = [(one.channel, one.address) for one in lapsed]
    newest = await consents.newest(session, tenant_id, addresses)
    for one in lapsed:
        known = newest.get((one.channel, one.address))
        if not crm_lapses(said_at, _word(known) if known else None):
            continue
        if own := await consents.own_grant(session, tenant_id, (one.channel, one.address)):
            again = own.model_copy(update={"id": uuid4()})
            await consents.add_consents(session, [again])
        else:
            await _write_down(session, tenant_id, one, "unknown", said_at, subject)


async def _keep_of_erased(
    session: AsyncSession, event: Event[CrmConsentObserved], words: Sequence[CrmConsent], key: SecretStr
) -> None:
    """What was on its way when its person was erased: a refusal stays as theirs do, nothing else does."""
    rows = [
        Consent(
            tenant_id=event.tenant_id,
            channel=one.channel,
            address=address_hashes(one.address, key)[0],
            permission="opted_out",
            source=CRM,
            said_at=event.data.said_at,
        )
        for one in words
        if not one.granted
    ]
    await consents.add_consents(session, rows)


async def hear_crm(
    session: AsyncSession,
    tenant_id: UUID,
    words: Sequence[CrmConsent],
    said_at: datetime,
    person_key: SecretStr,
    subject: Lead | None,
) -> None:
    """`subject`: whose customer it is. Also an address that no lead has goes when that lead is erased."""
    await recall(session, tenant_id, [one.address for one in words], person_key)
    await note_crm(session, tenant_id, words, said_at, subject)


async def note_crm(
    session: AsyncSession,
    tenant_id: UUID,
    words: Sequence[CrmConsent],
    said_at: datetime,
    subject: Lead | None,
) -> None:
    """The caller has recalled the addresses."""
    addresses: list[Address] = [(one.channel, one.address) for one in words]
    newest = await consents.newest(session, tenant_id, addresses)
    of_crm = await consents.crm_said_at(session, tenant_id, addresses)
    for one in words:
        known = newest.get((one.channel, one.address))
        if crm_counts(said_at, _word(known) if known else None, of_crm.get((one.channel, one.address))):
            permission: Permission = "granted" if one.granted else "opted_out"
            lead = await _write_down(session, tenant_id, one, permission, said_at, subject)
            out_before = known is not None and known.permission == "opted_out"
            if lead and not one.granted and not out_before:
                said = Said("staff", one.words)
                await _tell(session, tenant_id, (one.channel, one.address), said, lead)


async def tell_what_waited(session: AsyncSession, lead: Lead, newest: Mapping[Address, Consent]) -> None:
    """What the CRM refused for the lead's addresses before any lead had them; `newest`: what stands on each, locked by `recall`."""
    for address, row in newest.items():
        if row.untold:
            await consents.note_told(session, lead.tenant_id, row.id)
            await _tell(session, lead.tenant_id, address, Said("staff", row.text), lead)


async def refuse_as_elsewhere(
    session: AsyncSession, lead: Lead, addresses: Sequence[Address], elsewhere: Sequence[Address]
) -> None:
    """Who refused at another number of theirs before the CRM told whose it is: out at `addresses`, too, unless they have said START there since."""
    newest = await consents.newest(session, lead.tenant_id, elsewhere)
    for address in addresses:
        refusals = [
            row for (channel, _), row in newest.items() if channel == address[0] and _is_own_refusal(row)
        ]
        last = max(refusals, key=lambda row: row.said_at, default=None)
        known = newest.get(address)
        if last is not None and not (known and _outlasts(known, last)):
            how = cast("How", last.source) if last.source in get_args(How) else "free_text"
            said = Said(how, last.text, at=last.said_at)
            # Of no lead: like the word that it stands for it ends its channel, and not the lead's sequence.
            await consents.add_consents(session, [refusal(lead.tenant_id, address, said, None)])
            await _tell(session, lead.tenant_id, address, said, lead)


async def recall(
    session: AsyncSession, tenant_id: UUID, addresses: Sequence[str], person_key: SecretStr
) -> None:
    """Until the transaction ends nobody else writes of them; what an erased person refused there counts again."""
    await leads.lock_addresses(session, tenant_id, addresses)
    names = {hashed: address for address in addresses for hashed in address_hashes(address, person_key)}
    await consents.put_names_to(session, tenant_id, names)


def _is_own_refusal(row: Consent) -> bool:
    return row.permission == "opted_out" and row.source != CRM


def _outlasts(known: Consent, refused: Consent) -> bool:
    """The same said there already, or taken back there."""
    return _is_own_refusal(known) or (known.source == START and known.said_at > refused.said_at)


def _word(row: Consent) -> Word:
    return Word(granted=row.permission == "granted", source=row.source, said_at=row.said_at)


async def _write_down(
    session: AsyncSession,
    tenant_id: UUID,
    one: CrmConsent,
    permission: Permission,
    said_at: datetime,
    subject: Lead | None,
) -> Lead | None:
    """The lead that has the address. Of one that no lead has nobody is told yet: it would stay in the log when its person is erased."""
    find = leads.newest_lead_by_phone if one.channel == "sms" else leads.newest_lead_by_email
    lead = await find(session, tenant_id, one.address, "")
    of_lead = lead or subject
    row = Consent(
        tenant_id=tenant_id,
        channel=one.channel,
        address=one.address,
        permission=permission,
        source=CRM,
        text=one.words,
        lead_id=of_lead.id if of_lead else None,
        untold=permission == "opted_out" and lead is None,
        said_at=said_at,
    )
    await consents.add_consents(session, [row])
    return lead
