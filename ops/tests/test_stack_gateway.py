"""The gateway sends every path to its service, refuses what is too large, and tells nobody a token."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from ops.stack.ports import free_port
from shared.http.app import KEEP_ALIVE_SECONDS

CADDY = str(Path(sys.executable).with_name("caddy"))
CONFIG = str(Path(__file__).parents[2] / "deploy" / "Caddyfile")
SERVICES = ("ingest", "chat", "booking", "crm-sync")  # notifier stays down
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Echo(BaseHTTPRequestHandler):
    """Says which service was asked; `/api/chat/stream` sends one event and then waits to be released.

    Under `/api/chat/restarting` the first connection breaks without an answer; what is asked first under `/api/chat/stopping`
    is not finished by a service that stops; under `/api/chat/unwell` nothing is.
    """

    def do_GET(self):
        self.take_body()
        if self.path == "/api/chat/stream":
            return self.stream()
        if self.path.startswith("/api/chat/restarting") and not self.server.broke:
            self.server.broke = True
            return None
        if self.path.startswith("/api/chat/stopping") and not self.server.stopped:
            self.server.stopped = True
            return self.is_unavailable(retry_after=0)
        if self.path.startswith("/api/chat/unwell"):
            return self.is_unavailable(retry_after=2)
        self.send_response(200)
        if self.path.startswith("/api/chat/cut"):
            self.send_header("content-length", "100")
        self.send_header("content-security-policy", POLICY)
        self.end_headers()
        said = {"service": self.server.service, "path": self.path}
        if self.path == "/api/leads?who":
            said["who"] = self.headers.get_all("x-forwarded-for")
        self.wfile.write(json.dumps(said).encode())
        return None

    do_POST = do_GET  # noqa: N815 - the base class looks for this name

    def is_unavailable(self, retry_after):
        self.send_response(503)
        self.send_header("retry-after", str(retry_after))
        self.end_headers()

    def take_body(self):
        if self.headers.get("transfer-encoding") != "chunked":
            self.rfile.read(int(self.headers.get("content-length", 0)))
            return
        while size := int(self.rfile.readline() or b"0", 16):
            self.rfile.read(size + 2)

    def stream(self):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"event: typing\n\n")
        self.server.release.wait(20)

    def log_message(self, *_):
        pass


class QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_):
        """A refused body breaks the connection to the service: that is what the gateway is for."""


@dataclass
class Gateway:
    url: str
    log: Path
    release: threading.Event
    admin_url: str = ""

    def get(self, path):
        return httpx2.get(f"{self.url}{path}", trust_env=False, timeout=30)

    def get_as_operator(self, path):
        return httpx2.get(f"{self.admin_url}{path}", trust_env=False, timeout=10)


def serve(service, release):
    server = QuietServer(("127.0.0.1", 0), Echo)
    server.service, server.release = service, release
    server.broke, server.stopped = False, False
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def wait_for(url):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            return httpx2.get(f"{url}/healthz", trust_env=False)
        except httpx2.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the gateway did not start")


@contextmanager
def running(home, **settings):
    """In front of services that only echo."""
    release, port = threading.Event(), free_port()
    for page in ("chat", "console"):
        (home / page / "assets").mkdir(parents=True)
        (home / page / "index.html").write_text(f"<title>{page}</title>")
        (home / page / "assets" / "app-1a2b.js").write_text(f"export const page = '{page}'")
    servers = [serve(service, release) for service in SERVICES]
    names = {server.service.upper().replace("-", "_"): server.server_port for server in servers}
    environment = {
        "SITE_ADDRESS": f":{port}", "SITE_BIND": "127.0.0.1", "HOME": str(home),
        "CHAT_WEB_ROOT": str(home / "chat"), "CONSOLE_WEB_ROOT": str(home / "console"),
        "NOTIFIER_UPSTREAM": f"127.0.0.1:{free_port()}", "RESTART_SPAN": "3s", "READ_BODY": "3s",
        **{f"{name}_UPSTREAM": f"127.0.0.1:{upstream}" for name, upstream in names.items()},
        **settings,
    }  # fmt: skip
    with (home / "log").open("w") as log:
        command = [CADDY, "run", "--config", CONFIG, "--adapter", "caddyfile"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}")
        yield Gateway(f"http://127.0.0.1:{port}", home / "log", release)
    finally:
        release.set()
        process.terminate()
        process.wait(20)
        for server in servers:
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """As in a native run: with the operators' endpoints on the site."""
    with running(tmp_path_factory.mktemp("gateway"), ADMIN_AT="site") as gateway:
        yield gateway


