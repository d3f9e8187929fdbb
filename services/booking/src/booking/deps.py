"""What the endpoints hand to the actions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.db.engine import Sessions
from shared.db.time import database_now
from shared.http.links import Link, LinkPurpose, mint

MANAGE_LINK_DAYS = 400
"""After the end of the appointment: it may be moved by a year. Until when the link opens it, says the appointment itself."""


@dataclass(frozen=True)
class Deps:
    """`keys` sign links, newest first; those of one purpose open nothing of another."""

    sessions: Sessions
    public_url: str
    keys: Mapping[LinkPurpose, Sequence[str]]
    now: Callable[[], datetime] = database_now

    def manage_url(self, tenant_id: UUID, appointment_id: UUID, ends_at: datetime) -> str:
        expires_at = ends_at + timedelta(days=MANAGE_LINK_DAYS)
        link = Link(tenant_id, appointment_id)
        token = mint(LinkPurpose.MANAGE, link, keys=self.keys[LinkPurpose.MANAGE], expires_at=expires_at)
        return f"{self.public_url}/m/{token}"
