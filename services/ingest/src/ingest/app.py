"""The composition root of ingest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from shared.db.engine import create_engine, create_sessions
from shared.http.app import create_app
from shared.http.persons import build_persons_api
from shared.http.retention import build_retention_api
from shared.messaging.broker import Messaging
from shared.retention import nightly
from shared.secrets import keys_of
from starlette.middleware import Middleware

from ingest.actions.intake import Intake
from ingest.api import build_api
from ingest.api_admin import build_admin_api
from ingest.api_staff import build_staff_api
from ingest.api_webhooks import WebhookEndpoint
from ingest.challenge import Challenges
from ingest.consumers import build_consumers
from ingest.cors import FormCors
from ingest.deps import Deps
from ingest.holdings import HOLDINGS
from ingest.schedule import build_remover, sealing_clock
from ingest.sealing import Sealer
from ingest.settings import Settings


def build_app(settings: Settings) -> FastAPI:
    engine = create_engine(settings.database_url)
    deps = Deps(
        sessions=create_sessions(engine),
        sealer=Sealer(keys_of(settings.data_keys)),
        person_key=settings.person_key,
    )
    intake = Intake(settings.database_url, deps.sealer, deps.person_key)
    messaging = Messaging(settings, "ingest", build_consumers(deps))
    remover = build_remover(deps, settings)
    night = nightly(remover, "ingest", settings.retention_hour)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with messaging.running(), sealing_clock(deps).running(), night.running():
            yield
        await intake.close()
        await engine.dispose()

    app = create_app(
        "ingest",
        routers=[
            build_api(deps, Challenges(keys_of(settings.challenge_keys))),
            build_staff_api(deps, settings),
            build_admin_api(deps, settings),
            build_persons_api(deps.sessions, settings, HOLDINGS, settings.person_key),
            build_retention_api(remover, settings),
        ],
        sessions=deps.sessions,
        messaging=messaging,
        limits=settings.limits_in(deps.sessions),
        lifespan=lifespan,
    )
    app.user_middleware.append(Middleware(WebhookEndpoint, intake=intake))  # the innermost
    app.add_middleware(FormCors)
    return app
