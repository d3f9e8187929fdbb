"""The mail server: a few connections kept open, and each answer told for what it means."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from email.policy import SMTPUTF8

from aiosmtplib import SMTP, SMTPException, SMTPResponseException
from aiosmtplib.errors import SMTPDataError

from notifier.domain.outcome import Accepted, Outcome, Refused, TryLater, Uncertain
from notifier.letters import Mail

CONNECT_TIMEOUT_SECONDS = 5.0
ENVELOPE_SECONDS = 20.0
"""For everything before the mail itself, log-in and several dead connections included."""
MAIL_SECONDS = 25.0
"""With the envelope's below the 60 s after which a claim counts as lost."""

IDLE_CONNECTIONS = 8

_MAILBOX_CODES = range(550, 560)
"""Refusals of this mail or mailbox; the other 5xx complain about our session or log-in and may be cured."""


@dataclass(frozen=True)
class MailServer:
    host: str
    port: int
    username: str | None
    password: str | None
    starttls: bool
    our_name: str = "localhost"
    """Said in EHLO; named, since the library would otherwise ask DNS for it at each connection, for seconds."""


class Utf8NotOffered(Exception):
    """An address has letters beyond ASCII, and this server takes none of them: no other try will do."""


class SmtpClient:
    """Safe for many tasks at once: each takes an idle connection or opens one."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._idle: list[SMTP] = []

    async def send(self, mail: Mail) -> Outcome:
        try:
            body = mail.message.as_bytes(policy=SMTPUTF8 if mail.needs_utf8 else None)
            async with asyncio.timeout(ENVELOPE_SECONDS):
                connection = await self._envelope(mail)
        except SMTPResponseException as answer:
            return _answered(answer.code)
        except Utf8NotOffered:
            return Refused("smtputf8_not_offered")
        except (SMTPException, OSError, TimeoutError):
            return TryLater("smtp_unreachable")
        return await self._data(connection, body)

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        for connection in idle:
            with suppress(SMTPException, OSError, TimeoutError):
                await connection.quit()

    async def _envelope(self, mail: Mail) -> SMTP:
        """A connection that has taken sender and recipient; nothing of the mail itself has left us yet."""
        while self._idle:
            connection = self._idle.pop()
            try:
                if connection.is_connected:
                    return await _address(connection, mail)
            except (SMTPException, OSError, TimeoutError):
                pass
            except (asyncio.CancelledError, Utf8NotOffered):
                connection.close()
                raise
            connection.close()
        connection = await self._connect()
        try:
            return await _address(connection, mail)
        except BaseException:
            connection.close()
            raise

    async def _connect(self) -> SMTP:
        server = self._server
        connection = SMTP(
            hostname=server.host,
            port=server.port,
            local_hostname=server.our_name,
            username=server.username,
            password=server.password,
            start_tls=server.starttls,
            timeout=CONNECT_TIMEOUT_SECONDS,
        )
        await connection.connect()
        connection.timeout = MAIL_SECONDS
        return connection

    async def _data(self, connection: SMTP, body: bytes) -> Outcome:
        try:
            async with asyncio.timeout(MAIL_SECONDS):
                answer = await connection.data(body)
        except SMTPDataError as refused:
            await self._reset(connection)
            return _answered(refused.code)
        except (SMTPException, OSError, TimeoutError) as error:
            connection.close()
            return Uncertain(f"smtp_{type(error).__name__.lower()}")
        except asyncio.CancelledError:
            connection.close()
            raise
        self._keep(connection)
        return Accepted(answer.message[:200])

    async def _reset(self, connection: SMTP) -> None:
        try:
            await connection.rset()
        except (SMTPException, OSError, TimeoutError):
            connection.close()
        else:
            self._keep(connection)

    def _keep(self, connection: SMTP) -> None:
        if len(self._idle) < IDLE_CONNECTIONS and connection.is_connected:
            self._idle.append(connection)
        else:
            connection.close()


async def _address(connection: SMTP, mail: Mail) -> SMTP:
    """Raises `Utf8NotOffered`."""
    if not mail.needs_utf8:
        await connection.mail(mail.sender)
        await connection.rcpt(mail.recipient)
        return connection
    await connection.ehlo()
    if not connection.supports_extension("smtputf8"):
        raise Utf8NotOffered
    await connection.mail(mail.sender, options=["SMTPUTF8"], encoding="utf-8")
    await connection.rcpt(mail.recipient, encoding="utf-8")
    return connection


def _answered(code: int) -> Outcome:
    """What an answer of the server means; what is not an SMTP code at all says nothing of the mail."""
    if not 400 <= code < 600:
        return Uncertain("smtp_malformed")
    return Refused(f"smtp_{code}") if code in _MAILBOX_CODES else TryLater(f"smtp_{code}")