@pytest.fixture(scope="module")
def public(tmp_path_factory):
    """As on a server, under an address that a proxy in front of it serves by TLS."""
    port = free_port()
    settings = {"ADMIN_ADDRESS": f":{port}", "PUBLIC_URL": "https://leads.example.com"}
    with running(tmp_path_factory.mktemp("public"), **settings) as gateway:
        gateway.admin_url = f"http://127.0.0.1:{port}"
        yield gateway


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/webhooks/shopmonkey/sample-tint", "ingest"),
        ("/webhooks/meta/sample-tint", "ingest"),
        ("/webhooks/google/sample-tint", "ingest"),
        ("/api/leads", "ingest"),
        ("/api/admin/tenants", "ingest"),
        ("/api/admin/locations/x", "ingest"),
        ("/api/admin/deliveries?since=1", "ingest"),
        ("/api/admin/secrets", "ingest"),
        ("/api/staff/login", "ingest"),
        ("/api/staff/session", "ingest"),
        ("/api/staff/sessions", "ingest"),
        ("/api/staff/me", "ingest"),
        ("/api/leads/challenge?site_key=x", "ingest"),
        ("/api/staff/leads/x", "ingest"),
        ("/api/staff/conversations", "chat"),
        ("/api/staff/conversations/x/take-over", "chat"),
        ("/api/staff/locations", "chat"),
        ("/api/staff/metrics?from=x", "chat"),
        ("/api/staff/stream", "chat"),
        ("/api/staff/leads/x/timeline?tenant=sample-tint", "chat"),
        ("/api/chat/session/me", "chat"),
        ("/api/admin/chat/switch", "chat"),
        ("/api/booking/catalog", "booking"),
        ("/api/admin/booking/hours", "booking"),
        ("/api/admin/crm-sync/tasks", "crm-sync"),
    ],
)
def test_each_path_reaches_its_service_unchanged(gateway, path, service):
    assert gateway.get(path).json() == {"service": service, "path": path}


OPERATORS_PATHS = [
    ("/api/admin/tenants", "ingest"),
    ("/api/admin/locations/x", "ingest"),
    ("/api/admin/deliveries?since=1", "ingest"),
    ("/api/admin/secrets", "ingest"),
    ("/api/admin/chat/switch", "chat"),
    ("/api/admin/booking/hours", "booking"),
    ("/api/admin/crm-sync/tasks", "crm-sync"),
    ("/api/staff/leads/x/timeline?tenant=sample-tint", "chat"),
]


@pytest.mark.parametrize(("path", "service"), OPERATORS_PATHS)
def test_operators_have_a_port_of_their_own_and_nothing_on_the_site(public, path, service):
    assert public.get_as_operator(path).json() == {"service": service, "path": path}
    assert public.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/api/leads", "/api/chat/session/me", "/c/token", "/healthz", "/metrics"])
def test_the_operators_port_has_nothing_else(public, path):
    assert public.get_as_operator(path).status_code == 404


