"""The door in front of the vendors: records each request and plays the fault that it meets."""

import asyncio
import contextlib
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.calls import Call, readable, record
from sandbox.faults import Fault, Vendor
from sandbox.rate_window import RateWindow
from sandbox.vendor_errors import vendor_error
from sandbox.world import World

_VENDOR_OF_PREFIX: dict[str, Vendor] = {
    "shopmonkey": "shopmonkey",
    "twilio": "twilio",
    "anthropic": "anthropic",
    "meta": "meta",
}
_PORTAL_PAGE = "<html><head><title>Welcome</title></head><body>Sign in to continue</body></html>"
_WAF_PAGE = "<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center></body></html>"


class Gate:
    """ASGI middleware; paths outside the vendors (control, page) pass untouched."""

    def __init__(self, app: ASGIApp, world: World) -> None:
        self._app = app
        self._world = world
        self._shopmonkey_rate = RateWindow()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        vendor = (
            _VENDOR_OF_PREFIX.get(scope.get("path", "").split("/")[1]) if scope["type"] == "http" else None
        )
        if vendor is None:
            await self._app(scope, receive, send)
            return
        if vendor == "shopmonkey":
            send = self._shopmonkey_rate.sign(send)
        body = await _whole_body(receive)
        call = self._record(vendor, scope, body)
        fault = self._world.faults.roll(vendor, f"{scope['method']} {scope['path']}")
        call.row["fault"] = fault.mode
        visit = _Visit(self._app, self._world, scope, receive, send, body, call)
        await visit.meet(vendor, fault)

    def _record(self, vendor: Vendor, scope: Scope, body: bytes) -> Call:
        return record(
            self._world,
            vendor,
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode(),
            body=readable(body, Headers(scope=scope).get("content-type", "")),
        )


@dataclass
class _Visit:
    """One request on its way through the fault that it meets."""

    app: ASGIApp
    world: World
    scope: Scope
    receive: Receive
    send: Send
    body: bytes
    call: Call
    replayed: bool = False

    async def meet(self, vendor: Vendor, fault: Fault) -> None:
        match fault.mode:
            case "status" | "html_403" | "html_200":
                await self._answer_wrongly(vendor, fault)
            case "timeout":
                await self._hang(fault.hang_seconds)
            case "timeout_after_commit":
                await self._run_app([])
                await self._hang(fault.hang_seconds)
            case "malformed":
                await self._answer_half()
            case "disconnect":
                await self._tear_down()
            case "slow":
                await self._wait(fault.slow_seconds)
                await self._pass_on()
            case "drop_rows":
                self.scope.setdefault("state", {})["drop_rows"] = True
                await self._pass_on()
            case "none":
                await self._pass_on()

    async def _pass_on(self) -> None:
        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.call.answered(message["status"])
            await self.send(message)

        await self.app(self.scope, self._replay, send)

    async def _replay(self) -> Message:
        if self.replayed:
            return await self.receive()
        self.replayed = True
        return {"type": "http.request", "body": self.body, "more_body": False}

    async def _answer_wrongly(self, vendor: Vendor, fault: Fault) -> None:
        if fault.after_commit or fault.mode == "html_200":
            await self._run_app([])
        pages = {"html_403": HTMLResponse(_WAF_PAGE, 403), "html_200": HTMLResponse(_PORTAL_PAGE)}
        await self._answer(pages.get(fault.mode) or _status_response(vendor, fault))

    async def _run_app(self, sent: list[Message]) -> None:
        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(self.scope, self._replay, send)

    async def _answer(self, response: Response) -> None:
        self.call.answered(response.status_code)
        await response(self.scope, self.receive, self.send)

    async def _answer_half(self) -> None:
        sent: list[Message] = []
        await self._run_app(sent)
        whole = b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body")
        start = sent[0]
        kind = Headers(raw=start["headers"]).get("content-type", "application/json")
        await self._answer(Response(whole[: len(whole) // 2], start["status"], media_type=kind))

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.world.stopping.wait()

    async def _hang(self, seconds: float) -> None:
        gone = asyncio.ensure_future(self.receive())  # the body is read: what comes next is the disconnect
        stop = asyncio.ensure_future(self.world.stopping.wait())
        await asyncio.wait({gone, stop}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (gone, stop):
            waiting.cancel()
        await self._tear_down()

    async def _tear_down(self) -> None:
        """Closes the socket with no answer: the client sees a reset or an end of file."""
        self.call.answered(None)
        self.scope["state"]["transport"].abort()
        await asyncio.sleep(0)  # lets uvicorn notice, or it logs that nothing was answered


async def _whole_body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _status_response(vendor: Vendor, fault: Fault) -> Response:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    body = vendor_error(vendor, fault.status, "injected fault")
    return JSONResponse(body, fault.status, headers=headers)
