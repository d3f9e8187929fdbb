"""Builds the application: the vendors behind their gate, the control API, the page and the mail server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from sandbox import anthropic, control, meta, shopmonkey, staff, twilio
from sandbox.envelope import BoffError, boff
from sandbox.gate import Gate
from sandbox.mail import MailServer
from sandbox.settings import Settings
from sandbox.twilio import TwilioError, twilio_error
from sandbox.world import World

_PAGE = Path(__file__).parent / "page"


def create_app(settings: Settings) -> FastAPI:
    """The mail server listens while the application's lifespan runs; its port is `app.state.world.smtp_port`."""
    world = World(settings)
    app = FastAPI(title="Sandbox", lifespan=_lifespan)
    app.state.world = world
    app.add_exception_handler(BoffError, boff)
    app.add_exception_handler(TwilioError, twilio_error)
    for vendor in (shopmonkey, twilio, anthropic, meta, staff, control):
        app.include_router(vendor.router)
    app.include_router(twilio.media)
    app.mount("/", StaticFiles(directory=_PAGE, html=True))
    app.add_middleware(Gate, world=world)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    world: World = app.state.world
    mail = MailServer(world)
    world.smtp_port = await mail.start(world.settings.host, world.settings.smtp_port)
    try:
        yield
    finally:
        await world.close()
        await mail.close()
