"""Everything the sandbox remembers, in memory, and how it forgets."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field

import httpx2

from sandbox.faults import VENDORS, Faults, Vendor
from sandbox.rows import Row, iso, now
from sandbox.sample import base_tables
from sandbox.script import ScriptElement
from sandbox.settings import Settings

CALLS_KEPT = 20_000  # per vendor; a load run must not eat the memory of the machine it measures
HTTP_TIMEOUT_SECONDS = 30.0


@dataclass
class World:
    settings: Settings
    tables: dict[str, dict[str, Row]] = field(default_factory=dict)
    inbox: list[Row] = field(default_factory=list)
    written_by_customers: list[Row] = field(default_factory=list)
    sms: dict[str, Row] = field(default_factory=dict)
    opted_out: set[str] = field(default_factory=set)
    media: dict[str, bytes] = field(default_factory=dict)
    meta_leads: dict[str, Row] = field(default_factory=dict)
    leads: list[Row] = field(default_factory=list)
    calls: dict[Vendor, deque[Row]] = field(default_factory=dict)
    script: deque[ScriptElement] = field(default_factory=deque)
    faults: Faults = field(init=False)
    revision: int = 0
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    smtp_port: int = 0
    http: httpx2.AsyncClient = field(init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.http = httpx2.AsyncClient(timeout=HTTP_TIMEOUT_SECONDS, trust_env=False)
        self.reset()

    def reset(self) -> None:
        """Back to the two sample shops; deliveries that are still under way are dropped."""
        for task in self._tasks:
            task.cancel()
        self.tables = base_tables()
        self.inbox, self.written_by_customers, self.leads = [], [], []
        self.sms, self.opted_out, self.meta_leads = {}, set(), {}
        self.media = {}
        self.calls = {vendor: deque(maxlen=CALLS_KEPT) for vendor in VENDORS}
        self.script = deque()
        self.faults = Faults(self.settings.seed)
        self.revision += 1

    def in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def deliver(self, item: Row) -> None:
        """Puts a message where its customer reads it."""
        item["received_at"] = iso(now())
        self.inbox.append(item)
        self.revision += 1

    async def close(self) -> None:
        self.stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.http.aclose()
