"""The published endpoints, from outside: endpoints.py GATEWAY SANDBOX; ends with the first one that answers otherwise."""

import sys
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

TOO_LARGE = 1024 * 1024 + 1


@dataclass(frozen=True)
class Endpoint:
    promise: str
    path: str
    status: int
    method: str = "GET"
    body: bytes | None = None
    content_type: str = "application/problem+json"


GATEWAY = (
    Endpoint("the gateway is well", "/healthz", 200, content_type="application/json"),
    Endpoint("a chat link opens the page", "/c/any-token", 200, content_type="text/html; charset=utf-8"),
    Endpoint(
        "a sign-in link opens the console", "/console?code=any", 200, content_type="text/html; charset=utf-8"
    ),
    Endpoint("no conversation without a link", "/api/chat/session/me", 401),
    Endpoint("an unsigned webhook is refused", "/webhooks/shopmonkey/sample-tint", 401, "POST", b"{}"),
    Endpoint("no body over 1 MiB", "/api/leads", 413, "POST", bytes(TOO_LARGE)),
    Endpoint("operators' endpoints are not on the site", "/api/admin/tenants/sample-tint", 404, "PUT", b"{}"),
    Endpoint("nothing else is there", "/metrics", 404),
)
SANDBOX = (Endpoint("the sandbox shows its page", "/", 200, content_type="text/html; charset=utf-8"),)


def main(gateway: str, sandbox: str) -> None:
    for origin, endpoints in ((gateway, GATEWAY), (sandbox, SANDBOX)):
        for endpoint in endpoints:
            found = _answer(origin, endpoint)
            if found != (endpoint.status, endpoint.content_type):
                sys.exit(f"{endpoint.promise}: {endpoint.method} {endpoint.path} answered {found}")


def _answer(origin: str, endpoint: Endpoint) -> tuple[int, str]:
    where = urlsplit(origin)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=20)
    try:
        connection.request(
            endpoint.method, endpoint.path, endpoint.body, {"Content-Type": "application/json"}
        )
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", "")
    finally:
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
