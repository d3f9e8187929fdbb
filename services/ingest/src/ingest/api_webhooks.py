"""The endpoint of ShopMonkey's webhooks as plain ASGI: it answers what `Intake` keeps, and hands on all else as it came.

What is refused, and what no group takes, is judged and answered by the route of the same path in `api`, which OpenAPI tells of.
"""

from shared.db.time import database_now
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.actions.intake import Intake
from ingest.api import WEBHOOK_PATH, delivery_answer, incoming_webhook, signature_of
from ingest.domain.signature import may_be_good

_PREFIX = WEBHOOK_PATH.removesuffix("{tenant}")


class _Route:
    """As the figures name it, like the route in `api`."""

    path = WEBHOOK_PATH


class WebhookEndpoint:
    """Inside the request's frame, which limits the body and knows the cause."""

    def __init__(self, app: ASGIApp, intake: Intake) -> None:
        self._app = app
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(_PREFIX):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        growing = "content-length" not in headers  # beyond the limit, perhaps, while it is read
        if growing or not may_be_good(signature_of(headers), now=database_now()):
            await self._app(scope, receive, send)
            return
        slug, messages = scope["path"].removeprefix(_PREFIX), await _read(receive)
        incoming = incoming_webhook(headers, b"".join(message.get("body", b"") for message in messages))
        if outcome := await self._intake.keep(slug, incoming):
            scope["route"] = _Route
            await delivery_answer(outcome)(scope, receive, send)
            return
        await self._judged_alone(slug, scope, _replayed(messages, receive), send)

    async def _judged_alone(self, slug: str, scope: Scope, receive: Receive, send: Send) -> None:
        taken = False

        async def answer(message: Message) -> None:
            nonlocal taken
            taken = taken or message.get("status") in {200, 202}
            await send(message)

        await self._app(scope, receive, answer)
        if taken:
            await self._intake.learn(slug)


async def _read(receive: Receive) -> list[Message]:
    """All of the body, or as far as the caller sent it before going away."""
    messages = [await receive()]
    while messages[-1]["type"] == "http.request" and messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


def _replayed(messages: list[Message], receive: Receive) -> Receive:
    left = iter(messages)

    async def again() -> Message:
        return next(left, None) or await receive()

    return again