PRIVATE_PATHS = [
    *(path.partition("?")[0] for path, _ in OPERATORS_PATHS if "timeline" not in path),
    *("/api/admin/persons/a/b", "/api/admin/retention", "/api/admin/notifier/sample-tint/deliveries"),
    *("/metrics", "/livez", "/readyz", "/openapi.json", "/docs"),
]
SPELLINGS = {
    "as it is": lambda path: path,
    "upper case": lambda path: path.upper(),
    "an upper letter": lambda path: path.replace("a", "A", 1),
    "encoded letters": lambda path: "/" + "".join(f"%{ord(c):02x}" for c in path[1:]),
    "encoded letters, slashes kept": lambda path: re.sub("[a-z]", lambda c: f"%{ord(c[0]):02X}", path),
    "encoded twice": lambda path: re.sub("[a-z]", lambda c: f"%25{ord(c[0]):02x}", path),
    "encoded slashes": lambda path: "/" + path[1:].replace("/", "%2f"),
    "double slashes": lambda path: path.replace("/", "//"),
    "dots": lambda path: path.replace("/", "/./"),
    "up from nowhere": lambda path: f"/x/..{path}",
    "up from a page": lambda path: f"/c/..{path}",
    "up from a public door": lambda path: f"/api/chat/../..{path}",
    "up, encoded": lambda path: f"/api/booking/%2e%2e/%2e%2e{path}",
    "up, with encoded slashes": lambda path: f"/api/chat/..%2f..{path}",
    "up by half": lambda path: path.replace("/api/", "/api/leads/../", 1),
    "backslashes": lambda path: path.replace("/", "\\"),
    "a slash behind": lambda path: f"{path}/",
    "a dot behind": lambda path: f"{path}/.",
    "a semicolon": lambda path: f"{path};",
    "a NUL": lambda path: f"{path}%00",
    "an absolute address": lambda path: f"http://127.0.0.1{path}",
    "another host": lambda path: f"//127.0.0.1{path}",
}
QUERIES = (
    *("tenant=a", "tenant=", "tenant", "Tenant=a", "%74enant=a", "a=1&tenant=a", "&tenant=a", "?tenant=a"),
    *(";tenant=a", "tenant=a;", "a;b&tenant=a", "%zz&tenant=a", "tenant=%zz", "tenant=a&%", "%00=1&tenant=a"),
    *("tenant=a#", "tenant[]=a", "=&tenant=a", "tenant=a&tenant=b", "\xff&tenant=a", "x", "&", "="),
)
TIMELINE = "/api/staff/leads/x/timeline"


def sent_as_written(gateway, target):
    """No client tidies it up."""
    host, port = gateway.url.rpartition("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        request = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


@pytest.mark.parametrize("length", [20, 900_000])
def test_a_body_that_stops_is_not_waited_for(gateway, length):
    """Each would hold a connection, and up to a megabyte, for as long as its sender likes."""
    host, port = gateway.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=15) as connection:
        head = f"POST /api/leads HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\r\n"
        connection.sendall(f"{head}{{".encode())
        assert connection.recv(1000)[:13] in {b"", b"HTTP/1.1 499 "}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("path", PRIVATE_PATHS)
def test_no_spelling_reaches_a_private_endpoint_from_the_site(public, path, spelling):
    written = SPELLINGS[spelling](path)
    assert '"service"' not in sent_as_written(public, written)
    assert '"service"' not in sent_as_written(public, f"{written}?a=1;b")


@pytest.mark.parametrize("query", QUERIES)
def test_no_query_makes_a_member_s_timeline_an_operator_s(public, query):
    for spelling in SPELLINGS.values():
        assert '"service"' not in sent_as_written(public, f"{spelling(TIMELINE)}?{query}")


@pytest.mark.parametrize("path", [TIMELINE, f"{TIMELINE}?"])
def test_a_member_of_the_staff_reads_the_timeline_on_the_site(public, path):
    told = sent_as_written(public, path)
    assert '"service": "chat"' in told
    assert "tenant" not in told


@pytest.mark.parametrize("path", ["/c/sample-token", "/api/booking/catalog", "/unknown"])
def test_a_site_under_https_says_that_it_stays_so(public, gateway, path):
    assert public.get(path).headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in gateway.get(path).headers


def test_a_made_up_address_does_not_reach_a_service(gateway):
    headers = {"X-Forwarded-For": "203.0.113.66", "Forwarded": "for=203.0.113.66"}
    assert httpx2.get(f"{gateway.url}/api/leads?who", headers=headers).json()["who"] == ["127.0.0.1"]


def test_the_gateway_says_itself_that_it_is_well(gateway):
    assert gateway.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/readyz", "/metrics", "/openapi.json", "/api/admin/unknown"])
def test_what_is_not_listed_is_not_reachable(gateway, path):
    answer = gateway.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["status"] == 404


def test_a_body_over_one_mebibyte_is_refused_as_a_problem(gateway):
    answer = httpx2.post(f"{gateway.url}/api/leads", content=b"x" * (1024 * 1024 + 1), trust_env=False)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert answer.json()["code"] == "body_too_large"


def test_a_body_of_unknown_length_over_one_mebibyte_is_refused_too(gateway):
    answer = httpx2.post(f"{gateway.url}/api/leads", content=iter([b"x" * 65536] * 17), trust_env=False)
    assert answer.status_code == 413


