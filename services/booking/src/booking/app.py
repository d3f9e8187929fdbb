"""The composition root of booking."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from shared.db.engine import create_engine, create_sessions
from shared.http.app import create_app
from shared.http.links import LinkPurpose
from shared.http.persons import build_persons_api
from shared.http.retention import build_retention_api
from shared.messaging.broker import Messaging
from shared.retention import nightly
from shared.secrets import keys_of

from booking.api import build_api
from booking.api_admin import build_admin_api
from booking.api_staff import build_staff_api
from booking.consumers import build_consumers
from booking.deps import Deps
from booking.holdings import HOLDINGS
from booking.schedule import build_day_clock, build_remover, build_sweeper
from booking.settings import Settings


def build_app(settings: Settings) -> FastAPI:
    engine = create_engine(settings.database_url)
    sessions = create_sessions(engine)
    deps = Deps(
        sessions=sessions,
        public_url=settings.public_url.rstrip("/"),
        keys={
            LinkPurpose.CHAT: keys_of(settings.link_keys_chat),
            LinkPurpose.MANAGE: keys_of(settings.link_keys_manage),
        },
    )
    day = build_day_clock(deps)
    sweeper, remover = build_sweeper(deps), build_remover(deps, settings)
    night = nightly(remover, "booking", settings.retention_hour)
    messaging = Messaging(settings, "booking", build_consumers(deps))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with messaging.running(), sweeper.running(), day.running(), night.running():
            yield
        await engine.dispose()

    return create_app(
        "booking",
        routers=[
            build_api(deps),
            build_staff_api(deps, settings),
            build_admin_api(deps, settings),
            build_persons_api(sessions, settings, HOLDINGS),
            build_retention_api(remover, settings),
        ],
        sessions=sessions,
        messaging=messaging,
        limits=settings.limits_in(sessions),
        lifespan=lifespan,
    )
