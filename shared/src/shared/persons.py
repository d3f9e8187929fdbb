"""What a service holds of a lead, table by table: to be shown to the person, and to be erased at once in every service."""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import structlog
from pydantic import SecretStr
from sqlalchemy import ARRAY, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from shared.db.engine import Sessions, transaction
from shared.events import Event, PersonErasureRequested
from shared.messaging.failures import RetryLater
from shared.messaging.inbox import first_deliveries
from shared.secrets import keys_of

log = structlog.get_logger()

_HASH = "hmac-sha256:"
NOBODY = UUID(int=0)
"""In place of a lead, where only addresses tell whose a row is."""


@dataclass(frozen=True)
class Holding:
    """Rows of `table` for which `of_lead`, SQL about `:lead_id` and `:addresses`, is true.

    `blank` is what erasing sets in them, since their numbers stay; without it the rows go. `spared`: SQL, which of them are
    another lead's, too: they are shown and not erased. `under_way`: SQL, which may not be changed at this moment: whoever erases comes again. `kept`: they tell nothing of the person and stay as they are.
    `shown`: SQL for what the person may see of a row that also holds somebody else's words; else the whole row.
    """

    table: str
    of_lead: str
    blank: str | None = None
    spared: str = "false"
    under_way: str = "false"
    kept: bool = False
    shown: str | None = None

    @property
    def erasing(self) -> str:
        change = f"UPDATE {self.table} SET {self.blank}" if self.blank else f"DELETE FROM {self.table}"  # noqa: S608
        return f"{change} WHERE ({self.of_lead}) AND NOT ({self.spared}) AND NOT ({self.under_way})"

    @property
    def looking(self) -> str:
        """Whether it has some that are under way."""
        wanted = f"({self.of_lead}) AND NOT ({self.spared}) AND ({self.under_way})"
        return f"SELECT EXISTS (SELECT FROM {self.table} WHERE {wanted})"  # noqa: S608

    @property
    def showing(self) -> str:
        return f"SELECT {self.shown or f'to_jsonb({self.table})'} FROM {self.table} WHERE {self.of_lead}"  # noqa: S608


@dataclass(frozen=True)
class Holdings:
    """In the order in which they are erased.

    `events`: SQL, which events of the outbox are about the lead or its addresses. `addresses`: SQL, those that `:lead_id` has and
    had, unless they are another lead's now. `locks`: statements that lock the rows which whoever writes about the lead beside
    the consumers holds, in the order in which writers take them; the lock must keep out a writer's `FOR KEY SHARE`.
    `signs`: SQL, what else than addresses tells whose a record is. `stranger_locks`: statements that wait for whoever writes
    of an address that no lead has.
    """

    tables: tuple[Holding, ...]
    events: str = "key = CAST(:lead_id AS text)"
    addresses: str | None = None
    signs: str | None = None
    locks: tuple[str, ...] = ()
    stranger_locks: tuple[str, ...] = ()


def address_hashes(address: str, keys: SecretStr) -> list[str]:
    """Each stands for an erased person's address: tells whether it is the same, and only to whoever has the key.

    By each of the keys, the newest first: what an older one made still tells.
    """
    return [
        _HASH + hmac.digest(key.encode(), address.encode(), hashlib.sha256).hex() for key in keys_of(keys)
    ]


