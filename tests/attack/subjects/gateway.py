"""F6, F9 and F10: what the gateway waits for, what it shows of us, and what it keeps to itself on a public site."""

import asyncio
import os
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
from ops.stack.ports import free_ports
from testkit.patience import eventually

from attack.subjects.floods import OPERATORS_ENDPOINTS
from attack.table import Fell, attack
from attack.target import Target

CADDYFILE = Path(__file__).parents[3] / "deploy" / "Caddyfile"
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
QUERIES = ("tenant", "%74enant", "a;b&tenant", ";tenant", "%zz&tenant", "&tenant", "tenant=a&tenant")
"""What one reader of queries takes for a tenant, and another one does not."""
INSIDE = ("/metrics", "/livez", "/readyz", "/openapi.json", "/docs", "/config/", "/debug/pprof/")


@attack("F10")
async def answers_kept_in_a_cache(target: Target) -> str:
    """The headers of pages, answers and refusals: nothing of ours is to be framed, sniffed or kept."""
    customer = await target.greeted()
    bearer = {"Authorization": f"Bearer {customer.token}"}
    paths = {
        "/api/chat/session/me": bearer,
        "/api/chat/messages": bearer,
        "/api/booking/catalog": bearer,
        "/api/booking/hours": bearer,
        "/api/staff/me": {},
        f"/c/{customer.token}": {},
        "/m/sample": {},
        "/console?code=sample": {},
        "/u/sample": {},
        "/nothing": {},
    }
    for path, headers in paths.items():
        answer = await target.http.get(f"{target.stack.gateway}{path}", headers=headers)
        wrong = [name for name, value in HEADERS.items() if answer.headers.get(name) != value]
        if "content-security-policy" not in answer.headers:
            wrong.append("content-security-policy")
        if "no-store" not in answer.headers.get("cache-control", ""):
            wrong.append("cache-control")
        if "server" in answer.headers or "via" in answer.headers:
            wrong.append("server or via")
        if wrong:
            raise Fell(f"{path.replace(customer.token, '…')} ({answer.status_code}): {wrong}")
    return f"{len(paths)} answers with all headers, none may be kept"


@attack("F9")
async def operators_endpoints_on_the_public_site(target: Target) -> str:
    """The Caddyfile as deploy/ runs it by default; then each operators' endpoint and each inner one, with a valid token."""
    async with _public_gateway(target, "http://127.0.0.1:{port}") as (origin, _):
        for endpoint in OPERATORS_ENDPOINTS.values():
            answer = await target.http.get(f"{origin}{endpoint}", headers=target.operator)
            if answer.status_code != 404:
                raise Fell(f"{endpoint} answers {answer.status_code} on the public site")
        timeline, host = OPERATORS_ENDPOINTS["chat"].partition("?")[0], origin.rpartition("/")[2]
        for query in QUERIES:
            head = f"Host: {host}\r\nAuthorization: {target.operator['Authorization']}\r\nConnection: close"
            answered = await raw(
                *host.split(":"), f"GET {timeline}?{query}=sample-tint HTTP/1.1\r\n{head}\r\n\r\n"
            )
            if " 404 " not in answered.partition("\r\n")[0] or "gateway" not in answered:
                raise Fell(f"the operators' timeline by ?{query}: {answered.partition(chr(13))[0]}")
        for endpoint in INSIDE:
            answer = await target.http.get(f"{origin}{endpoint}")
            if answer.status_code != 404:
                raise Fell(f"{endpoint} answers {answer.status_code} on the public site")
    return f"{len(OPERATORS_ENDPOINTS)} operators' endpoints, {len(QUERIES)} other queries and {len(INSIDE)} inner ones are not there"


@attack("F10")
async def plain_http_after_https(target: Target) -> str:
    """The Caddyfile with an https address: does it tell browsers to stay with it."""
    async with (
        _public_gateway(target, "https://localhost:{port}") as (origin, tls),
        httpx2.AsyncClient(verify=tls, trust_env=False) as client,
    ):
        answer = await client.get(f"{origin}/healthz")
    seconds = answer.headers.get("strict-transport-security", "")
    if "max-age=" not in seconds or "max-age=0" in seconds:
        raise Fell(f"Strict-Transport-Security is {seconds!r}")
    return f"Strict-Transport-Security: {seconds}"


