"""The composition root of the chat service."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from fastapi import FastAPI
from shared.db.engine import asyncpg_url, create_engine, create_sessions
from shared.db.time import database_now
from shared.http.app import create_app
from shared.http.persons import build_persons_api
from shared.http.retention import build_retention_api
from shared.messaging.broker import Messaging
from shared.retention import nightly
from shared.secrets import keys_of
from shared.understanding.opt_out import hearing

from chat.actions.assistant import Assistant
from chat.actions.hearing import reading
from chat.actions.offline import OfflineAssistant
from chat.actions.online import ClaudeAssistant, Doubts
from chat.api import build_api
from chat.api_admin import build_admin_api
from chat.api_staff import build_staff_api
from chat.clients.booking import BookingClient, booking_http
from chat.clients.claims import LocalClaimDetector
from chat.clients.feed import Feed
from chat.consumers import build_consumers
from chat.deps import Deps, OpenStreams
from chat.holdings import HOLDINGS
from chat.schedule import AnsweringClock, build_remover, handoff_clock
from chat.settings import Settings

if TYPE_CHECKING:
    from chat.clients.claude_sdk import AnthropicClaude

CONNECTIONS = 16
"""To the database, kept open: with 10, many conversations at once waited for one."""


def build_app(settings: Settings) -> FastAPI:
    engine = create_engine(settings.database_url, CONNECTIONS)
    sessions = create_sessions(engine)
    http = booking_http(settings.booking_url)
    claude, link_keys = build_claude(settings), keys_of(settings.link_keys_chat)
    deps = Deps(
        sessions=sessions,
        booking=BookingClient(http, link_keys, database_now),
        feed=Feed(asyncpg_url(settings.database_url)),
        link_keys=link_keys,
        now=database_now,
        limits=settings.limits_in(sessions),
        streams=OpenStreams(settings.stream_caps()),
        claude=claude,
        quiet_seconds=settings.quiet_seconds,
        answer_seconds=settings.anthropic_answer_seconds,
    )
    messaging = Messaging(settings, "chat", build_consumers(deps))
    answering = AnsweringClock(deps, assistants_of(claude, settings))

    handoffs = handoff_clock(deps, timedelta(minutes=settings.handoff_idle_minutes))
    remover = build_remover(deps, settings)
    night = nightly(remover, "chat", settings.retention_hour)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with (
            hearing(),
            reading(),
            deps.feed.running(),
            messaging.running(),
            answering.running(),
            handoffs.running(),
            night.running(),
        ):
            yield
        if claude is not None:
            await claude.close()
        await http.aclose()
        await engine.dispose()

    return create_app(
        "chat",
        routers=[
            build_api(deps, desk=answering),
            build_staff_api(deps, settings),
            build_admin_api(deps, settings),
            build_persons_api(sessions, settings, HOLDINGS),
            build_retention_api(remover, settings),
        ],
        sessions=sessions,
        messaging=messaging,
        limits=deps.limits,
        lifespan=lifespan,
    )


def build_claude(settings: Settings) -> "AnthropicClaude | None":
    key = settings.anthropic_api_key
    if key is None or not key.get_secret_value():
        return None
    # Only with a key: the SDK's 3,000 modules are a third of the processor time of a start.
    from chat.clients.claude_sdk import AnthropicClaude, anthropic_client  # noqa: PLC0415

    return AnthropicClaude(
        anthropic_client(
            key.get_secret_value(), settings.anthropic_base_url or None, settings.anthropic_answer_seconds
        ),
        settings.anthropic_model,
        settings.anthropic_first_token_seconds,
        settings.anthropic_stronger_model or None,
    )


def assistants_of(claude: "AnthropicClaude | None", settings: Settings) -> Sequence[Assistant]:
    """In the order in which they are asked; the last one needs nothing but the database."""
    offline = OfflineAssistant()
    if claude is None:
        return (offline,)
    judge = claude if settings.judge else None
    doubts = Doubts(LocalClaimDetector(), settings.claim_chance, judge, settings.judge_seconds)
    return (ClaudeAssistant(claude, offline, settings.anthropic_answer_seconds, doubts), offline)
