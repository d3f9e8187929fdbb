"""What staff and operators read."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from shared.events import LeadSource, LeadStatus, StaffRole, Vehicle
from shared.staff_sessions import StaffSession as SignedSession

from ingest import actions
from ingest.store_staff import LeadRow
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


class LeadLocation(BaseModel):
    code: str
    name: str
    timezone: str


class LeadRowView(BaseModel):
    """A lead as the list shows it; `vehicle` as it was typed, else its class."""

    id: UUID
    status: LeadStatus
    name: str
    email: str | None = None
    phone: str | None = None
    vehicle: str | None = None
    interest: str | None = None
    source: LeadSource
    location: LeadLocation
    received_at: datetime

    @classmethod
    def of(cls, row: LeadRow) -> "LeadRowView":
        vehicle = Vehicle.model_validate(row.lead.vehicle) if row.lead.vehicle else None
        return cls.model_validate(
            {
                **row.lead.model_dump(exclude={"vehicle"}),
                "vehicle": (vehicle.typed or vehicle.vehicle_class) if vehicle else None,
                "location": LeadLocation.model_validate(row.location, from_attributes=True),
            }
        )

    def cells(self) -> list[str | None]:
        """By `CSV_COLUMNS`; the time is the shop's."""
        received = self.received_at.astimezone(ZoneInfo(self.location.timezone))
        place = self.location
        return [
            str(self.id),
            received.isoformat(timespec="seconds"),
            self.status,
            self.source,
            place.code,
            place.name,
            self.name,
            self.phone,
            self.email,
            self.vehicle,
            self.interest,
        ]


CSV_COLUMNS = [
    "id",
    "received_at",
    "status",
    "source",
    "location",
    "location_name",
    "name",
    "phone",
    "email",
    "vehicle",
    "interest",
]


class LeadView(BaseModel):
    id: UUID
    status: str
    name: str
    email: str | None = None
    phone: str | None = None
    other_addresses: list[str] = []
    vehicle: str | None = None
    interest: str | None = None
    message: str | None = None
    source: str
    location: LeadLocation
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
        listed = LeadRowView.of(LeadRow(row, lead.location)).model_dump()
        return cls.model_validate({**row.model_dump(), **listed, "consent": consent})
