"""The record of what every vendor was asked, kept from the moment a request arrives."""

import json
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from sandbox.faults import Vendor
from sandbox.rows import Row, iso, now
from sandbox.world import World


@dataclass
class Call:
    """One request on the record; `status` and `ms` stay null while it hangs and when it was never answered."""

    row: Row
    started: float = field(default_factory=time.perf_counter)

    def answered(self, status: int | None) -> None:
        self.row["status"] = status
        self.row["ms"] = round((time.perf_counter() - self.started) * 1000, 1)


def record(world: World, vendor: Vendor, *, method: str, path: str, query: str = "", body: object) -> Call:
    row: Row = {
        "vendor": vendor,
        "at": iso(now()),
        "method": method,
        "path": path,
        "query": query,
        "status": None,
        "ms": None,
        "body": body,
        "fault": "none",
    }
    world.calls[vendor].append(row)
    return Call(row)


def readable(raw: bytes, content_type: str) -> object:
    """JSON and forms as objects, anything else as text, no body as null."""
    text = raw.decode(errors="replace")
    if not raw:
        return None
    if "x-www-form-urlencoded" in content_type:
        return dict(parse_qsl(text, keep_blank_values=True))
    try:
        parsed: object = json.loads(text)
    except ValueError:
        return text
    return parsed
