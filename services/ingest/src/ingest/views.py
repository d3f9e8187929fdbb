"""What staff and operators read."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from shared.events import StaffRole
from shared.staff_sessions import StaffSession as SignedSession

from ingest import actions
from ingest.tables import StaffSession


def signed(session: StaffSession) -> SignedSession:
    """As it travels, in a cookie or as an API token."""
    return SignedSession(session.tenant_id, session.staff_id, session.id, session.expires_at)


class Me(BaseModel):
    """`locations` are codes."""

    id: UUID
    name: str
    email: str
    role: StaffRole
    locations: list[str]

    @classmethod
    def of(cls, member: actions.Member) -> "Me":
        return cls.model_validate(
            member.row.model_dump(include={"id", "name", "email", "role"}) | {"locations": member.codes}
        )


class ConsentView(BaseModel):
    """What counts now for each channel; of what was agreed to last the words, their version, the page and the moment."""

    sms: bool
    email: bool
    text: str | None = None
    version: str | None = None
    url: str | None = None
    given_at: datetime | None = None


class LeadView(BaseModel):
    id: UUID
    status: str
    name: str
    email: str | None = None
    phone: str | None = None
    other_addresses: list[str] = []
    message: str | None = None
    source: str
    received_at: datetime
    consent: ConsentView

    @classmethod
    def of(cls, lead: actions.LeadOfShop) -> "LeadView":
        row, proof = lead.row, lead.proof
        consent = {
            "sms": row.consent_sms,
            "email": row.consent_email,
            **{name: proof.get(name) for name in ("text", "version", "url")},
            "given_at": proof.get("given_at") or proof.get("said_at"),
        }
        return cls.model_validate({**row.model_dump(), "consent": consent})
