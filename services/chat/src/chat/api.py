"""HTTP in, customer: open the chat, send a message, read what was said, listen."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field, model_validator
from shared.http.app import bearer_token
from shared.http.limits import caller, client_ip
from shared.http.links import BadLink, Link, LinkPurpose, read
from shared.http.problems import DECLARED, Problem
from shared.http.routes import BeforeBody, CheckedRoute
from shared.text import Code, Words

from chat.actions import messages as actions
from chat.actions.answering import Desk
from chat.actions.messages import MAX_CHARACTERS, Received, Written
from chat.actions.records import NoConversation
from chat.api_stream import HEADERS, Pace, conversation_events, counted_in, refuse_when_full, shared_by_many
from chat.deps import Deps
from chat.domain.intents import UnknownAction, understand_action
from chat.domain.signals import MessageStored, Resync, Signal
from chat.tables import ChatMessage
from chat.views import MAX_SEQ, MessageView, SessionView

MAX_WAIT_SECONDS = 30.0
_LOOK_AGAIN_SECONDS = 5.0
"""A lost notification costs at most this much of a wait."""
ARRIVAL_SECONDS = 3.0
"""The e-mail may be faster than the conversation that its link leads to."""
_LOOK_FOR_IT_SECONDS = 0.1
_NOT_VALID = "This link is not valid any more."
_WAIT = re.compile(r"\bwait=(\d{1,4})\b")


TAKEN = ("staff:", "sms:", "email:", "crm:")
"""What our own ids of messages begin with: who used one would stand where the shop's message should."""

FoundT = TypeVar("FoundT")


