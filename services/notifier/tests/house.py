"""Chat and booking as notifier sees them: what they answer is set by the test."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import FastAPI, Request, Response
from shared.http.links import Link, LinkPurpose, read
from testkit.secrets import KEY


@dataclass
class Neighbours:
    """`engaged`: leads that have written; `opted_out`: which channels leads have refused, and when; `moved`: appointments that are no more what a reminder says.

    `told_no`: leads of whom it was told, and when by the loop's clock, that they have not written.
    """

    engaged: set[UUID] = field(default_factory=set)
    moved: set[UUID] = field(default_factory=set)
    opted_out: dict[UUID, dict[str, datetime]] = field(default_factory=dict)
    starts: dict[UUID, str] = field(default_factory=dict)
    told_no: dict[UUID, float] = field(default_factory=dict)
    away: bool = False

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.get("/api/chat/engaged")
        async def engaged(request: Request) -> Any:
            lead = _lead_of(request)
            if self.away:
                return Response(status_code=503)
            opted_out = self.opted_out.get(lead.subject_id, {})
            if lead.subject_id in self.engaged or opted_out:
                return {"at": datetime.now(UTC), "opted_out": opted_out}
            self.told_no[lead.subject_id] = asyncio.get_running_loop().time()
            return {}

        @app.get("/api/booking/appointments/{appointment_id}")
        async def appointment(appointment_id: UUID, request: Request) -> Any:
            _lead_of(request)
            if self.away:
                return Response(status_code=503)
            status = "cancelled" if appointment_id in self.moved else "booked"
            return {"status": status, "start": self.starts[appointment_id]}

        return app


def _lead_of(request: Request) -> Link:
    token = request.headers["authorization"].removeprefix("Bearer ")
    return read(LinkPurpose.CHAT, token, keys=[KEY], now=datetime.now(UTC))
