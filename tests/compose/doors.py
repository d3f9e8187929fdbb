"""The published doors, from outside: doors.py GATEWAY SANDBOX; ends with the first one that answers otherwise."""

import sys
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

TOO_LARGE = 1024 * 1024 + 1


@dataclass(frozen=True)
class Door:
    promise: str
    path: str
    status: int
    method: str = "GET"
    body: bytes | None = None
    content_type: str = "application/problem+json"


GATEWAY = (
    Door("the gateway is well", "/healthz", 200, content_type="application/json"),
    Door("a chat link opens the page", "/c/any-token", 200, content_type="text/html; charset=utf-8"),
    Door(
        "a sign-in link opens the console", "/console?code=any", 200, content_type="text/html; charset=utf-8"
    ),
    Door("no conversation without a link", "/api/chat/session/me", 401),
    Door("an unsigned webhook is refused", "/webhooks/shopmonkey/sample-tint", 401, "POST", b"{}"),
    Door("no body over 1 MiB", "/api/leads", 413, "POST", bytes(TOO_LARGE)),
    Door("operators' endpoints are not on the site", "/api/admin/tenants/sample-tint", 404, "PUT", b"{}"),
    Door("nothing else is there", "/metrics", 404),
)
SANDBOX = (Door("the sandbox shows its page", "/", 200, content_type="text/html; charset=utf-8"),)


def main(gateway: str, sandbox: str) -> None:
    for origin, doors in ((gateway, GATEWAY), (sandbox, SANDBOX)):
        for door in doors:
            found = _answer(origin, door)
            if found != (door.status, door.content_type):
                sys.exit(f"{door.promise}: {door.method} {door.path} answered {found}")


def _answer(origin: str, door: Door) -> tuple[int, str]:
    where = urlsplit(origin)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=20)
    try:
        connection.request(door.method, door.path, door.body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", "")
    finally:
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
