"""What the services hold of a person, asked at their own endpoints; and the person's traces on the broker."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2
from aio_pika.abc import AbstractIncomingMessage
from shared.events import SERVICES, LocationChanged, PersonErasureRequested, ServiceName, StaffChanged
from shared.messaging.topology import DISCARDED_STREAM, LOG_STREAM

from ops.dead_letters import held
from ops.log_rewrite import take_out
from ops.screen import fail, refusal
from ops.settings import Settings

Json = dict[str, Any]
TIMEOUT_SECONDS = 60
"""Erasing looks through all raw deliveries of the tenant."""


@dataclass(frozen=True)
class Person:
    """As ingest answers; `address` as leads keep it. Who is no lead has none, and `addresses` all the same."""

    address: str
    addresses: Sequence[str]
    tenant_id: str
    leads: Sequence[Json]
    related: Sequence[Json]
    erased: Sequence[str]
    staff: Sequence[Json]

    @property
    def lead_ids(self) -> list[str]:
        """Each once: what was erased just now is among both."""
        return list(dict.fromkeys([*(lead["id"] for lead in self.leads), *self.erased]))


class Services:
    """All five, each at its own address: these endpoints are not on the public site."""

    def __init__(self, settings: Settings) -> None:
        urls = settings.service_urls()
        for service in SERVICES:
            if service not in urls:
                fail(f"LEADCTL_{service.replace('-', '_').upper()}_URL is not set: where {service} answers")
        token = settings.ops_token.get_secret_value()
        self._urls = urls
        self._http = httpx2.Client(
            headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_SECONDS, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def person(self, tenant: str, address: str, verb: str) -> Person:
        """`verb`: find or erase. Ends the program with ingest's own words when it refuses."""
        return Person(**self._about("ingest", f"/api/admin/persons/{tenant}/{verb}", address))

    def consents(self, tenant: str, address: str) -> Json:
        """`address` as leads keep it. Ends the program when notifier refuses or is away."""
        return self._about("notifier", f"/api/admin/notifier/{tenant}/consents/find", address)

    def _about(self, service: ServiceName, path: str, address: str) -> Json:
        """In the body, so that it is in no log."""
        try:
            answer = self._http.post(f"{self._urls[service]}{path}", json={"address": address})
        except httpx2.HTTPError as error:
            fail(f"{service} does not answer ({error or type(error).__name__}). Is the stack up?")
        if not answer.is_success:
            fail(refusal(answer))
        found: Json = answer.json()
        return found

    def retention(self, service: ServiceName, verb: str = "GET", path: str = "") -> Json:
        """What the endpoint of the service's retention answers. Ends the program when it refuses or is away."""
        try:
            answer = self._http.request(verb, f"{self._urls[service]}/api/admin/retention{path}")
        except httpx2.HTTPError as error:
            fail(f"{service} does not answer ({error or type(error).__name__}). Is it up?")
        if not answer.is_success:
            fail(f"{service}: {refusal(answer)}")
        found: Json = answer.json()
        return found

    def held(self, service: ServiceName, tenant_id: str, lead_id: str) -> Json | None:
        """`None`: the service is away."""
        return self._ask(service, "GET", f"{tenant_id}/{lead_id}")

    def of_addresses(self, service: ServiceName, person: Person, verb: str) -> Json | None:
        """What is no lead's. `verb`: find or erase. `None`: the service is away."""
        path = f"{person.tenant_id}/addresses/{verb}"
        return self._ask(service, "POST", path, {"addresses": list(person.addresses)})

    def _ask(self, service: ServiceName, method: str, path: str, body: Json | None = None) -> Json | None:
        try:
            answer = self._http.request(method, f"{self._urls[service]}/api/admin/persons/{path}", json=body)
        except httpx2.HTTPError:
            return None
        if answer.status_code == 503:
            return None
        if not answer.is_success:
            fail(f"{service}: {refusal(answer)}")
        found: Json = answer.json()
        return found


@dataclass
class Erased:
    """What of a person each service has erased so far. `subjects`: of the events about the person."""

    waiting: set[tuple[ServiceName, str]]
    rows: dict[ServiceName, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in SERVICES}
    )
    subjects: set[str] = field(default_factory=set)

    def note_addresses(self, service: ServiceName, erased: Json) -> None:
        self.rows[service].update(erased["rows"])
        self.subjects.update(erased["subjects"])

    def look(self, services: Services, tenant_id: str) -> None:
        """Asks those that had not erased a lead yet."""
        for service, lead_id in sorted(self.waiting):
            found = services.held(service, tenant_id, lead_id)
            if found is not None and found["erased"] is not None:
                self.waiting.discard((service, lead_id))
                self.rows[service].update(found["erased"]["rows"])
                self.subjects.update(found["erased"]["subjects"])


def counted(tables: Mapping[str, Sequence[object]]) -> Counter[str]:
    return Counter({table: len(rows) for table, rows in tables.items()})


_OF_THE_SHOP = {LocationChanged.type, StaffChanged.type}


@dataclass(frozen=True)
class Traces:
    """Which messages on the broker are about the person. `others`: leads that share an address and are to stay.

    By an address only events of the person's own tenant are theirs, and none of a shop or its staff.
    """

    subjects: frozenset[str]
    addresses: frozenset[str]
    others: frozenset[str]
    tenant_id: str | None = None

    def __contains__(self, message: AbstractIncomingMessage) -> bool:
        """The request itself stays: a service that is rebuilt from the log must hear of it. It names nobody."""
        event = _read(message.body)
        if event.get("type") == PersonErasureRequested.type:
            return False
        subject = str(event.get("subject"))
        if subject in self.subjects:
            return True
        if event.get("tenantid") != self.tenant_id or event.get("type") in _OF_THE_SHOP:
            return False
        return subject not in self.others and any(
            json.dumps(address, ensure_ascii=False).encode() in message.body for address in self.addresses
        )


def _read(body: bytes) -> Json:
    try:
        event = json.loads(body)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}


STREAMS = (LOG_STREAM, DISCARDED_STREAM)


async def take_from_dead_letters(rabbitmq_url: str, traces: Traces) -> int:
    count = 0
    for service in SERVICES:
        async with held(rabbitmq_url, service) as letters:
            theirs = [letter for letter in letters if letter.message in traces]
            for letter in theirs:
                await letter.message.ack()
            count += len(theirs)
    return count


async def clear_broker(rabbitmq_url: str, traces: Traces) -> Counter[str]:
    """How many messages were taken out of dead letters and of each stream."""
    found = Counter({"dead letters": await take_from_dead_letters(rabbitmq_url, traces)})
    for stream in STREAMS:
        found[stream] = await take_out(rabbitmq_url, stream, traces.__contains__)
    return found
