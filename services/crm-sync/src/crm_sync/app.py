"""The composition root: the only module that constructs anything with a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from shared.db.engine import create_engine, create_sessions
from shared.http.app import create_app
from shared.http.persons import build_persons_api
from shared.http.retention import build_retention_api
from shared.messaging.broker import Messaging
from shared.retention import nightly

from crm_sync.api_admin import build_api_admin
from crm_sync.clients.shopmonkey import ShopMonkey
from crm_sync.consumers import build_consumers
from crm_sync.deps import Deps
from crm_sync.holdings import HOLDINGS
from crm_sync.schedule import (
    build_calendar_poll,
    build_poll,
    build_remover,
    build_report,
    build_series_poll,
    build_worker,
)
from crm_sync.settings import Settings


def build_app(settings: Settings) -> FastAPI:
    engine = create_engine(settings.database_url)
    accounts = {name: ShopMonkey(account) for name, account in settings.shopmonkey_accounts.items()}
    deps = Deps(sessions=create_sessions(engine), accounts=accounts)
    worker, report = build_worker(deps), build_report(deps)
    poll = build_poll(deps, settings.poll_seconds)
    calendar, series = build_calendar_poll(deps), build_series_poll(deps)
    remover = build_remover(deps, settings)
    night = nightly(remover, "crm-sync", settings.retention_hour)

    def wake_calendar() -> None:
        calendar.wake()
        series.wake()

    consumers = build_consumers(deps, wake_worker=worker.wake, wake_calendar=wake_calendar)
    messaging = Messaging(settings, "crm-sync", consumers)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with (
            messaging.running(),
            worker.running(),
            report.running(),
            poll.running(),
            calendar.running(),
            series.running(),
            night.running(),
        ):
            yield
        await asyncio.gather(*(api.close() for api in accounts.values()))
        await engine.dispose()

    admin = build_api_admin(deps, settings, wake_worker=worker.wake, wake_poll=poll.wake)
    persons = build_persons_api(deps.sessions, settings, HOLDINGS)
    return create_app(
        "crm-sync",
        routers=[admin, persons, build_retention_api(remover, settings)],
        sessions=deps.sessions,
        messaging=messaging,
        limits=settings.limits_in(deps.sessions),
        lifespan=lifespan,
    )