async def held(
    session: AsyncSession, holdings: Holdings, lead_id: UUID, addresses: Sequence[str] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Table to rows; of tables that hold nothing of the lead an empty list. Without `addresses` its own."""
    if addresses is None:
        addresses = await addresses_of(session, holdings, lead_id)
    wanted = {"lead_id": lead_id, "addresses": list(addresses)}
    found: dict[str, list[dict[str, Any]]] = {}
    for holding in (Holding("outbox", holdings.events), *holdings.tables):
        rows = (await session.scalars(_about(holding.showing), wanted)).all()
        found.setdefault(holding.table, []).extend(_readable(row) for row in rows)
    return found


async def under_way(
    session: AsyncSession, holdings: Holdings, lead_id: UUID, addresses: Sequence[str]
) -> bool:
    """Whether erasing has left something for a moment. Looked at afterwards: what is there only then was not missed."""
    wanted = {"lead_id": lead_id, "addresses": list(addresses)}
    moving = [one for one in holdings.tables if one.under_way != "false"]
    return any([await session.scalar(_about(holding.looking), wanted) for holding in moving])


async def addresses_of(session: AsyncSession, holdings: Holdings, lead_id: UUID) -> list[str]:
    return await _texts(session, holdings.addresses, lead_id)


async def _texts(session: AsyncSession, statement: str | None, lead_id: UUID) -> list[str]:
    if statement is None:
        return []
    found = (await session.scalars(_about(statement), {"lead_id": lead_id})).all()
    return sorted({one for one in found if one})


_TYPES: Mapping[str, TypeEngine[Any]] = {"lead_id": Uuid(), "addresses": ARRAY(Text())}


def _about(statement: str) -> TextClause:
    typed = [bindparam(name, type_=type_) for name, type_ in _TYPES.items() if f":{name}" in statement]
    return text(statement).bindparams(*typed)


def _readable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _bytes_as_text(value) for name, value in row.items()}


def _bytes_as_text(value: object) -> object:
    r"""PostgreSQL writes bytes in JSON as `\x` and hex digits; ours are bodies of events and of webhooks."""
    if not (isinstance(value, str) and value.startswith("\\x")):
        return value
    try:
        return json.loads(bytes.fromhex(value[2:]))
    except ValueError:
        return value


async def stop_writers(session: AsyncSession, holdings: Holdings, lead_id: UUID) -> None:
    """Waits for the events that the service works on and for whoever writes about the lead; others wait until this transaction ends.

    So nothing is written about a lead behind the back of whoever erases it. Comes first in the transaction.
    """
    await session.execute(text("LOCK TABLE inbox IN SHARE ROW EXCLUSIVE MODE"))
    for lock in holdings.locks:
        await session.execute(_about(lock), {"lead_id": lead_id})


@dataclass(frozen=True)
class Erased:
    """As `erased_leads_table` has it."""

    erased_at: datetime
    rows: dict[str, int]
    subjects: list[str]


_ANY_ERASED = text("SELECT lead_id FROM erased_leads WHERE lead_id BETWEEN :first AND :last LIMIT 1")
_ERASED = text("SELECT erased_at, rows, subjects FROM erased_leads WHERE lead_id = :lead_id")


async def any_erased(session: AsyncSession, first: UUID, last: UUID) -> bool:
    """Whether a lead with an id from the first to the last has been erased here."""
    wanted = {"first": first, "last": last}
    return (await session.execute(_ANY_ERASED, wanted)).first() is not None


async def erased(session: AsyncSession, lead_id: UUID) -> Erased | None:
    """`None`: the lead has not been erased here."""
    row = (await session.execute(_ERASED, {"lead_id": lead_id})).first()
    return Erased(*row) if row else None


_REMEMBER = text(
    "INSERT INTO erased_leads (lead_id, tenant_id, rows, subjects) VALUES (:lead_id, :tenant_id, :rows, :subjects) "
    "ON CONFLICT DO NOTHING"
).bindparams(bindparam("rows", type_=JSONB))


async def erase(
    session: AsyncSession,
    holdings: Holdings,
    *,
    tenant_id: UUID,
    lead_id: UUID,
    keys: SecretStr | None = None,
) -> None:
    """Under `stop_writers`. `keys` where addresses stay as hashes. Raises `RetryLater` while something is under way."""
    addresses = await addresses_of(session, holdings, lead_id)
    rows, subjects = await _erase(session, holdings, tenant_id, lead_id, addresses, keys)
    if await under_way(session, holdings, lead_id, addresses):
        raise RetryLater("something about the person is under way")
    await remember(session, tenant_id=tenant_id, lead_id=lead_id, rows=rows, subjects=subjects)


async def erase_addresses(
    session: AsyncSession,
    holdings: Holdings,
    *,
    tenant_id: UUID,
    addresses: Sequence[str],
    keys: SecretStr | None = None,
) -> tuple[dict[str, int], list[str]]:
    """What names the addresses and is no lead's: table to rows, and the subjects of the events that left the outbox."""
    await stop_writers(session, holdings, NOBODY)
    for lock in holdings.stranger_locks:
        await session.execute(text(lock))
    return await _erase(session, holdings, tenant_id, NOBODY, addresses, keys)


async def _erase(
    session: AsyncSession,
    holdings: Holdings,
    tenant_id: UUID,
    lead_id: UUID,
    addresses: Sequence[str],
    keys: SecretStr | None,
) -> tuple[dict[str, int], list[str]]:
    hashes = {address: address_hashes(address, keys)[0] for address in addresses} if keys else {}
    if keys:
        signs = [
            *hashes.values(),
            *(address_hashes(one, keys)[0] for one in await _texts(session, holdings.signs, lead_id)),
        ]
        await session.execute(_REMEMBER_SIGNS, {"tenant_id": tenant_id, "signs": signs})
    wanted = {"lead_id": lead_id, "addresses": list(addresses), "hashes": json.dumps(hashes)}
    events = _about(f"DELETE FROM outbox WHERE {holdings.events} RETURNING key")  # noqa: S608
    subjects = (await session.scalars(events, wanted)).all()
    rows = {"outbox": len(subjects)}
    for holding in holdings.tables:
        if holding.kept:
            continue
        done = await session.execute(_about(holding.erasing), wanted)
        rows[holding.table] = rows.get(holding.table, 0) + done.rowcount  # type: ignore[attr-defined]  # it has one
    # The tenant stands for everybody who is not known.
    return rows, sorted(set(subjects) - {str(tenant_id)})


async def remember(
    session: AsyncSession, *, tenant_id: UUID, lead_id: UUID, rows: Mapping[str, int], subjects: Sequence[str]
) -> None:
    """From here on no event brings the lead back."""
    row = {"lead_id": lead_id, "tenant_id": tenant_id, "rows": dict(rows), "subjects": list(subjects)}
    await session.execute(_REMEMBER, row)


_REMEMBER_SIGNS = text(
    "INSERT INTO erased_signs (tenant_id, sign) SELECT DISTINCT CAST(:tenant_id AS uuid), sign FROM unnest(:signs) AS sign "
    "ON CONFLICT (tenant_id, sign) DO UPDATE SET erased_at = clock_timestamp()"
).bindparams(bindparam("signs", type_=ARRAY(Text())))

_ERASED_SIGNS = text(
    "SELECT sign FROM erased_signs WHERE tenant_id = :tenant_id AND sign = ANY(:signs) AND erased_at >= :since"
).bindparams(bindparam("signs", type_=ARRAY(Text())))

EVER = datetime(1970, 1, 1, tzinfo=UTC)


async def erased_signs(
    session: AsyncSession, tenant_id: UUID, signs: Iterable[str], keys: SecretStr, *, since: datetime = EVER
) -> set[str]:
    """Which of them an erased person was known by, of those erased at that moment or later. Needs the service's `erased_signs`."""
    known = {hashed: sign for sign in signs for hashed in address_hashes(sign, keys)}
    wanted = {"tenant_id": tenant_id, "signs": list(known), "since": since}
    return {known[found] for found in await session.scalars(_ERASED_SIGNS, wanted)}


Prepare = Callable[[AsyncSession, Event[PersonErasureRequested]], Awaitable[None]]
"""Under `stop_writers`. Raises `RetryLater` while something is under way."""


async def erase_once(
    sessions: Sessions,
    event: Event[PersonErasureRequested],
    holdings: Holdings,
    prepare: Prepare | None = None,
    keys: SecretStr | None = None,
) -> None:
    """A service that was rebuilt from the log, or was down, forgets the lead when it hears of it."""
    tenant_id, lead_id = event.tenant_id, event.data.lead_id
    async with transaction(sessions, tenant_id) as session:
        await stop_writers(session, holdings, lead_id)
        if await first_deliveries(session, event, ["erase_person"]):
            if prepare:
                await prepare(session, event)
            await erase(session, holdings, tenant_id=tenant_id, lead_id=lead_id, keys=keys)
            log.info("person.erased", lead_id=str(lead_id))
