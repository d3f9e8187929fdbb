"""Tells a database that is away, or asks for another try, from a mistake of ours."""

import socket
import ssl

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

_TRY_AGAIN_SQLSTATES = ("08", "28P01", "40", "53", "55P03", "57P")
"""Connection lost, password just changed, serialization or deadlock, out of resources, lock time-out, server going down."""

_AWAY = (
    ConnectionError,
    TimeoutError,
    PoolTimeoutError,
    socket.gaierror,
    ssl.SSLError,  # a certificate that has run out, or is being renewed
    asyncpg.PostgresConnectionError,
)


def is_outage(error: BaseException) -> bool:
    """Nothing was committed, and the same work will do on another try."""
    if isinstance(error, DBAPIError):
        sqlstate = str(getattr(error.orig, "sqlstate", "") or "")
        return error.connection_invalidated or sqlstate.startswith(_TRY_AGAIN_SQLSTATES)
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_TRY_AGAIN_SQLSTATES)
    return isinstance(error, _AWAY)
