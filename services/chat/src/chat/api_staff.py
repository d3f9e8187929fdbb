"""HTTP in, staff: the inbox, a conversation, a person in it, the lead's timeline."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from shared.http.operators import require_ops
from shared.http.problems import Problem
from shared.http.routes import BeforeBody, CheckedRoute
from shared.http.staff import signed_in
from shared.staff import Viewer
from shared.text import Code, Moment, Words

from chat.actions import metrics as numbers
from chat.actions import presence
from chat.actions import staff as actions
from chat.actions.timeline import read_timeline, read_timeline_of_tenant
from chat.api_stream import HEADERS, Pace, counted_in, inbox_events, refuse_when_full, shared_by_many
from chat.deps import Deps
from chat.domain.conversation import State
from chat.settings import Settings
from chat.store_staff import Before
from chat.tables import TimelineEntry
from chat.views import (
    MAX_SEQ,
    InboxView,
    MessageView,
    NoteView,
    OpenedView,
    PresentView,
    StaffLocationView,
    StaffMessageView,
)

StateFilter = State | Literal["waiting", "mine", "human", "assistant"]
LocationCode = Annotated[Code | None, Query(max_length=64)]
Search = Annotated[Words | None, Query(max_length=100)]
Note = Annotated[Words, Field(min_length=1, max_length=4000)]


class TimelineEvent(BaseModel):
    type: str
    time: datetime
    summary: str


class Timeline(BaseModel):
    """The newest 200 by time; with `before` = the first one's `time`, the 200 before it."""

    events: list[TimelineEvent]


class InboxAnswer(BaseModel):
    """Newest first; with `before` = the last one's `last_at` and `before_id` = its `id`, the next page."""

    conversations: list[InboxView]


class LocationsAnswer(BaseModel):
    """Where the member works."""

    locations: list[StaffLocationView]


class StaffMessageBody(BaseModel):
    """`client_id` is the console's own: sent twice, it is one message.

    `seen_seq`: of the newest message that the writer has read. Without it a reply may go over what came meanwhile.
    """

    client_id: Annotated[Code, Field(min_length=1, max_length=60)]
    text: Note
    seen_seq: Annotated[int, Field(ge=0, le=MAX_SEQ)] | None = None


class PresenceBody(BaseModel):
    """`writing`: the member types, or has stopped to; left out, nothing changes about it."""

    writing: bool | None = None


class PresenceAnswer(BaseModel):
    """Who has the conversation open; who writes has the turn to reply, one at a time."""

    present: list[PresentView]


class NoteBody(BaseModel):
    """Without `client_id` a repeat is another note."""

    client_id: Annotated[Code, Field(min_length=1, max_length=60)] | None = None
    text: Note


class StaffMessageAnswer(BaseModel):
    message: MessageView


class NoteAnswer(BaseModel):
    note: NoteView


_STREAM: dict[str, Any] = {
    "description": "Server-sent events: conversation.",
    "content": {"text/event-stream": {}},
}

Signed: TypeAlias = BeforeBody[Viewer]


def build_staff_api(deps: Deps, settings: Settings, pace: Pace | None = None) -> APIRouter:
    router = APIRouter(prefix="/api/staff", route_class=CheckedRoute)
    member = signed_in(deps.sessions, settings, deps.now)
    _add_timeline(router, deps, settings, member)
    _add_reading(router, deps, member, pace or Pace())
    _add_acting(router, deps, member)
    return router


def _add_timeline(router: APIRouter, deps: Deps, settings: Settings, member_of: Signed) -> None:
    check_ops = require_ops(settings)

    @router.get("/leads/{lead_id}/timeline")
    async def timeline(
        request: Request, lead_id: UUID, tenant: Code | None = None, before: Moment | None = None
    ) -> Timeline:
        """For staff; with the operators' token also for the `tenant` (its slug)."""
        if tenant is not None:
            await check_ops(request)
            entries = await read_timeline_of_tenant(deps, tenant, lead_id, before=before)
        else:
            viewer = await member_of(request)
            entries = await read_timeline(deps, viewer, lead_id, before=before)
        if entries is None:
            raise Problem(404, "not_found", "There is no such tenant or lead.")
        return _timeline(entries)