@attack("F10")
async def paths_past_the_gateway(target: Target) -> str:
    """Operators' and inner endpoints by dots, slashes, encodings and case, sent as they are written."""
    tricks = (
        "/api/chat/../admin/tenants/sample-tint",
        "/api/chat/%2e%2e/admin/tenants/sample-tint",
        "/api/chat/..%2fadmin/tenants/sample-tint",
        "//metrics",
        "/./metrics",
        "/api/booking/../../metrics",
        "/api/booking/%2e%2e/%2e%2e/openapi.json",
        "/c/../../etc/passwd",
        "/assets/../../../etc/passwd",
        "/assets/%2e%2e/%2e%2e/index.html",
        "/api/leads/../../metrics",
    )
    host, port = target.stack.gateway.rpartition("/")[2].split(":")
    for path in tricks:
        answer = await raw(
            host, int(port), f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        if any(sign in answer for sign in ("root:", "# HELP", '"openapi"', '"webhook_secret_count"')):
            raise Fell(f"{path} opens an inner endpoint")
    return f"{len(tricks)} spellings, none leads inside"


@attack("F6")
async def bodies_that_never_come(target: Target) -> str:
    """A length and one byte, then nothing, or a byte now and then; a gateway that waits for a second, not for 30."""
    head = b"POST /api/leads HTTP/1.1\r\nHost: sample\r\nContent-Length: 1000\r\n\r\n{"
    async with _public_gateway(target, "http://127.0.0.1:{port}", BODY_SPAN="1s") as (origin, _):
        port = origin.rpartition(":")[2]
        (quiet, silent), (dripped, dripping) = [
            await asyncio.open_connection("127.0.0.1", port) for _ in range(2)
        ]
        silent.write(head)
        dripping.write(head)
        closed = [asyncio.create_task(quiet.read()), asyncio.create_task(dripped.read())]
        for _ in range(20):
            if not (await asyncio.wait(closed, timeout=0.5))[1]:
                break
            dripping.write(b" ")
        silent.close()
        dripping.close()
    if not all(one.done() for one in closed):
        raise Fell("a connection is open 10 s after its body began")
    return "both connections were closed"


async def raw(host: str, port: int | str, request: str) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request.encode("latin-1"))
        async with asyncio.timeout(10):
            return (await reader.read(200_000)).decode("latin-1")
    finally:
        writer.close()


@asynccontextmanager
async def _public_gateway(
    target: Target, address: str, **more: str
) -> AsyncIterator[tuple[str, ssl.SSLContext]]:
    """A second gateway before the same services, with nothing set but where it listens, whom it calls, and `more`."""
    port, operators = free_ports(2)
    origin = address.format(port=port)
    home = target.state_dir / "public-gateway"
    config = CADDYFILE.read_text()
    copy = home / "Caddyfile"
    home.mkdir(exist_ok=True)
    # A certificate of its own, and no second port: what a test machine lacks and a server has.
    copy.write_text(
        config.replace(
            "admin off", "admin off\n\tlocal_certs\n\tskip_install_trust\n\tauto_https disable_redirects", 1
        )
    )
    upstreams = {
        f"{name.replace('-', '_').upper()}_UPSTREAM": url.rpartition("/")[2]
        for name, url in target.stack.services.items()
    }
    settings = {
        "SITE_ADDRESS": origin,
        "SITE_BIND": "127.0.0.1",
        "ADMIN_ADDRESS": f":{operators}",
        "HOME": str(home),
        "XDG_DATA_HOME": str(home),
        **more,
    }
    caddy = str(Path(sys.executable).with_name("caddy"))
    with (home / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            caddy,
            "run",
            "--config",
            str(copy),
            "--adapter",
            "caddyfile",
            env={"PATH": os.environ["PATH"], **upstreams, **settings},
            stdout=log,
            stderr=log,
        )
    try:
        await eventually(lambda: _listens(port), within_seconds=20)
        tls = ssl.create_default_context()
        if origin.startswith("https"):
            tls.load_verify_locations(home / "caddy/pki/authorities/local/root.crt")
            await eventually(lambda: _speaks(port, tls), within_seconds=20)
        yield origin, tls
    finally:
        process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


async def _speaks(port: int, tls: ssl.SSLContext) -> bool:
    """It listens a moment before its certificate is made."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname="localhost")
    except ssl.SSLError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
