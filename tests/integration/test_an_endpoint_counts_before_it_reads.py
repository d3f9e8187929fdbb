"""Whom an endpoint refuses for who they are, or how often they come, it answers without a byte of what they bring."""

import importlib
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from shared.http.app import MAX_BODY_BYTES
from shared.staff_sessions import public_key
from starlette.types import Message
from testkit.secrets import KEY, OPERATORS

SIGNED = "/webhooks/"
"""What a signature covers must be read; only its form is looked at before."""
SECRETS = {
    "ingest": ("link_keys_login", "session_keys", "data_keys", "challenge_keys", "person_key"),
    "chat": ("link_keys_chat",),
    "booking": ("link_keys_chat", "link_keys_manage"),
    "crm_sync": (),
    "notifier": (
        "link_keys_chat",
        "link_keys_unsubscribe",
        "link_keys_reply",
        "link_keys_login",
        "person_key",
    ),
}


def app_of(package: str) -> FastAPI:
    """Its database is away: a count that stands before everything else is then answered 503."""
    settings = importlib.import_module(f"{package}.settings").Settings(
        database_url="postgresql://x:a-password-of-the-tests@127.0.0.1:1/x",
        rabbitmq_url="amqp://127.0.0.1:1",
        operators=OPERATORS,
        **dict.fromkeys(SECRETS[package], KEY),
        **({"session_public_keys": public_key(KEY)} if package in {"chat", "booking"} else {}),
    )
    app: FastAPI = importlib.import_module(f"{package}.app").build_app(settings)
    return app


def doors_with_bodies(app: FastAPI) -> Iterator[tuple[str, str]]:
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            if "requestBody" in operation and not path.startswith(SIGNED):
                yield method.upper(), path


async def status_before_the_body(app: FastAPI, method: str, path: str) -> int | None:
    """`None` when it wanted the body first."""
    statuses: list[int] = []
    wanted: list[bool] = []

    async def receive() -> Message:
        wanted.append(True)
        return {"type": "http.request", "body": b'{"a": 1}', "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    headers = [(b"content-type", b"application/json"), (b"content-length", str(MAX_BODY_BYTES).encode())]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": method,
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("198.51.100.7", 1), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return None if wanted else statuses[0]


@pytest.mark.parametrize("package", sorted(SECRETS))
async def test_no_stranger_makes_a_service_read_a_body(package: str) -> None:
    app = app_of(package)
    statuses = {
        (method, path): await status_before_the_body(app, method, path.replace("{", "").replace("}", ""))
        for method, path in doors_with_bodies(app)
    }
    assert statuses
    assert {door: status for door, status in statuses.items() if status not in {401, 503}} == {}
