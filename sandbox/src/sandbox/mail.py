"""The mail server: keeps what it gets, and plays the faults of `smtp`."""

import asyncio
import email.policy
import weakref
from collections.abc import Callable
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.utils import parseaddr
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sandbox.calls import Call, record
from sandbox.faults import Fault
from sandbox.rows import Row, new_id
from sandbox.world import World

ACCEPTED = "250 2.0.0 Ok: queued as {id}"
_PARSER = BytesParser(_class=EmailMessage, policy=email.policy.default)


class Mailbox:
    """aiosmtpd's handler: one call of `handle_DATA` is one mail."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        fault = self._world.faults.roll("smtp")
        mail = parse(envelope.content if isinstance(envelope.content, bytes) else b"")
        call = _record(self._world, envelope, mail, fault)
        answer = await self._meet(fault, envelope, mail)
        call.answered(int(answer[:3]) if answer and answer[:3].isdigit() else None)
        if answer is None:
            _abort(server)
        return answer or "421 closing"

    async def _meet(self, fault: Fault, envelope: Envelope, mail: Row) -> str | None:
        """The answer; None tears the connection down."""
        if fault.mode == "slow":
            await self._wait(fault.slow_seconds)
        answer = self._refusal(fault)
        if answer is None and fault.mode not in {"timeout", "disconnect"}:
            answer = self._keep(envelope, mail)
        if fault.mode in {"timeout", "timeout_after_commit"}:
            await self._wait(fault.hang_seconds)
        torn = fault.mode in {"timeout", "timeout_after_commit", "disconnect"}
        return None if torn else "<html>not SMTP</html>" if fault.mode == "malformed" else answer

    def _refusal(self, fault: Fault) -> str | None:
        if fault.mode == "status":
            return f"{fault.status} injected fault"
        return "554 5.7.1 injected fault: refused by policy" if fault.mode == "html_403" else None

    def _keep(self, envelope: Envelope, mail: Row) -> str:
        for recipient in envelope.rcpt_tos:
            self._world.deliver({"id": new_id(), "channel": "email", "to": recipient, **mail})
        return ACCEPTED.format(id=new_id()[:12].upper())

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._world.stopping.wait()
        except TimeoutError:
            return


def _abort(session: SMTP) -> None:
    if session.transport is not None:
        cast("asyncio.Transport", session.transport).abort()  # uvloop's transport is of no class of asyncio


def _record(world: World, envelope: Envelope, mail: Row, fault: Fault) -> Call:
    body = {"from": envelope.mail_from, "to": list(envelope.rcpt_tos), "subject": mail["subject"]}
    call = record(world, "smtp", method="DATA", path=",".join(envelope.rcpt_tos), body=body)
    call.row["fault"] = fault.mode
    return call


def parse(raw: bytes) -> Row:
    """Sender, subject, text, HTML, headers and attachments; an invitation inside the body counts as an attachment."""
    message = _PARSER.parsebytes(raw)
    name, address = parseaddr(str(message["From"] or ""))
    return {
        "from": address,
        "from_name": name,
        "subject": str(message["Subject"] or ""),
        "text": _content(message.get_body(("plain",))) or "",
        "html": _content(message.get_body(("html",))),
        "headers": _headers(message),
        "attachments": _attachments(message),
    }


def _headers(message: EmailMessage) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in message.items():
        headers[name] = f"{headers[name]}\n{value}" if name in headers else str(value)
    return headers


def _content(part: MIMEPart | None) -> str | None:
    if part is None:
        return None
    content = part.get_content()
    return content if isinstance(content, str) else ""


def _attachments(message: EmailMessage) -> list[Row]:
    found: list[Row] = []
    for part in message.walk():
        calendar = part.get_content_type() == "text/calendar"
        if isinstance(part, EmailMessage) and (calendar or part.is_attachment()):
            name = part.get_filename() or ("invite.ics" if calendar else "attachment")
            found.append(
                {"filename": name, "content_type": part.get_content_type(), "text": _content(part) or ""}
            )
    return _without_repeats(found)


def _without_repeats(found: list[Row]) -> list[Row]:
    """An invitation comes twice (RFC 6047: in the body and attached); people see it once."""
    return list({(row["content_type"], row["text"]): row for row in found}.values())


def _accept_any_login(*_arguments: SMTP | Session | Envelope | str | LoginPassword) -> AuthResult:
    return AuthResult(success=True)


class MailServer:
    """Listens on the running loop; `close` also drops the connections that are open."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sessions: weakref.WeakSet[SMTP] = weakref.WeakSet()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """The port it got."""
        self._server = await asyncio.get_running_loop().create_server(self._session(), host, port)
        return int(self._server.sockets[0].getsockname()[1])

    def _session(self) -> Callable[[], SMTP]:
        mailbox, loop = Mailbox(self._world), asyncio.get_running_loop()

        def new_session() -> SMTP:
            session = SMTP(
                mailbox,
                hostname="mail.sample.example",
                enable_SMTPUTF8=self._world.settings.smtp_utf8,
                auth_require_tls=False,
                authenticator=_accept_any_login,
                loop=loop,
            )
            self._sessions.add(session)
            return session

        return new_session

    async def close(self) -> None:
        for session in self._sessions:
            _abort(session)
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