def _add_reading(router: APIRouter, deps: Deps, member_of: Signed, pace: Pace) -> None:
    member = Annotated[Viewer, Depends(member_of)]

    @router.get("/conversations", response_model_exclude_none=True)
    async def conversations(
        viewer: member,
        location: LocationCode = None,
        state: StateFilter | None = None,
        before: Moment | None = None,
        before_id: UUID | None = None,
        q: Search = None,
    ) -> InboxAnswer:
        """`location` is a code; `state` a state, `waiting`, `mine`, or who owns the conversation.

        `q`: words, each of which is in the customer's name, phone or car, or begins one that customer or shop wrote.
        """
        end = Before(before, before_id) if before else None
        rows = await actions.read_inbox(deps, viewer, location=location, state=state, words=q, before=end)
        return InboxAnswer(conversations=[InboxView.of(row) for row in rows])

    @router.get("/locations")
    async def locations(viewer: member) -> LocationsAnswer:
        rows = await actions.read_locations(deps, viewer)
        return LocationsAnswer(locations=[StaffLocationView.of(row) for row in rows])

    @router.get("/conversations/{conversation_id}", response_model_exclude_none=True)
    async def conversation(
        conversation_id: UUID,
        viewer: member,
        before_seq: Annotated[int | None, Query(ge=1, le=MAX_SEQ)] = None,
        notes_before: Moment | None = None,
    ) -> OpenedView:
        """The newest 200 messages and 200 notes, oldest first; or those before a `seq` and a moment."""
        page = actions.Page(before_seq, notes_before)
        with _problems():
            return OpenedView.of(await actions.open_for_staff(deps, viewer, conversation_id, page))

    @router.get("/stream", response_class=StreamingResponse, responses={200: _STREAM})
    async def stream(request: Request, viewer: member) -> StreamingResponse:
        """SSE: `conversation` with the inbox row of each conversation that changed."""
        keys = (("streams_per_member", viewer.staff_id), *shared_by_many(request, viewer.tenant_id))
        await deps.limits.take(("streams_opened_per_member", viewer.staff_id))
        refuse_when_full(deps.streams, *keys)  # with no wait before it is open, or many at once pass
        events = counted_in(deps.streams, keys, inbox_events(deps, viewer, pace))
        return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)

    @router.get("/metrics")
    async def metrics(
        viewer: member,
        since: Annotated[Moment, Query(alias="from")],
        until: Annotated[Moment, Query(alias="to")],
        location: LocationCode = None,
    ) -> numbers.Numbers:
        """Of the leads received in the span; `location` is a code."""
        return await numbers.read_numbers(deps, viewer, since=since, until=until, location=location)


def _add_acting(router: APIRouter, deps: Deps, member_of: Signed) -> None:
    member = Annotated[Viewer, Depends(member_of)]
    door = "/conversations/{conversation_id}"

    @router.post(f"{door}/take-over", response_model_exclude_none=True)
    async def take_over(conversation_id: UUID, viewer: member) -> OpenedView:
        """Repeating it is harmless."""
        with _problems():
            await actions.staff_takes_over(deps, viewer, conversation_id)
            return OpenedView.of(await actions.open_for_staff(deps, viewer, conversation_id))

    @router.post(f"{door}/messages", status_code=201, response_model_exclude_none=True)
    async def write(conversation_id: UUID, body: StaffMessageBody, viewer: member) -> StaffMessageAnswer:
        """Whoever writes takes over. 409 `said_meanwhile` with the `messages` after `seen_seq`; 409 `colleague_writes`."""
        with _problems():
            message = await actions.staff_writes(
                deps,
                viewer,
                conversation_id,
                client_id=body.client_id,
                text=body.text,
                seen_seq=body.seen_seq,
            )
        return StaffMessageAnswer(message=MessageView.of(message))

    @router.post(f"{door}/give-back", response_model_exclude_none=True)
    async def give_back(conversation_id: UUID, viewer: member) -> OpenedView:
        """The assistant goes on. Repeating it is harmless."""
        with _problems():
            await actions.staff_gives_back(deps, viewer, conversation_id)
            return OpenedView.of(await actions.open_for_staff(deps, viewer, conversation_id))

    @router.put(f"{door}/presence")
    async def here(conversation_id: UUID, body: PresenceBody, viewer: member) -> PresenceAnswer:
        """For as long as the page is open, every 15 seconds; every 5 while somebody types."""
        with _problems():
            present = await presence.be_here(deps, viewer, conversation_id, writing=body.writing)
        return PresenceAnswer(
            present=[PresentView.model_validate(one, from_attributes=True) for one in present]
        )

    @router.delete(f"{door}/presence", status_code=204)
    async def gone(conversation_id: UUID, viewer: member) -> None:
        """The page was closed."""
        with _problems():
            await presence.be_gone(deps, viewer, conversation_id)

    @router.post(f"{door}/notes", status_code=201)
    async def note(conversation_id: UUID, body: NoteBody, viewer: member) -> NoteAnswer:
        """For staff only; the customer never sees it. The same `client_id` is one note."""
        with _problems():
            noted = await actions.staff_notes(
                deps, viewer, conversation_id, client_id=body.client_id, text=body.text
            )
        return NoteAnswer(note=NoteView.of(noted))


@contextmanager
def _problems() -> Iterator[None]:
    try:
        yield
    except actions.UnknownConversation:
        raise Problem(404, "not_found", "There is no such conversation at your locations.") from None
    except actions.ReadOnly:
        raise Problem(403, "read_only", "Your role may look, and not act.") from None
    except actions.SaidMeanwhile as meanwhile:
        messages = [
            StaffMessageView.of(one).model_dump(mode="json", exclude_none=True) for one in meanwhile.messages
        ]
        raise Problem(
            409, "said_meanwhile", "Something was written meanwhile: read it first.", messages=messages
        ) from None
    except actions.ColleagueWrites as writer:
        raise Problem(
            409,
            "colleague_writes",
            f"{writer.name} is writing a reply. Wait until it is sent.",
            name=writer.name,
        ) from None


def _timeline(entries: Sequence[TimelineEntry]) -> Timeline:
    return Timeline(events=[TimelineEvent(type=e.type, time=e.time, summary=e.summary) for e in entries])
