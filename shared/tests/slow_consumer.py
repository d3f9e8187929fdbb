"""A service, started as a process by a test: its only consumer says that it began, and a moment later commits its effect."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from faststream.rabbit import RabbitRouter
from shared.db.engine import create_engine, create_sessions, transaction
from shared.events import Event, LeadStatusChanged
from shared.http.app import GRACEFUL_SECONDS, create_app
from shared.http.limits import Limits
from shared.messaging.broker import ACK_POLICY, Messaging, work_queue
from shared.messaging.inbox import once
from shared.settings import ServiceSettings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

HANDLING_SECONDS = 1.5


def build() -> FastAPI:
    settings = ServiceSettings(
        database_url=os.environ["DATABASE_URL"],
        rabbitmq_url=os.environ["RABBITMQ_URL"],
        port=0,
    )
    engine = create_engine(settings.database_url)
    sessions = create_sessions(engine)
    router = RabbitRouter()

    async def leave(session: AsyncSession, event: Event[LeadStatusChanged]) -> None:
        async with transaction(sessions, None) as other:
            await other.execute(text("INSERT INTO effects (what) VALUES ('begun')"))
        await session.execute(text("INSERT INTO effects (what) VALUES ('done')"))
        await asyncio.sleep(HANDLING_SECONDS)

    @router.subscriber(work_queue("chat", LeadStatusChanged), ack_policy=ACK_POLICY)
    async def slow(event: Event[LeadStatusChanged]) -> None:
        await once(sessions, event, leave)

    messaging = Messaging(settings, "chat", router)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with messaging.running():
            yield
        await engine.dispose()

    return create_app(
        "chat",
        routers=[],
        sessions=sessions,
        messaging=messaging,
        limits=Limits(sessions, {}, secret="of-the-tests"),
        lifespan=lifespan,
    )


if __name__ == "__main__":
    uvicorn.run(build(), port=0, log_config=None, timeout_graceful_shutdown=GRACEFUL_SECONDS)
