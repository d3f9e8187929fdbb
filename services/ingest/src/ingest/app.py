"""The composition root of ingest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from shared.db.engine import create_engine, create_sessions
from shared.http.app import create_app
from shared.messaging.broker import Messaging

from ingest.api import build_api
from ingest.api_admin import build_admin_api
from ingest.api_staff import build_staff_api
from ingest.consumers import build_consumers
from ingest.deps import Deps
from ingest.settings import Settings


def build_app(settings: Settings) -> FastAPI:
    engine = create_engine(settings.database_url)
    deps = Deps(sessions=create_sessions(engine))
    messaging = Messaging(settings, "ingest", build_consumers(deps))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with messaging.running():
            yield
        await engine.dispose()

    return create_app(
        "ingest",
        routers=[build_api(deps), build_staff_api(deps, settings), build_admin_api(deps, settings)],
        sessions=deps.sessions,
        messaging=messaging,
        lifespan=lifespan,
    )
