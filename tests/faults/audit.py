"""Compares what the outside world saw with what every service keeps: nothing lost, nothing twice, nothing left open."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

import aio_pika
from ops.stack.provision import SCHEMAS
from shared.events import CONSUMES, SERVICES, CrmChangeReceived, MessageSent
from shared.messaging.topology import (
    LOG_STREAM,
    RETRY_DELAYS_SECONDS,
    dead_letters_of,
    queue_for,
    retry_of,
)
from testkit.patience import eventually

from faults.load import Load, Story
from faults.system import System

Row = dict[str, Any]

STREAM_IDLE_SECONDS = 3
BOOKED = "You're booked"


@dataclass(frozen=True)
class Finding:
    """`open`: not done yet, which time may cure; the others stand for good once the system is quiet."""

    kind: Literal["lost", "doubled", "wrong", "open"]
    what: str
    last_seen: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}" + (f" (last seen: {self.last_seen})" if self.last_seen else "")


@dataclass
class Report:
    findings: list[Finding]
    leads: int
    messages: int
    appointments: int
    events: int
    unknown: int

    def count(self, kind: str) -> int:
        return sum(finding.kind == kind for finding in self.findings)


@dataclass
class Audit:
    """From one moment on: `since` holds each outbox's newest row at that time."""

    system: System
    since: dict[str, int] = field(default_factory=dict)
    dead_before: dict[str, int] = field(default_factory=dict)
    log: Counter[str] = field(default_factory=Counter)
    log_offset: int | None = None

    async def begin(self) -> None:
        for schema in SCHEMAS.values():
            [row] = await self.system.rows(f"SELECT coalesce(max(id), 0) AS id FROM {schema}.outbox")
            self.since[schema] = row["id"]
        async with self.system.channel() as channel:
            for service in SERVICES:
                self.dead_before[service] = await ready_in(channel, dead_letters_of(service))

    async def report(self, load: Load) -> Report:
        """All that can be said now; findings are those of this load's own leads and of every event since `begin`."""
        outbox = await self.outbox()
        stories = load.stories
        state = await _State.read(self.system, stories)
        findings = [
            *self._events_open(outbox),
            *await self._consumed(outbox),
            *await self._logged(outbox),
            *await self._queues(),
            *await intents_open(self.system),
            *(finding for story in stories for finding in state.about(story)),
            *state.strangers(stories),
            *await overlaps(self.system),
        ]
        return Report(
            findings=findings,
            leads=len(stories),
            messages=sum(len(story.said) for story in stories),
            appointments=sum(story.appointment is not None for story in stories),
            events=len(outbox),
            unknown=state.unknown,
        )

    def forget_the_log(self) -> None:
        """The stream was lost: what was seen in the old one must be found in the new one."""
        self.log.clear()
        self.log_offset = None

    async def busy(self) -> bool:
        """The cheap question first: rows to publish, or something due outside."""
        unpublished = " UNION ALL ".join(
            f"SELECT 1 FROM {schema}.outbox WHERE published_at IS NULL" for schema in SCHEMAS.values()
        )
        return bool(await self.system.rows(f"{unpublished} LIMIT 1") or await intents_open(self.system))

    async def outbox(self) -> list[Row]:
        found: list[Row] = []
        for service, schema in SCHEMAS.items():
            query = f"SELECT event_id::text, type, key, body, published_at FROM {schema}.outbox WHERE id > $1"
            rows = await self.system.rows(query, self.since[schema])
            found += [{**dict(row), "service": service} for row in rows]
        return found

    def _events_open(self, outbox: list[Row]) -> Iterator[Finding]:
        for row in outbox:
            if row["published_at"] is None:
                yield Finding("open", f"{row['type']} {row['event_id']}", f"outbox of {row['service']}")

    async def _consumed(self, outbox: list[Row]) -> list[Finding]:
        done = {service: await self._inbox(service, outbox) for service in SERVICES}
        return [
            Finding(
                "lost",
                f"{row['type']} {row['event_id']} of {row['key']} in {service}",
                f"published by {row['service']} at {row['published_at']}",
            )
            for row in outbox
            if row["published_at"] is not None
            for service in consumers_of(row)
            if row["event_id"] not in done[service]
        ]

    async def _inbox(self, service: str, outbox: list[Row]) -> set[str]:
        query = f"SELECT event_id::text FROM {SCHEMAS[service]}.inbox WHERE event_id = ANY($1::uuid[])"
        return {row["event_id"] for row in await self.system.rows(query, [row["event_id"] for row in outbox])}

    async def _logged(self, outbox: list[Row]) -> list[Finding]:
        wanted = {row["event_id"] for row in outbox if row["published_at"] is not None}
        if missing := wanted - self.log.keys():
            await self._read_log(missing)
        return [
            Finding("lost", f"{row['type']} {row['event_id']} in the log", "published by its relay")
            for row in outbox
            if row["event_id"] in wanted - self.log.keys()
        ]

    async def _read_log(self, wanted: set[str]) -> None:
        """On from where it was read last, until all are found or nothing comes for a while."""
        start: str | int = "first" if self.log_offset is None else self.log_offset
        arrived = asyncio.Event()

        async def keep(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            await message.ack()
            self.log_offset = int(str(message.headers["x-stream-offset"])) + 1
            self.log[str(message.message_id)] += 1
            arrived.set()

        async with self.system.channel() as channel:
            await channel.set_qos(prefetch_count=500)
            stream = await channel.get_queue(LOG_STREAM, ensure=False)
            await stream.consume(keep, arguments={"x-stream-offset": start})
            with suppress(TimeoutError):
                while wanted - self.log.keys():
                    arrived.clear()
                    async with asyncio.timeout(STREAM_IDLE_SECONDS):
                        await arrived.wait()

    async def _queues(self) -> list[Finding]:
        found: list[Finding] = []
        async with self.system.channel() as channel:
            for service in SERVICES:
                work = [queue_for(service, event) for event in CONSUMES[service]]
                later = [retry_of(service, delay) for delay in RETRY_DELAYS_SECONDS]
                for queue in work + later:
                    if count := await ready_in(channel, queue):
                        found.append(Finding("open", f"{count} events", f"queue {queue}"))
                dead = await ready_in(channel, dead_letters_of(service)) - self.dead_before[service]
                if dead > 0:
                    reasons = await self._reasons(channel, service)
                    found.append(Finding("lost", f"{dead} dead letters of {service}", reasons))
        return found

    async def _reasons(self, channel: aio_pika.abc.AbstractChannel, service: str) -> str:
        """Of the oldest dead letter, which goes back."""
        queue = await channel.get_queue(dead_letters_of(service), ensure=False)
        message = await queue.get(fail=False)
        if message is None:
            return ""
        await message.nack(requeue=True)
        return f"{message.headers.get('queue')}: {message.headers.get('reason')} {message.headers.get('x-death')}"


def consumers_of(row: Row) -> Iterator[str]:
    """Who must have an inbox row of the event: all that consume it, but for what they only glance at."""
    if row["type"] == CrmChangeReceived.type:  # may be looked up any number of times; its effect is the lead
        return
    if row["type"] == MessageSent.type and json.loads(row["body"])["data"]["author"] != "customer":
        return
    for service in SERVICES:
        if any(event.type == row["type"] for event in CONSUMES[service]):
            yield service


async def ready_in(channel: aio_pika.abc.AbstractChannel, queue: str) -> int:
    declared = await channel.declare_queue(queue, passive=True)
    return int(declared.declaration_result.message_count or 0)


async def intents_open(system: System) -> list[Finding]:
    """What is due or under way outside; a text whose fate is unknown is still looked up."""
    deliveries = await system.rows(
        "SELECT id::text, template, channel, state, reason FROM notify.deliveries WHERE "
        "(state = 'planned' AND due_at < now() + interval '6 minutes' AND reason IS DISTINCT FROM 'quiet_hours') "
        "OR state = 'sending' OR (state = 'unknown' AND channel = 'sms')"
    )
    tasks = await system.rows(
        "SELECT id::text, kind, state, last_error, attempts FROM crm.sync_tasks "
        "WHERE state IN ('planned', 'sending', 'unknown')"
    )
    answers = await system.rows(
        "SELECT lead_id::text FROM chat.conversations WHERE answer_due_at IS NOT NULL"
    )
    return [
        *(
            Finding("open", f"{row['template']} by {row['channel']}", f"delivery {dict(row)}")
            for row in deliveries
        ),
        *(Finding("open", f"{row['kind']} for the CRM", f"task {dict(row)}") for row in tasks),
        *(Finding("open", "an answer is owed", f"lead {row['lead_id']}") for row in answers),
    ]


async def overlaps(system: System) -> list[Finding]:
    """By the appointments themselves, whatever the exclusion constraint says of the occupancies."""
    rows = await system.rows(
        "SELECT a.number AS one, b.number AS other FROM booking.appointments a "
        "JOIN booking.occupancies x ON x.holder_id = a.id "
        "JOIN booking.occupancies y ON y.bay_id = x.bay_id AND y.holder_id > x.holder_id "
        "JOIN booking.appointments b ON b.id = y.holder_id "
        "WHERE a.status = 'booked' AND b.status = 'booked' AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at"
    )
    return [Finding("doubled", f"one bay at one time for {row['one']} and {row['other']}") for row in rows]


@dataclass
class _State:
    """All that is known of the load's leads, inside and outside."""

    leads: dict[str, list[Row]]
    replicas: dict[str, dict[str, Row]]
    deliveries: dict[str, list[Row]]
    conversation: dict[str, list[Row]]
    appointments: dict[str, list[Row]]
    inbox: dict[str, list[Row]]
    crm_appointments: dict[str, list[Row]]
    crm_notes: Counter[tuple[str, str]]
    webhooks: dict[str, Row]
    unknown: int = 0

    @classmethod
    async def read(cls, system: System, stories: list[Story]) -> "_State":
        emails, orders = [story.email for story in stories], [story.order_id for story in stories]
        leads = await system.rows(
            "SELECT id::text, email, order_id, status, version FROM ingest.leads WHERE email = ANY($1) OR order_id = ANY($2)",
            emails,
            orders,
        )
        ids = [row["id"] for row in leads]
        deliveries = await system.rows(
            "SELECT lead_id::text, address, channel, template, state, reason, rescue, dedupe_key FROM notify.deliveries "
            "WHERE lead_id = ANY($1::uuid[])",
            ids,
        )
        conversation = await system.rows(
            "SELECT c.lead_id::text, m.seq, m.author, m.text, m.client_id, m.reply_to::text FROM chat.conversations c "
            "JOIN chat.chat_messages m ON m.conversation_id = c.id WHERE c.lead_id = ANY($1::uuid[])",
            ids,
        )
        appointments = await system.rows(
            "SELECT id::text, lead_id::text, number, status, starts_at FROM booking.appointments WHERE lead_id = ANY($1::uuid[])",
            ids,
        )
        shop = await system.control("GET", "/shopmonkey/appointment")
        notes = await system.control("GET", "/shopmonkey/message")
        webhooks = await system.rows(
            "SELECT webhook_id, status, attempts, event_id::text FROM ingest.webhook_deliveries WHERE webhook_id = ANY($1)",
            [story.webhook_id for story in stories],
        )
        state = cls(
            leads=_grouped(leads, "order_id"),
            replicas=await _replicas(system, ids),
            deliveries=_grouped(deliveries, "lead_id"),
            conversation=_grouped(conversation, "lead_id"),
            appointments=_grouped(appointments, "lead_id"),
            inbox=_grouped(await system.control("GET", "/inbox"), "to"),
            crm_appointments=_grouped(
                [{**row, "ours": (row.get("metadata") or {}).get("appointment_id")} for row in shop], "ours"
            ),
            crm_notes=Counter((str(row.get("orderId")), str(row.get("text"))) for row in notes),
            webhooks={row["webhook_id"]: dict(row) for row in webhooks},
        )
        state.unknown = sum(row["state"] == "unknown" for rows in state.deliveries.values() for row in rows)
        return state

    def about(self, story: Story) -> Iterator[Finding]:
        if not story.accepted:
            yield Finding("wrong", f"webhook of lead {story.number} never answered 2xx: {story.gave_up}")
            return
        if story.gave_up:
            yield Finding("wrong", f"customer {story.number} gave up: {story.gave_up}")
        found = self.leads.get(story.order_id, [])
        if len(found) > 1:
            yield Finding("doubled", f"lead {story.number}: {[row['id'] for row in found]}")
        if not found:
            yield Finding("lost", f"lead {story.number} {story.email}", self._last_seen(story))
            return
        [lead, *_] = found
        yield from self._known_everywhere(story, lead)
        yield from self._messages_out(story, lead)
        yield from self._conversation(story, lead)
        yield from self._appointment(story, lead)
        yield from self._notes(story)

    def _last_seen(self, story: Story) -> str:
        kept = self.webhooks.get(story.webhook_id)
        return f"webhook {kept}" if kept else "no service knows the webhook"

    def _known_everywhere(self, story: Story, lead: Row) -> Iterator[Finding]:
        """I7: whoever follows the lead's versions stands at the newest one."""
        for service, rows in self.replicas.items():
            replica = rows.get(lead["id"])
            if replica is None:
                yield Finding("lost", f"lead {story.number} {lead['id']} in {service}", "ingest")
            elif "status" in replica and (replica["status"], replica["version"]) != (
                lead["status"],
                lead["version"],
            ):
                yield Finding(
                    "wrong",
                    f"lead {story.number} {lead['id']}: {service} has {dict(replica)}, ingest "
                    f"{lead['status']} version {lead['version']}",
                )

    def _messages_out(self, story: Story, lead: Row) -> Iterator[Finding]:
        planned = self.deliveries.get(lead["id"], [])
        templates = {"first_touch"} | ({"confirmation"} if story.appointment else set())
        for template in templates:
            for channel in ("email", "sms"):
                rows = [row for row in planned if (row["template"], row["channel"]) == (template, channel)]
                if len(rows) != 1:
                    kind: Literal["lost", "doubled"] = "doubled" if rows else "lost"
                    yield Finding(kind, f"{template} by {channel} for lead {story.number}", "notifier")
        yield from self._sent_once(story, planned)

    def _sent_once(self, story: Story, planned: list[Row]) -> Iterator[Finding]:
        for channel, address in (("email", story.email), ("sms", story.phone)):
            rows = [row for row in planned if row["channel"] == channel]
            got = _shown([mail for mail in self.inbox.get(address, []) if mail["channel"] == channel])
            sure = sum(row["state"] == "sent" for row in rows)
            most = sure + sum(_may_have_gone(row) for row in rows)
            if len(got) > most:
                yield Finding(
                    "doubled",
                    f"{len(got)} messages to {address}, {sure} were sent: {[m.get('subject') or m['text'][:60] for m in got]}",
                )
            if len(got) < sure:
                yield Finding("lost", f"{sure - len(got)} messages to {address}", "sent, says the notifier")
            for row in rows:
                if row["state"] == "failed":
                    yield Finding("lost", f"{row['template']} to {address}: {row['reason']}", "notifier")

    def _conversation(self, story: Story, lead: Row) -> Iterator[Finding]:
        rows = self.conversation.get(lead["id"], [])
        by_client = Counter(row["client_id"] for row in rows if row["client_id"])
        replies = Counter((row["reply_to"], row["text"]) for row in rows if row["reply_to"])
        greetings = sum(row["seq"] == 1 for row in rows)
        if greetings != 1:
            yield Finding("lost" if greetings == 0 else "doubled", f"greeting of lead {story.number}", "chat")
        for client_id, text in story.said:
            if by_client[client_id] != 1:
                kind: Literal["lost", "doubled"] = "doubled" if by_client[client_id] else "lost"
                yield Finding(kind, f"“{text}” of lead {story.number}", "accepted by chat's door")
        said = [row["seq"] for row in rows if row["author"] == "customer"]
        answered = [row["seq"] for row in rows if row["author"] == "assistant"]
        if said and max(answered, default=0) < max(said):
            yield Finding("lost", f"the answer to lead {story.number}", "its message is stored")
        for (_, text), count in replies.items():
            if count > 1:
                yield Finding("doubled", f"answer “{text[:60]}” to lead {story.number}")

    def _appointment(self, story: Story, lead: Row) -> Iterator[Finding]:
        booked = [row for row in self.appointments.get(lead["id"], []) if row["status"] == "booked"]
        wanted = [story.appointment["id"]] if story.appointment else []
        if wanted and wanted[0] not in {row["id"] for row in booked}:
            yield Finding(
                "lost", f"appointment {wanted[0]} of lead {story.number}", "confirmed to the customer"
            )
        made = self.appointments.get(lead["id"], [])
        said = sum(BOOKED in row["text"] for row in self.conversation.get(lead["id"], []))
        if said > len(made):
            yield Finding("wrong", f"lead {story.number} was told {said} times of {len(made)} appointments")
        declined = [
            row for row in self.deliveries.get(lead["id"], []) if row["template"] == "booking_declined"
        ]
        if booked and declined:
            yield Finding("wrong", f"lead {story.number} was written that a booked time was taken")
        if len(booked) > len(wanted):
            yield Finding(
                "doubled", f"lead {story.number} has {len(booked)} appointments, asked for {len(wanted)}"
            )
        for row in booked:
            copies = [one for one in self.crm_appointments.get(row["id"], []) if not one.get("deleted")]
            if len(copies) != 1:
                yield Finding(
                    "doubled" if copies else "lost", f"appointment {row['number']} in ShopMonkey", "booking"
                )

    def _notes(self, story: Story) -> Iterator[Finding]:
        """Each note ends with the reference of what it tells, so equal ones are the same one twice."""
        for (order_id, text), count in self.crm_notes.items():
            if order_id == story.order_id and "[ref " in text and count > 1:
                yield Finding("doubled", f"note “{text[:60]}” on the order of lead {story.number}")

    def strangers(self, stories: Iterable[Story]) -> Iterator[Finding]:
        ours = {story.order_id for story in stories}
        for order_id, rows in self.leads.items():
            if order_id not in ours:
                yield Finding("doubled", f"lead {rows[0]['id']} of an order that nobody made")


async def _replicas(system: System, ids: list[str]) -> dict[str, dict[str, Row]]:
    queries = {
        "chat": "SELECT lead_id::text AS id, status, lead_version AS version FROM chat.leads WHERE lead_id = ANY($1::uuid[])",
        "booking": "SELECT lead_id::text AS id FROM booking.leads WHERE lead_id = ANY($1::uuid[])",
        "crm-sync": "SELECT lead_id::text AS id FROM crm.leads WHERE lead_id = ANY($1::uuid[])",
        "notifier": "SELECT id::text FROM notify.leads WHERE id = ANY($1::uuid[])",
    }
    return {
        service: {row["id"]: dict(row) for row in await system.rows(query, ids)}
        for service, query in queries.items()
    }


def _may_have_gone(row: Row) -> bool:
    """Also a mail whose repetition was called off, since the customer had engaged by then: the first try may have arrived."""
    return row["state"] == "unknown" or (row["rescue"] is not None and row["state"] != "sent")


def _shown(messages: list[Row]) -> list[Row]:
    """As a mailbox shows them, which knows a copy by its Message-ID."""
    return list({one.get("headers", {}).get("Message-ID", one["id"]): one for one in messages}.values())


def _grouped(rows: Iterable[Any], key: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(str(row[key]), []).append(dict(row))
    return groups


async def settled(audit: Audit, load: Load, within_seconds: float) -> Report:
    """The first report without a finding, seen twice; else the last one when the time is over."""
    clean_before = False
    last: Report | None = None

    async def quiet() -> bool:
        nonlocal clean_before, last
        if await audit.busy():
            return False
        last = await audit.report(load)
        clean, clean_before = clean_before and not last.findings, not last.findings
        return clean

    try:
        await eventually(quiet, within_seconds=within_seconds, every_seconds=0.5)
    except AssertionError:
        return await audit.report(load)
    assert last is not None
    return last
