"""The composition root of booking."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from shared.db.engine import create_engine, create_sessions
from shared.http.app import create_app
from shared.messaging.broker import Messaging

from booking.actions.clearing import Retention
from booking.api import build_api
from booking.api_admin import build_admin_api
from booking.consumers import build_consumers
from booking.deps import Deps
from booking.schedule import build_clearer, build_day_clock, build_sweeper
from booking.settings import Settings


def build_app(settings: Settings) -> FastAPI:
    engine = create_engine(settings.database_url)
    sessions = create_sessions(engine)
    deps = Deps(
        sessions=sessions,
        public_url=settings.public_url.rstrip("/"),
        keys=tuple(settings.signing_keys()),
    )
    day = build_day_clock(deps)
    sweeper, clearer = build_sweeper(deps), build_clearer(deps, _retention(settings))
    messaging = Messaging(settings, "booking", build_consumers(deps))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with messaging.running(), sweeper.running(), clearer.running(), day.running():
            yield
        await engine.dispose()

    return create_app(
        "booking",
        routers=[build_api(deps), build_admin_api(deps, settings)],
        sessions=sessions,
        messaging=messaging,
        lifespan=lifespan,
    )


def _retention(settings: Settings) -> Retention:
    return {
        "quotes": timedelta(days=settings.quote_retention_days),
        "holds": timedelta(days=settings.hold_retention_days),
        "idempotency_keys": timedelta(days=settings.idempotency_retention_days),
    }
