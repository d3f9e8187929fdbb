"""The gateway sends every path to its service, refuses what is too large, and tells nobody a token."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from ops.stack.ports import free_port

CADDY = str(Path(sys.executable).with_name("caddy"))
CONFIG = str(Path(__file__).parents[2] / "deploy" / "Caddyfile")
SERVICES = ("ingest", "chat", "booking", "crm-sync")  # notifier stays down
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


class Echo(BaseHTTPRequestHandler):
    """Says which service was asked; `/api/chat/stream` sends one event and then waits to be released."""

    def do_GET(self):
        self.take_body()
        if self.path == "/api/chat/stream":
            return self.stream()
        self.send_response(200)
        if self.path.startswith("/api/chat/cut"):
            self.send_header("content-length", "100")
        self.send_header("content-security-policy", POLICY)
        self.end_headers()
        self.wfile.write(json.dumps({"service": self.server.service, "path": self.path}).encode())
        return None

    do_POST = do_GET  # noqa: N815 - the base class looks for this name

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

    def get(self, path):
        return httpx2.get(f"{self.url}{path}", trust_env=False, timeout=10)


def serve(service, release):
    server = QuietServer(("127.0.0.1", 0), Echo)
    server.service, server.release = service, release
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


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    home, release, port = tmp_path_factory.mktemp("gateway"), threading.Event(), free_port()
    (home / "assets").mkdir()
    (home / "index.html").write_text("<title>chat</title>")
    (home / "assets" / "app-1a2b.js").write_text("export {}")
    servers = [serve(service, release) for service in SERVICES]
    names = {server.service.upper().replace("-", "_"): server.server_port for server in servers}
    environment = {
        "SITE_ADDRESS": f":{port}", "SITE_BIND": "127.0.0.1", "CHAT_WEB_ROOT": str(home), "HOME": str(home),
        "NOTIFIER_UPSTREAM": f"127.0.0.1:{free_port()}",
        **{f"{name}_UPSTREAM": f"127.0.0.1:{upstream}" for name, upstream in names.items()},
    }  # fmt: skip
    with (home / "log").open("w") as log:
        command = [CADDY, "run", "--config", CONFIG, "--adapter", "caddyfile"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    wait_for(f"http://127.0.0.1:{port}")
    yield Gateway(f"http://127.0.0.1:{port}", home / "log", release)
    release.set()
    process.terminate()
    process.wait(20)
    for server in servers:
        server.shutdown()
        server.server_close()


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
        ("/api/staff/login", "ingest"),
        ("/api/staff/session", "ingest"),
        ("/api/staff/me", "ingest"),
        ("/api/staff/conversations", "chat"),
        ("/api/chat/session/me", "chat"),
        ("/api/admin/chat/switch", "chat"),
        ("/api/booking/catalog", "booking"),
        ("/api/admin/booking/hours", "booking"),
        ("/api/admin/crm-sync/tasks", "crm-sync"),
    ],
)
def test_each_path_reaches_its_service_unchanged(gateway, path, service):
    assert gateway.get(path).json() == {"service": service, "path": path}


def test_the_gateway_says_itself_that_it_is_well(gateway):
    assert gateway.get("/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/readyz", "/metrics", "/openapi.json", "/api/admin/unknown", "/"])
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


@pytest.mark.parametrize("path", ["/c/sample-token", "/healthz", "/unknown"])
def test_every_answer_carries_the_security_headers(gateway, path):
    assert_security_headers(gateway.get(path).headers)


def assert_security_headers(headers):
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-robots-tag"].startswith("noindex")
    assert "server" not in headers


def test_a_page_of_a_service_keeps_its_own_policy(gateway):
    assert gateway.get("/api/booking/catalog").headers["content-security-policy"] == POLICY


@pytest.mark.parametrize("path", ["/c/sample-token", "/m/sample-token"])
def test_a_customers_link_opens_the_page_and_is_not_cached(gateway, path):
    answer = gateway.get(path)
    assert (answer.text, answer.headers["cache-control"]) == ("<title>chat</title>", "no-store")


def test_hashed_assets_are_cached_for_good_and_missing_ones_are_not_the_page(gateway):
    assert "immutable" in gateway.get("/assets/app-1a2b.js").headers["cache-control"]
    missing = gateway.get("/assets/gone.js")
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
