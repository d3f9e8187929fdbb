"""The numbers that staff look at, from what chat has seen of its leads."""

from datetime import datetime

from pydantic import BaseModel
from shared.db.engine import transaction
from shared.staff import Viewer

from chat import store_staff
from chat.actions.staff import locations_seen
from chat.deps import Deps


class Funnel(BaseModel):
    """Leads that came at least this far."""

    received: int
    seen: int
    engaged: int
    quoted: int
    booked: int


class FirstTouch(BaseModel):
    """From `lead.received` to the first message that a provider took; `None` while there is none."""

    p50_ms: float | None = None
    p95_ms: float | None = None


class Numbers(BaseModel):
    """`handed_off`: conversations in which a person was asked for or stepped in. `contained`: engaged ones without one."""

    funnel: Funnel
    first_touch: FirstTouch
    handed_off: int
    contained: int


async def read_numbers(
    deps: Deps, viewer: Viewer, *, since: datetime, until: datetime, location: str | None
) -> Numbers:
    """Of the leads received from `since` to before `until`, at the viewer's locations or the one named."""
    async with transaction(deps.sessions, viewer.tenant_id) as session:
        seen = await locations_seen(session, viewer, location)
        row = await store_staff.numbers(session, viewer.tenant_id, since=since, until=until, locations=seen)
    return Numbers(
        funnel=Funnel.model_validate({name: row[name] for name in Funnel.model_fields}),
        first_touch=FirstTouch(p50_ms=row["p50_ms"], p95_ms=row["p95_ms"]),
        handed_off=row["handed_off"],
        contained=row["contained"],
    )
