"""Where notifier is put together."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import FastAPI
from shared.db.engine import Sessions, create_engine, create_sessions
from shared.http.app import create_app
from shared.messaging.broker import Messaging

from notifier.api import build_api
from notifier.api_admin import build_admin_api
from notifier.clients.smtp import MailServer, SmtpClient
from notifier.clients.twilio import TwilioClient
from notifier.consumers import build_consumers
from notifier.deps import Deps
from notifier.letters import Writer
from notifier.schedule import Finder, Sender
from notifier.sequences import load_sequences
from notifier.settings import Settings
from notifier.templates import load_templates


def build_app(settings: Settings) -> FastAPI:
    engine = create_engine(settings.database_url)
    deps, sender = build_sender(settings, create_sessions(engine))
    messaging = Messaging(settings, "notifier", build_consumers(deps))
    finder = Finder(deps)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with sender.running(), finder.running(), messaging.running():
            yield
        await deps.smtp.close()
        await deps.twilio.close()
        await engine.dispose()

    return create_app(
        "notifier",
        routers=[build_api(deps), build_admin_api(deps)],
        sessions=deps.sessions,
        messaging=messaging,
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
        writer=Writer(templates, keys=settings.signing_keys(), public_url=settings.public_url),
        sequences=load_sequences(templates),
        smtp=SmtpClient(_mail_server(settings)),
        twilio=TwilioClient(
            settings.twilio_base_url,
            settings.twilio_account_sid,
            settings.twilio_auth_token.get_secret_value(),
        ),
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