def test_a_body_of_one_mebibyte_passes(gateway):
    answer = httpx2.post(f"{gateway.url}/api/leads", content=b"x" * (1024 * 1024), trust_env=False)
    assert answer.json()["service"] == "ingest"


def test_a_service_that_is_down_is_a_problem_with_a_time_to_retry(gateway):
    answer = gateway.get("/u/sample-token")
    assert (answer.status_code, answer.headers["retry-after"]) == (502, "5")
    assert answer.json() == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 502,
        "code": "unavailable",
    }


def test_a_message_on_a_connection_that_a_restart_broke_is_sent_again(gateway):
    answer = httpx2.post(f"{gateway.url}/api/chat/restarting", content=b"words", trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.json()["service"] == "chat"


def test_what_a_stopping_service_did_not_finish_is_asked_again_and_an_outage_is_told(gateway):
    answer = httpx2.post(f"{gateway.url}/api/chat/stopping", content=b"words", trust_env=False, timeout=30)
    assert answer.status_code == 200, answer.text
    unwell = httpx2.post(f"{gateway.url}/api/chat/unwell", content=b"words", trust_env=False, timeout=30)
    assert (unwell.status_code, unwell.headers["retry-after"]) == (503, "2")


def test_an_idle_connection_is_closed_by_the_gateway_before_the_service_closes_it():
    adapted = subprocess.run(
        [CADDY, "adapt", "--config", CONFIG, "--adapter", "caddyfile"], capture_output=True, check=True
    )
    idle = [int(found) for found in re.findall(rb'"keep_alive":{"idle_timeout":(\d+)', adapted.stdout)]
    assert idle
    assert max(idle) / 1e9 < KEEP_ALIVE_SECONDS


@pytest.mark.parametrize("path", ["/c/sample-token", "/console/inbox/x", "/healthz", "/unknown"])
def test_every_answer_carries_the_security_headers(gateway, path):
    assert_security_headers(gateway.get(path).headers)


def assert_security_headers(headers):
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-robots-tag"].startswith("noindex")
    assert "server" not in headers


def test_a_page_of_a_service_keeps_its_own_policy(gateway):
    headers = gateway.get("/api/booking/catalog").headers
    assert headers["content-security-policy"] == POLICY
    assert "via" not in headers


@pytest.mark.parametrize("path", ["/", "/c/sample-token", "/m/sample-token"])
def test_a_customers_link_opens_the_page_and_is_not_cached(gateway, path):
    answer = gateway.get(path)
    assert (answer.text, answer.headers["cache-control"]) == ("<title>chat</title>", "no-store")


@pytest.mark.parametrize("path", ["/console", "/console/", "/console?code=x", "/console/inbox/x?tab=all"])
def test_every_address_of_the_console_opens_it_and_is_not_cached(gateway, path):
    answer = gateway.get(path)
    assert (answer.text, answer.headers["cache-control"]) == ("<title>console</title>", "no-store")
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize(("folder", "page"), [("/assets", "chat"), ("/console/assets", "console")])
def test_hashed_assets_are_cached_for_good_and_missing_ones_are_not_the_page(gateway, folder, page):
    found = gateway.get(f"{folder}/app-1a2b.js")
    assert found.text == f"export const page = '{page}'"
    assert "immutable" in found.headers["cache-control"]
    missing = gateway.get(f"{folder}/gone.js")
    assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")


def test_an_event_arrives_while_the_stream_is_still_open(gateway):
    with httpx2.stream("GET", f"{gateway.url}/api/chat/stream", trust_env=False, timeout=10) as answer:
        assert next(answer.iter_raw()) == b"event: typing\n\n"
        assert not gateway.release.is_set()
        gateway.release.set()


def test_no_token_is_ever_logged_not_even_with_an_error(gateway):
    for path in ("/c/secret-token-1", "/unknown/secret-token-2?code=secret-token-3"):
        gateway.get(path)
    with pytest.raises(httpx2.RemoteProtocolError):
        gateway.get("/api/chat/cut/secret-token-4")
    logged = gateway.log.read_text()
    assert "aborting with incomplete response" in logged
    assert "secret-token" not in logged
