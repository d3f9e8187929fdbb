"""What the doors hand to the actions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from shared.db.engine import Sessions
from shared.db.time import database_now
from shared.http.links import CHAT_LINK_DAYS, Link, LinkPurpose, mint

MANAGE_LINK_DAYS = 1
"""After the end of the appointment."""


@dataclass(frozen=True)
class Deps:
    """`keys` sign customer links, newest first."""

    sessions: Sessions
    public_url: str
    keys: tuple[str, ...]
    now: Callable[[], datetime] = database_now

    def manage_url(self, tenant_id: UUID, appointment_id: UUID, ends_at: datetime) -> str:
        expires_at = ends_at + timedelta(days=MANAGE_LINK_DAYS)
        link = Link(tenant_id, appointment_id)
        return f"{self.public_url}/m/{mint(LinkPurpose.MANAGE, link, keys=self.keys, expires_at=expires_at)}"

    def chat_url(self, tenant_id: UUID, lead_id: UUID) -> str:
        expires_at = self.now() + timedelta(days=CHAT_LINK_DAYS)
        link = Link(tenant_id, lead_id)
        return f"{self.public_url}/c/{mint(LinkPurpose.CHAT, link, keys=self.keys, expires_at=expires_at)}"
