"""What operators see of deliveries, and how they settle one whose fate nobody knows."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict
from shared.db.engine import transaction
from shared.http.operators import require_ops
from shared.http.problems import Problem
from shared.http.routes import CheckedRoute
from shared.text import Code

from notifier.actions.proofs import proofs_of, went_by
from notifier.actions.settling import settle_unknown
from notifier.actions.tenants import tenant_named
from notifier.deps import Deps
from notifier.store import deliveries, inbound, touches
from notifier.tables import Consent, Delivery

State = Literal["planned", "sending", "sent", "failed", "unknown", "suppressed"]


class DeliveryView(BaseModel):
    """Without address and words: operators see what happened, not to whom."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    lead_id: UUID
    location_id: UUID
    channel: str
    template: str
    touch: int | None
    state: str
    reason: str | None
    provider_id: str | None
    provider_status: str | None
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None


class Deliveries(BaseModel):
    deliveries: list[DeliveryView]


class TouchView(BaseModel):
    """`reason`: why it was skipped or cancelled."""

    model_config = ConfigDict(from_attributes=True)

    step: int
    due_at: datetime
    state: str
    reason: str | None
    sequence_name: str
    sequence_version: int


class Touches(BaseModel):
    touches: list[TouchView]


class Addressee(BaseModel):
    """An e-mail address in small letters or an E.164 number, as leads keep them."""

    address: Code


class ConsentView(BaseModel):
    """A row of the ledger; `said_at`: when it was said, `at`: when we heard of it.

    `of_lead_only`: the lead's refusal counts for its own messages, since nothing proves that the address is its writer's (ADR 19).
    """

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    channel: str
    permission: str
    source: str
    text: str | None
    version: str | None
    url: str | None
    ip: str | None
    lead_id: UUID | None
    of_lead_only: bool = False
    said_at: datetime
    at: datetime


class MessageProof(BaseModel):
    """A message that went by `consent_id`, by the `ground` given, or not, for `reason`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    lead_id: UUID
    channel: str
    purpose: str
    template: str
    touch: int | None
    state: str
    reason: str | None
    consent_id: UUID | None
    ground: str | None = None
    created_at: datetime
    claimed_at: datetime | None
    sent_at: datetime | None


class ConsentProofs(BaseModel):
    """Both oldest first; the last word on a channel stands."""

    words: list[ConsentView]
    messages: list[MessageProof]


class KeptMessage(BaseModel):
    """Not `proven`: a mail that claims to be from the lead's address, and that nothing comes of. `automatic`: of a machine."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    channel: str
    lead_id: UUID | None
    sender: str | None
    subject: str | None
    text: str
    proven: bool
    automatic: bool
    media: list[dict[str, str | None]]
    received_at: datetime


class KeptMessages(BaseModel):
    messages: list[KeptMessage]


class Verdict(BaseModel):
    """`sent`: it arrived, leave it; `resend`: it did not, send it (again)."""

    outcome: Literal["sent", "resend"]


def build_admin_api(deps: Deps) -> APIRouter:
    router = APIRouter(
        prefix="/api/admin/notifier",
        route_class=CheckedRoute,
        dependencies=[Depends(require_ops(deps.settings))],
    )

    @router.get("/{tenant}/deliveries")
    async def list_deliveries(
        tenant: Code,
        state: State | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Deliveries:
        """Newest first."""
        tenant_id = await tenant_named(deps, tenant)
        async with transaction(deps.sessions, tenant_id) as session:
            rows = await deliveries.deliveries(session, tenant_id, state, limit)
        return Deliveries(deliveries=[DeliveryView.model_validate(row) for row in rows])

    @router.get("/{tenant}/leads/{lead_id}/touches")
    async def list_touches(tenant: Code, lead_id: UUID) -> Touches:
        """The lead's sequence, by step; empty when the lead is not known here."""
        tenant_id = await tenant_named(deps, tenant)
        async with transaction(deps.sessions, tenant_id) as session:
            rows = await touches.sequence_of(session, tenant_id, lead_id)
        return Touches(touches=[TouchView.model_validate(row) for row in rows])

    @router.post("/{tenant}/consents/find")
    async def find_consents(tenant: Code, whose: Addressee) -> ConsentProofs:
        """Changes nothing; the address stands in the body, so that it is in no log."""
        tenant_id = await tenant_named(deps, tenant)
        found = await proofs_of(deps, tenant_id, whose.address)
        return ConsentProofs(
            words=[_word(word) for word in found.words],
            messages=[_proof(message) for message in found.messages],
        )

    @router.get("/{tenant}/kept-messages")
    async def list_kept_messages(
        tenant: Code, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> KeptMessages:
        """What came in and went to no conversation: from strangers, not proven, or from machines. Newest first."""
        tenant_id = await tenant_named(deps, tenant)
        async with transaction(deps.sessions, tenant_id) as session:
            rows = await inbound.kept_words(session, tenant_id, limit)
        return KeptMessages(messages=[KeptMessage.model_validate(row) for row in rows])

    @router.post("/{tenant}/deliveries/{delivery_id}/settle")
    async def settle(tenant: Code, delivery_id: UUID, verdict: Verdict) -> DeliveryView:
        tenant_id = await tenant_named(deps, tenant)
        row = await settle_unknown(deps, tenant_id, delivery_id, resend=verdict.outcome == "resend")
        if row is None:
            raise Problem(409, "not_unknown", "There is no such delivery with an unknown fate.")
        return DeliveryView.model_validate(row)

    return router


def _word(row: Consent) -> ConsentView:
    return ConsentView.model_validate(row).model_copy(update={"of_lead_only": row.address == ""})


def _proof(message: Delivery) -> MessageProof:
    return MessageProof.model_validate(message).model_copy(update={"ground": went_by(message)})
