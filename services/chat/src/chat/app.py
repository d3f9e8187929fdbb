"""The composition root of the chat service."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient, Timeout
from fastapi import FastAPI
from shared.db.engine import asyncpg_url, create_engine, create_sessions
from shared.db.time import database_now
from shared.http.app import create_app
from shared.http.vendors import VendorTransport
from shared.messaging.broker import Messaging

from chat.actions.assistant import Assistant
from chat.actions.offline import OfflineAssistant
from chat.actions.online import ClaudeAssistant
from chat.api import build_api
from chat.api_staff import build_staff_api
from chat.clients.booking import BookingClient, booking_http
from chat.clients.claude import AnthropicClaude, Claude
from chat.clients.feed import Feed
from chat.consumers import build_consumers
from chat.deps import Deps
from chat.schedule import AnsweringClock, handoff_clock
from chat.settings import Settings

CONNECT_SECONDS = 2
"""A provider that cannot even be reached is not waited for: the retry and the other assistant are quicker."""

CONNECTIONS = 16
"""To the database, kept open: with 10, many conversations at once waited for one."""

KEPT_OPEN_SECONDS = 60
"""A connection to the provider: without one, its handshake comes before the first token."""


def build_app(settings: Settings) -> FastAPI:
    engine = create_engine(settings.database_url, CONNECTIONS)
    sessions = create_sessions(engine)
    http = booking_http(settings.booking_url)
    claude = build_claude(settings)
    deps = Deps(
        sessions=sessions,
        booking=BookingClient(http, settings.signing_keys(), database_now),
        feed=Feed(asyncpg_url(settings.database_url)),
        link_keys=settings.signing_keys(),
        now=database_now,
        claude=claude,
        quiet_seconds=settings.quiet_seconds,
        answer_seconds=settings.anthropic_answer_seconds,
    )
    messaging = Messaging(settings, "chat", build_consumers(deps))
    answering = AnsweringClock(deps, assistants_of(claude, settings.anthropic_answer_seconds))

    handoffs = handoff_clock(deps, timedelta(minutes=settings.handoff_idle_minutes))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with deps.feed.running(), messaging.running(), answering.running(), handoffs.running():
            yield
        if claude is not None:
            await claude.close()
        await http.aclose()
        await engine.dispose()

    return create_app(
        "chat",
        routers=[build_api(deps, desk=answering), build_staff_api(deps, settings)],
        sessions=sessions,
        messaging=messaging,
        lifespan=lifespan,
    )


def build_claude(settings: Settings) -> AnthropicClaude | None:
    key = settings.anthropic_api_key
    if key is None or not key.get_secret_value():
        return None
    client = AsyncAnthropic(
        api_key=key.get_secret_value(),
        base_url=settings.anthropic_base_url or None,
        max_retries=0,
        timeout=Timeout(settings.anthropic_answer_seconds, connect=CONNECT_SECONDS),
        http_client=DefaultAsyncHttpxClient(
            transport=VendorTransport(
                call_seconds=settings.anthropic_answer_seconds, kept_seconds=KEPT_OPEN_SECONDS
            )
        ),
    )
    return AnthropicClaude(
        client,
        settings.anthropic_model,
        settings.anthropic_first_token_seconds,
        settings.anthropic_stronger_model or None,
    )


def assistants_of(claude: Claude | None, answer_seconds: float) -> Sequence[Assistant]:
    """In the order in which they are asked; the last one needs nothing but the database."""
    offline = OfflineAssistant()
    return (offline,) if claude is None else (ClaudeAssistant(claude, offline, answer_seconds), offline)
