"""What staff and operators read."""

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