class NewMessageBody(BaseModel):
    """Exactly one of `text` and `action`. `client_id` is the page's own: sent twice, it is one message."""

    client_id: Annotated[Code, Field(min_length=1, max_length=100)]
    text: Annotated[Words, Field(min_length=1, max_length=MAX_CHARACTERS)] | None = None
    action: Annotated[Code, Field(min_length=1, max_length=100)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "NewMessageBody":
        if (self.text is None) == (self.action is None):
            raise ValueError("give either text or action")
        if self.client_id.startswith(TAKEN):
            raise ValueError(f"client_id: must not begin with any of {', '.join(TAKEN)}")
        if self.action is not None:
            try:
                understand_action(self.action)
            except UnknownAction:
                raise ValueError("unknown action") from None
        return self


class MessageAnswer(BaseModel):
    """`replies` is there once the turn was answered within the wait."""

    message: MessageView
    replies: list[MessageView] | None = None


_ANSWERED: dict[str, Any] = {"model": MessageAnswer, "description": "Answered within the wait."}
_STREAM: dict[str, Any] = {
    "description": "Server-sent events: message, delta, typing, state.",
    "content": {"text/event-stream": {}},
}


class EngagedAnswer(BaseModel):
    at: AwareDatetime | None = Field(default=None, description="when the customer last wrote, by any channel")
    opted_out: dict[str, AwareDatetime] | None = Field(
        default=None, description="when the customer last refused a channel"
    )


class MessagesAnswer(BaseModel):
    messages: list[MessageView] = Field(description="by rising seq")


def build_api(deps: Deps, pace: Pace | None = None, desk: Desk | None = None) -> APIRouter:
    router = APIRouter(prefix="/api/chat", route_class=CheckedRoute, responses=DECLARED)

    customer = _customer(deps)
    customer_of_link = Annotated[Link, Depends(customer)]

    @router.get("/session/{lead_id}", response_model_exclude_none=True)
    async def session(lead_id: str, lead: customer_of_link) -> SessionView:
        if lead_id not in {"me", str(lead.subject_id)}:
            raise _unknown()
        try:
            scene, messages = await _arrived(lambda: actions.read_session(deps, lead))
        except NoConversation:
            raise _unknown() from None
        return SessionView.of(scene, [MessageView.of(m) for m in messages])

    @router.post("/message", status_code=202, response_model_exclude_none=True, responses={200: _ANSWERED})
    async def send(
        body: NewMessageBody,
        lead: customer_of_link,
        request: Request,
        response: Response,
        prefer: Annotated[str, Header()] = "",
    ) -> MessageAnswer:
        received = await _received(deps, lead, _written(body, request), desk)
        replies = await _replies(deps, received, _wait_seconds(prefer))
        if not replies:
            return MessageAnswer(message=MessageView.of(received.message))
        response.status_code = 200
        response.headers["Preference-Applied"] = "wait"
        return MessageAnswer(
            message=MessageView.of(received.message), replies=[MessageView.of(m) for m in replies]
        )

    @router.get("/engaged", response_model_exclude_none=True)
    async def engaged(lead: customer_of_link) -> EngagedAnswer:
        """Asked by notifier before a follow-up, a first touch that had to wait, or a text of reminder goes."""
        words = await actions.customers_words(deps, lead)
        return EngagedAnswer(at=words.at, opted_out=dict(words.opted_out) or None)

    @router.get("/messages", response_model_exclude_none=True)
    async def messages(
        lead: customer_of_link, after: Annotated[int, Query(ge=0, le=MAX_SEQ)] = 0
    ) -> MessagesAnswer:
        conversation_id = await _conversation_id(deps, lead)
        await actions.be_present(deps, lead)
        found = await actions.read_messages(deps, lead.tenant_id, conversation_id, after=after)
        return MessagesAnswer(messages=[MessageView.of(m) for m in found])

    _add_stream(router, deps, pace or Pace(), customer)
    return router


def _customer(deps: Deps) -> BeforeBody[Link]:
    async def link_of(request: Request) -> Link:
        try:
            link = read(LinkPurpose.CHAT, bearer_token(request), keys=deps.link_keys, now=deps.now())
        except BadLink:
            await deps.limits.failed(("link_failures_per_ip", caller(request)))
            raise Problem(401, "invalid_link", _NOT_VALID) from None
        await deps.limits.take(("requests_per_link", link.subject_id))
        return link

    return BeforeBody(link_of)


def _add_stream(router: APIRouter, deps: Deps, pace: Pace, customer: BeforeBody[Link]) -> None:
    @router.get("/stream", response_class=StreamingResponse, responses={200: _STREAM})
    async def stream(
        lead: Annotated[Link, Depends(customer)],
        request: Request,
        last_event_id: Annotated[int | None, Header(ge=0, le=MAX_SEQ)] = None,
        after: Annotated[int | None, Query(ge=0, le=MAX_SEQ)] = None,
    ) -> StreamingResponse:
        keys = (("streams_per_lead", lead.subject_id), *shared_by_many(request, lead.tenant_id))
        await deps.limits.take(("streams_opened_per_lead", lead.subject_id))
        await _conversation_id(deps, lead)
        refuse_when_full(deps.streams, *keys)
        resume_after = last_event_id if last_event_id is not None else after
        events = conversation_events(deps, lead, after=resume_after, pace=pace)
        counted = counted_in(deps.streams, keys, events)
        return StreamingResponse(counted, media_type="text/event-stream", headers=HEADERS)


async def _arrived(look: Callable[[], Awaitable[FoundT]]) -> FoundT:
    """Waits for a conversation that is still on its way. Raises `NoConversation`."""
    deadline = asyncio.get_running_loop().time() + ARRIVAL_SECONDS
    while True:
        try:
            return await look()
        except NoConversation:
            if asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(_LOOK_FOR_IT_SECONDS)


def _unknown() -> Problem:
    return Problem(404, "not_found", _NOT_VALID)


def _wait_seconds(prefer: str) -> float:
    """Of `Prefer: wait=20` (RFC 7240); 0 when it is not asked for."""
    match = _WAIT.search(prefer)
    return min(float(match[1]), MAX_WAIT_SECONDS) if match else 0.0


async def _conversation_id(deps: Deps, lead: Link) -> UUID:
    try:
        return (await _arrived(lambda: actions.read_scene(deps, lead))).conversation.id
    except NoConversation:
        raise _unknown() from None


def _written(body: NewMessageBody, request: Request) -> Written:
    return Written(client_id=body.client_id, text=body.text, action=body.action, ip=client_ip(request))


async def _received(deps: Deps, lead: Link, written: Written, desk: Desk | None) -> Received:
    try:
        return await _arrived(lambda: actions.receive_message(deps, lead, written, desk))
    except NoConversation:
        raise _unknown() from None


async def _replies(deps: Deps, received: Received, wait_seconds: float) -> Sequence[ChatMessage]:
    """Empty when the time is up or no answer is to be expected."""
    if not wait_seconds:
        return ()
    message = received.message
    with deps.feed.subscribed(message.conversation_id) as signals:
        replies = () if received.new and received.answer_owed else await actions.read_replies(deps, message)
        if replies or not received.answer_owed:
            return replies
        deadline = asyncio.get_running_loop().time() + wait_seconds
        while not replies and (left := deadline - asyncio.get_running_loop().time()) > 0:
            try:
                async with asyncio.timeout(min(left, _LOOK_AGAIN_SECONDS)):
                    signal = await signals.get()
                if not _may_be_an_answer(signal, message):
                    continue
            except TimeoutError:
                pass
            replies = await actions.read_replies(deps, message)
    return replies


def _may_be_an_answer(signal: Signal, message: ChatMessage) -> bool:
    return isinstance(signal, Resync) or (isinstance(signal, MessageStored) and signal.seq > message.seq)
