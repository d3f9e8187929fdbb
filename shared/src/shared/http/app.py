"""The frame of every service's application: errors, health, metrics, traces, size limit, migrate and serve."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import uvicorn
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db.engine import Sessions, transaction
from shared.db.time import DATABASE_TIME
from shared.http import problems
from shared.http.limits import Limits, caller, limits_of
from shared.http.problems import Problem, problem_response, route_of
from shared.messaging.broker import Messaging
from shared.settings import ServiceSettings, migration_settings, why_refused
from shared.telemetry.logs import configure_logs
from shared.telemetry.metrics import HTTP_SECONDS
from shared.telemetry.traces import caused_by_request, configure_traces

MAX_BODY_BYTES = 1024 * 1024
_TOO_LARGE = f"The body is over {MAX_BODY_BYTES} bytes."
_TOO_SLOW = "The body did not come to its end in time. Please send it again."
GRACEFUL_SECONDS = 3
BODY_SECONDS = 30
"""Of a whole body, as at the gateway (Caddyfile)."""
KEEP_ALIVE_SECONDS = 75
"""Longer than the gateway keeps an idle connection (Caddyfile): whoever closes second never meets a request on its way."""
PROBE_SECONDS = 2


def create_app(
    name: str,
    *,
    routers: list[APIRouter],
    sessions: Sessions,
    messaging: Messaging,
    limits: Limits,
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]],
) -> FastAPI:
    app = FastAPI(
        title=f"Lead Orchestrator: {name}",
        lifespan=_on_database_time(sessions, lifespan),
        docs_url=None,
        redoc_url=None,
        # One would lead to the host that the caller named.
        redirect_slashes=False,
        responses=problems.DECLARED,
    )
    app.state.limits = limits
    problems.install(app)
    app.add_exception_handler(RequestValidationError, _on_invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _on_http)  # type: ignore[arg-type]
    app.add_middleware(RequestFrame)
    for router in [*routers, _probes(sessions, messaging)]:
        app.include_router(router)
    return app


async def _on_invalid(request: Request, error: RequestValidationError) -> Response:
    return await _counted(request, problems.invalid(error))


async def _on_http(request: Request, error: HTTPException) -> Response:
    """400 is what FastAPI makes of bytes that no parser takes: no UTF-8, too deep, a number of thousands of digits."""
    answer = problems.answer_of(error)
    return await _counted(request, answer) if error.status_code == 400 else answer


async def _counted(request: Request, answer: Response) -> Response:
    """Counted here, since what is refused for its form may reach no other limit."""
    try:
        await limits_of(request).failed(("refused_requests_per_ip", caller(request)))
    except Problem as too_often:
        return problem_response(too_often)
    return answer


def _on_database_time(
    sessions: Sessions, lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with DATABASE_TIME.followed(sessions), lifespan(app):
            yield

    return running


def _probes(sessions: Sessions, messaging: Messaging) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/livez")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/readyz")
    async def readyz(response: Response) -> dict[str, object]:
        checks = {"postgres": await _answers(sessions), "rabbitmq": messaging.ready}
        ready = all(checks.values())
        response.status_code = 200 if ready else 503
        return {"status": "ready" if ready else "not ready", "checks": checks}

    @router.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router


async def _answers(sessions: Sessions) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS), transaction(sessions, tenant_id=None) as session:
            await session.execute(text("SELECT 1"))
    except (OSError, DBAPIError):
        return False
    return True


class RequestFrame:
    """ASGI middleware: limits of the body, cause and trace of the request, its time by route, no answer cached. Streams pass through unbuffered.

    What is cancelled, as the server does with what is still open at its stop, is answered "ask again".
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        if int(headers.get("content-length", "0") or 0) > MAX_BODY_BYTES:
            await _too_large()(scope, receive, _Answer(scope, send).send)
            return
        answer = _Answer(scope, send)
        try:
            with caused_by_request(f"{scope['method']}", headers):
                await self._app(scope, _limited(receive), answer.send)
        except asyncio.CancelledError:
            if answer.begun:
                raise
            await problem_response(problems.stopping())(scope, receive, answer.send)


def _limited(receive: Receive) -> Receive:
    """In bytes, and in time until its end has come; what is heard afterwards is whether the caller is still there."""
    seen = 0
    ends: float | None = asyncio.get_running_loop().time() + BODY_SECONDS

    async def limited() -> Message:
        nonlocal seen, ends
        try:
            async with asyncio.timeout_at(ends):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, _TOO_SLOW, headers={"Connection": "close"}) from None
        seen += len(message.get("body", b""))
        if seen > MAX_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        if not message.get("more_body", False):
            ends = None
        return message

    return limited


class _Answer:
    """Of one request, timed from here on. `begun`: its status was sent, so that it can be no other."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.begun = False
        self._scope = scope
        self._send = send
        self._started = time.perf_counter()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            labels = {
                "method": self._scope["method"],
                "route": route_of(self._scope),
                "status": message["status"],
            }
            HTTP_SECONDS.labels(**labels).observe(time.perf_counter() - self._started)
            MutableHeaders(scope=message).setdefault("cache-control", "no-store")
        await self._send(message)


def _too_large() -> Response:
    return problem_response(Problem(413, "too_large", _TOO_LARGE))


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def bearer_token(request: Request) -> str:
    """The token of `Authorization: Bearer`, empty when there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def main(
    name: str, package: str, settings_class: type[SettingsT], build: Callable[[SettingsT], FastAPI]
) -> None:
    """`python -m <package> serve | migrate`."""
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command not in {"serve", "migrate"}:
        sys.exit(f"usage: python -m {package} serve | migrate")
    if command == "migrate":
        owner = _settings(name, migration_settings(settings_class.model_config["env_prefix"]))
        configure_logs(name, owner.log_level)
        from shared.db.migrate import upgrade  # noqa: PLC0415 - a service that serves needs no Alembic

        upgrade(package, owner.migration_database_url.get_secret_value())
        return
    settings = _settings(name, settings_class)
    configure_logs(name, settings.log_level)
    configure_traces(name)
    uvicorn.run(
        build(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )


AnySettingsT = TypeVar("AnySettingsT", bound=BaseSettings)


def _settings(name: str, settings_class: type[AnySettingsT]) -> AnySettingsT:
    """Ends the program with one line when they are not safe to start with."""
    try:
        return settings_class()
    except (ValidationError, SettingsError) as error:
        sys.exit(f"{name} does not start: {why_refused(settings_class, error)}")
