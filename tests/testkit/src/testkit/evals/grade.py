"""Whether a conversation went right, by the services' databases and the words said."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import httpx2
from ops.stack.stackfile import StackFile

from testkit.evals.cases import Appointment, Case
from testkit.evals.play import Transcript
from testkit.patience import eventually

_MONEY = re.compile(r"\$\s?(\d[\d,]*)(?:\.(\d\d))?")


async def grade(
    case: Case, heard: Transcript, stack: StackFile, http: httpx2.AsyncClient, *, free: bool = True
) -> list[str]:
    """What is wrong; empty when all is well. `free`: the time that was booked is given back."""
    if heard.broke:
        return [f"broke off: {heard.broke}"]
    booked = await rows_of(
        stack, "booking", "SELECT * FROM appointments WHERE lead_id = $1 ORDER BY created_at", heard.lead_id
    )
    conversations = await rows_of(
        stack, "chat", "SELECT id, state, owner FROM conversations WHERE lead_id = $1", heard.lead_id
    )
    wrong = [
        *_appointment(case.then.appointment, booked, heard),
        *await _handoff(case, conversations[0], stack),
        *_words(case, heard),
        *await prices_unknown(heard, stack, http),
    ]
    if free:
        await _free(booked, heard, stack, http)
    return wrong


def _appointment(
    wanted: Appointment | str, booked: Sequence[Mapping[str, Any]], heard: Transcript
) -> list[str]:
    if isinstance(wanted, str):
        return [f"an appointment exists: {booked[-1]['service_code']}"] if booked else []
    if not booked:
        return ["no appointment exists"]
    found = booked[-1]
    compared = [
        ("status", wanted.status, found["status"]),
        ("service", wanted.service or found["service_code"], found["service_code"]),
        ("cents", wanted.cents or found["total_cents"], found["total_cents"]),
        ("start", heard.chosen if wanted.chosen else found["starts_at"], found["starts_at"]),
        ("appointments", 1, len(booked)),
    ]
    return [f"{name}: wanted {right}, found {real}" for name, right, real in compared if right != real]


async def _handoff(case: Case, conversation: Mapping[str, Any], stack: StackFile) -> list[str]:
    query = "SELECT id FROM handoffs WHERE conversation_id = $1 AND ended_at IS NULL"
    open_ones = await rows_of(stack, "chat", query, str(conversation["id"]))
    wrong = []
    if bool(open_ones) != case.then.handoff:
        wrong.append(f"hand-off open: wanted {case.then.handoff}, found {bool(open_ones)}")
    if case.then.state not in {None, conversation["state"]}:
        wrong.append(f"state: wanted {case.then.state}, found {conversation['state']}")
    return wrong


def _words(case: Case, heard: Transcript) -> list[str]:
    said = [_plain(reply) for reply in heard.replies]
    everything, last = "\n".join(said), said[-1] if said else ""
    wanted = case.then.replies
    missing = [f"never said: {fact}" for fact in wanted.contain if not _has(everything, fact)]
    missing += [f"not in the last reply: {fact}" for fact in wanted.last if not _has(last, fact)]
    return missing + [f"said: {fact}" for fact in wanted.never if _has(everything, fact)]


def _has(text: str, fact: str | tuple[str, ...]) -> bool:
    return any(_plain(word) in text for word in ((fact,) if isinstance(fact, str) else fact))


def _plain(text: str) -> str:
    return text.lower().replace("\u2019", "'")


async def prices_unknown(heard: Transcript, stack: StackFile, http: httpx2.AsyncClient) -> list[str]:
    """Prices said that are none of the location's catalogue."""
    answer = await http.get(
        f"{stack.gateway}/api/booking/catalog", headers={"Authorization": f"Bearer {heard.token}"}
    )
    known = _amounts(answer.json())
    said = {
        int(dollars.replace(",", "")) * 100 + int(cents or 0)
        for reply in heard.replies
        for dollars, cents in _MONEY.findall(reply)
    }
    return [f"a price that is none of the catalogue: {cents} cents" for cents in sorted(said - known)]


def _amounts(value: object) -> set[int]:
    if isinstance(value, dict):
        own = {v for k, v in value.items() if k in {"amount_cents", "max_cents"} and isinstance(v, int)}
        return own.union(*(_amounts(v) for v in value.values()))
    return set().union(*(_amounts(v) for v in value)) if isinstance(value, list) else set()


async def _free(
    booked: Sequence[Mapping[str, Any]], heard: Transcript, stack: StackFile, http: httpx2.AsyncClient
) -> None:
    for one in booked:
        if one["status"] == "booked":
            url = f"{stack.gateway}/api/booking/appointments/{one['id']}/cancel"
            await http.post(url, json={}, headers={"Authorization": f"Bearer {heard.token}"})


async def rows_of(stack: StackFile, service: str, query: str, key: str) -> list[asyncpg.Record]:
    """What the service itself sees for the stack's tenant. A database without a free connection is asked again."""
    connection = await eventually(
        lambda: _connection(stack.databases[service]), within_seconds=60, every_seconds=1
    )
    assert connection is not None
    try:
        found = "SELECT tenant_id::text FROM tenants WHERE slug = $1"
        if service == "booking":
            found = "SELECT id::text FROM tenants WHERE slug = $1"
        tenant = await connection.fetchval(found, stack.tenant)
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.tenant_id', $1, true)", tenant)
            rows: list[asyncpg.Record] = await connection.fetch(query, key)
            return rows
    finally:
        await connection.close()


async def _connection(url: str) -> asyncpg.Connection | None:
    try:
        return await asyncpg.connect(url)
    except asyncpg.TooManyConnectionsError:
        return None
