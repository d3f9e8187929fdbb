"""What staff and operators read."""

from uuid import UUID

from pydantic import BaseModel
from shared.events import StaffRole

from ingest import actions


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
