"""Where notifier is put together."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import FastAPI
from shared.db.engine import Sessions, create_engine, create_sessions
from shared.db.time import database_now
from shared.http.app import create_app
from shared.http.persons import build_persons_api
from shared.http.retention import build_retention_api
from shared.messaging.broker import Messaging
from shared.retention import nightly
from shared.secrets import keys_of
from shared.understanding.opt_out import hearing

from notifier.api import build_api
from notifier.api_admin import build_admin_api
from notifier.clients.house import House
from notifier.clients.smtp import MailServer, SmtpClient
from notifier.clients.twilio import TwilioClient
from notifier.consumers import build_consumers
from notifier.deps import Deps
from notifier.holdings import HOLDINGS
from notifier.letters import Writer
from notifier.schedule import Sender, build_remover, build_rescue, build_stranger_notices
from notifier.sequences import load_sequences
from notifier.settings import Settings
from notifier.stricter_states import load_states
from notifier.templates import load_templates


def build_app(settings: Settings) -> FastAPI:
    engine = create_engine(settings.database_url)
    deps, sender = build_sender(settings, create_sessions(engine))
    messaging = Messaging(settings, "notifier", build_consumers(deps))
    rescue, notices = build_rescue(deps), build_stranger_notices(deps)
    remover = build_remover(deps)
    night = nightly(remover, "notifier", settings.retention_hour)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with (
            hearing(),
            sender.running(),
            rescue.running(),
            notices.running(),
            messaging.running(),
            night.running(),
        ):
            yield
        await deps.smtp.close()
        await deps.twilio.close()
        await deps.house.close()
        await engine.dispose()

    return create_app(
        "notifier",
        routers=[
            build_api(deps),
            build_admin_api(deps),
            build_persons_api(deps.sessions, settings, HOLDINGS, settings.person_key),
            build_retention_api(remover, settings),
        ],
        sessions=deps.sessions,
        messaging=messaging,
        limits=deps.limits,
        lifespan=lifespan,
    )


def build_sender(settings: Settings, sessions: Sessions) -> tuple[Deps, Sender]:
    """The two that know each other: actions wake the sender, the sender runs actions."""

    def wake(tenant_id: UUID) -> None:
        sender.wake(tenant_id)

    deps = _build_deps(settings, sessions, wake)
    sender = Sender(deps)
    return deps, sender


def _build_deps(settings: Settings, sessions: Sessions, wake: Callable[[UUID], None]) -> Deps:
    templates = load_templates()
    return Deps(
        settings=settings,
        sessions=sessions,
        limits=settings.limits_in(sessions),
        writer=Writer(templates, keys=settings.link_keys(), public_url=settings.public_url),
        sequences=load_sequences(templates),
        states=load_states(),
        smtp=SmtpClient(_mail_server(settings)),
        twilio=TwilioClient(
            settings.twilio_base_url,
            settings.twilio_account_sid,
            next(iter(keys_of(settings.twilio_auth_token)), ""),
        ),
        house=House(settings.chat_url, settings.booking_url, keys_of(settings.link_keys_chat), database_now),
        wake=wake,
    )


def _mail_server(settings: Settings) -> MailServer:
    password = settings.smtp_password
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        username=settings.smtp_username,
        password=password.get_secret_value() if password else None,
        starttls=settings.smtp_starttls,
        our_name=urlsplit(settings.public_url).hostname or "localhost",
    )
