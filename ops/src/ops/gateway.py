"""Calls to the system's own endpoints, as an operator."""

import time

import httpx2

from ops.screen import fail, refusal
from ops.settings import Settings

TIMEOUT_SECONDS = 15
REPLICA_WAIT_SECONDS = 20
"""A service learns of a new location by an event; until then it does not know the code."""


def client(settings: Settings) -> httpx2.Client:
    token = settings.ops_token.get_secret_value()
    return httpx2.Client(
        base_url=settings.admin_url or settings.gateway_url,
        headers={"Authorization": f"Bearer {token}"},
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
    )


def put(http: httpx2.Client, path: str, body: object, *, dry_run: bool) -> dict[str, object]:
    """The answer; ends the program with the service's own words when it refuses."""
    answer = attempt(http, path, body, dry_run=dry_run)
    if not answer.is_success:
        fail(f"{path}\n{refusal(answer)}")
    result: dict[str, object] = answer.json()
    return result


def get(http: httpx2.Client, path: str) -> dict[str, object]:
    """As `put`."""
    try:
        answer = http.get(path)
    except httpx2.HTTPError as error:
        fail(_silent(http, error))
    if not answer.is_success:
        fail(f"{path}\n{refusal(answer)}")
    result: dict[str, object] = answer.json()
    return result


def attempt(http: httpx2.Client, path: str, body: object, *, dry_run: bool) -> httpx2.Response:
    """Whatever the service answers, once it knows the location."""
    deadline = time.monotonic() + REPLICA_WAIT_SECONDS
    while True:
        try:
            answer = http.put(path, json=body, params={"dry_run": "true"} if dry_run else {})
        except httpx2.HTTPError as error:
            fail(_silent(http, error))
        if answer.is_success or "location_unknown" not in answer.text or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def _silent(http: httpx2.Client, error: httpx2.HTTPError) -> str:
    return f"{http.base_url} does not answer ({error}). Is the stack up? `make up` starts it."
