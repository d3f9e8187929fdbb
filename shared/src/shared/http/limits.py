"""Limits: how often somebody may do something, counted in the database, so that all replicas share the count (ADR 0020)."""

import asyncio
import hashlib
import hmac
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TypeAlias

import structlog
from fastapi import Request
from limits import RateLimitItem, parse_many
from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.engine import Sessions, one_statement
from shared.db.outage import is_outage
from shared.db.time import database_now
from shared.http.problems import Problem
from shared.telemetry.logs import without_words
from shared.telemetry.metrics import LIMITS_REFUSED

log = structlog.get_logger()

OFF = "off"
COUNT_A_FAILURE_WITHIN_SECONDS = 1
REFUSALS_REMEMBERED = 10_000
_IPV6_SITE_BITS = 64
"""What one customer's line gets: its addresses are one caller."""


@dataclass(frozen=True)
class Limit:
    """`key`: whose use is counted together. `default`: `120/minute`, several windows with `;` between them, or `off`."""

    name: str
    key: str
    default: str
    stops: str


COMMON_LIMITS = (
    Limit(
        "ops_token_failures_per_ip", "IP address", "60/minute; 600/hour", "guessing of the operators' token"
    ),
    Limit(
        "refused_requests_per_ip",
        "IP address",
        "600/minute; 6000/hour",
        "bodies and fields that cannot be read: 429, not 400 or 422",
    ),
)
"""Of every service."""

STAFF_LIMITS = (
    Limit(
        "staff_failures_per_ip",
        "IP address",
        "120/minute; 1200/hour",
        "guessing of staff sessions and tokens, use of ended ones",
    ),
    Limit(
        "staff_requests_per_member",
        "member of staff",
        "600/minute; 10000/hour",
        "reading and writing with one session, over and over",
    ),
)
"""Of each service that staff sign in to."""

Windows: TypeAlias = Mapping[str, Sequence[RateLimitItem]]
"""By the limit's name; none for one that is off."""

Use: TypeAlias = tuple[str, object]
"""A limit's name and its key: whose use it is."""


def windows_of(declared: Iterable[Limit], changed: Mapping[str, str] | None = None) -> Windows:
    """Raises `ValueError` for a name that is not declared and for an amount that cannot be read."""
    amounts = {limit.name: limit.default for limit in (*COMMON_LIMITS, *declared)}
    if unknown := sorted(set(changed or {}) - amounts.keys()):
        raise ValueError(f"unknown limits: {', '.join(unknown)}; there are {', '.join(sorted(amounts))}")
    return {name: _windows(name, amount) for name, amount in (amounts | dict(changed or {})).items()}


def _windows(name: str, amount: str) -> Sequence[RateLimitItem]:
    if amount.strip().lower() == OFF:
        return ()
    try:
        return parse_many(amount)
    except ValueError:
        raise ValueError(f"{name}: {amount!r} is neither like '120/minute; 1000/hour' nor 'off'") from None


def client_ip(request: Request) -> str:
    """The caller's address, as the proxies that are trusted tell it."""
    return request.client.host if request.client else "unknown"


def caller(request: Request) -> str:
    """The address to count by."""
    host = client_ip(request)
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    return str(address.ipv4_mapped or ip_network((address, _IPV6_SITE_BITS), strict=False))


@dataclass(frozen=True)
class Refusal:
    """`seconds` until one more is let through, should nothing else come in between."""

    limit: str
    seconds: int

    def problem(self) -> Problem:
        return Problem(
            429,
            "rate_limited",
            f"That was too often ({self.limit.replace('_', ' ')}). Please try again in {self.seconds} s.",
            headers={"Retry-After": str(self.seconds)},
            limit=self.limit,
        )


def seconds_to_wait(item: RateLimitItem, *, earlier: float, used: float, elapsed_seconds: float) -> int:
    """Until there is room for one more, with `used` in this window and `earlier` in the one before it.

    What is earlier counts by the share of its window that is less than a span ago.
    """
    span = item.get_expiry()
    room = item.amount - used
    if room >= 1:
        wait = _moment_below(earlier, room, span) - elapsed_seconds
    else:
        wait = span - elapsed_seconds + _moment_below(used, item.amount, span)
    return max(1, math.ceil(wait))


def _moment_below(count: float, bound: float, span: float) -> float:
    """In a window, when what is left of the one before it (`count`) falls to `bound`."""
    return span * (1 - bound / count) if count > bound else 0.0


@dataclass(frozen=True)
class _Window:
    """The span that now is in, by its number since 1970."""

    limit: str
    item: RateLimitItem
    key: str
    number: int
    elapsed_seconds: float

    @classmethod
    def at(cls, now: float, limit: str, item: RateLimitItem, whose: str) -> "_Window":
        """`whose`: hashed."""
        span = item.get_expiry()
        return cls(limit, item, f"{limit}/{span}/{whose}", int(now // span), now % span)

    @property
    def weight(self) -> float:
        return 1 - self.elapsed_seconds / self.item.get_expiry()

    def refusal(self, earlier: float, used: float) -> Refusal:
        seconds = seconds_to_wait(self.item, earlier=earlier, used=used, elapsed_seconds=self.elapsed_seconds)
        return Refusal(self.limit, seconds)


# One statement for all limits of a request, each counted by itself. What is refused is not counted, so that Retry-After holds.
# In the order of the keys, or two requests could wait for each other.
_ASKED = """
WITH asked AS (
    SELECT a.*, coalesce((SELECT used FROM limit_counts WHERE key = a.key AND number = a.number - 1), 0) AS earlier
    FROM unnest(CAST(:keys AS text[]), CAST(:numbers AS bigint[]), CAST(:weights AS float8[]), CAST(:amounts AS float8[]),
        CAST(:spans AS float8[])) AS a (key, number, weight, amount, span)
)"""
_TAKE = text(
    _ASKED  # noqa: S608 - constants
    + """, taken AS (
    INSERT INTO limit_counts AS c (key, number, used, expires_at)
    SELECT key, number, 1, to_timestamp((number + 2) * span) FROM asked WHERE floor(earlier * weight) + 1 <= amount ORDER BY key
    ON CONFLICT (key, number) DO UPDATE SET used = c.used + 1
    WHERE c.used + 1 <= (SELECT amount - floor(earlier * weight) FROM asked WHERE asked.key = c.key)
    RETURNING key
)
SELECT key, earlier, coalesce(used, 0) FROM asked LEFT JOIN limit_counts USING (key, number)
WHERE key NOT IN (SELECT key FROM taken)"""
)
_LOOK = text(
    _ASKED
    + """
SELECT key, earlier, coalesce(used, 0) FROM asked LEFT JOIN limit_counts USING (key, number)
WHERE floor(earlier * weight) + coalesce(used, 0) >= amount"""
)
_ADD = text(
    _ASKED
    + """
INSERT INTO limit_counts AS c (key, number, used, expires_at)
SELECT key, number, :cost, to_timestamp((number + 2) * span) FROM asked ORDER BY key
ON CONFLICT (key, number) DO UPDATE SET used = c.used + :cost"""
)


class Limits:
    """Sliding windows as those of the library `limits`. Keys are kept as keyed hashes: they are addresses of persons."""

    def __init__(
        self,
        sessions: Sessions,
        windows: Windows,
        now: Callable[[], datetime] = database_now,
        *,
        secret: str,
    ) -> None:
        """`secret`: the same in all replicas, and not in the database."""
        self._secret = secret.encode()
        self._sessions = sessions
        self._windows = windows
        self._now = now
        self._shut = _Shut()

    async def take(self, *uses: Use, within: AsyncSession | None = None) -> None:
        """Raises 429 when one of them is used up. Without a database it raises what the database raises, as all else does.

        `within` a transaction that is under way, where the limit stands behind other questions to the database.
        """
        if refusal := await self.refusal(*uses, within=within):
            raise refusal.problem()

    async def failed(self, *uses: Use) -> None:
        """Counts a failure. Raises 429 after too many; without a database it lets the failure be answered as it is.

        Who succeeds is never asked, so that nobody is shut out by others behind the same address.
        """
        try:
            async with asyncio.timeout(COUNT_A_FAILURE_WITHIN_SECONDS):
                await self.take(*uses)
        except (OSError, SQLAlchemyError) as error:
            if not is_outage(error):
                raise
            log.warning("limits.not_counted", reason=without_words(error))

    async def refusal(self, *uses: Use, within: AsyncSession | None = None) -> Refusal | None:
        """Counts the use, for who does something else than to answer 429; the refusal that lasts longest."""
        return await self._ask(_TAKE, uses, within)

    async def used_up(self, *uses: Use) -> Refusal | None:
        """Counts nothing: for what is paid for afterwards, by `add`."""
        return await self._ask(_LOOK, uses)

    async def add(self, cost: float, *uses: Use) -> None:
        if windows := self._open_windows(uses):
            async with one_statement(self._sessions) as connection:
                await connection.execute(_ADD, {**_asked(windows), "cost": cost})

    async def _ask(
        self, statement: TextClause, uses: Sequence[Use], within: AsyncSession | None = None
    ) -> Refusal | None:
        windows = self._open_windows(uses)
        refusals = self._shut.of(windows, self._now())
        if windows and not refusals:
            async with nullcontext(within) if within else one_statement(self._sessions) as connection:
                rows = (await connection.execute(statement, _asked(windows))).all()
            usage = {key: (earlier, used) for key, earlier, used in rows}
            refusals = [w.refusal(*usage[w.key]) for w in windows if w.key in usage]
            self._shut.keep([w for w in windows if w.key in usage], refusals, self._now())
        if not refusals:
            return None
        longest = max(refusals, key=lambda refusal: refusal.seconds)
        LIMITS_REFUSED.labels(limit=longest.limit).inc()
        return longest

    def _open_windows(self, uses: Iterable[Use]) -> list[_Window]:
        now = self._now().timestamp()
        return [
            _Window.at(now, name, item, self._hashed(whose))
            for name, whose in uses
            for item in self._windows[name]
        ]

    def _hashed(self, whose: object) -> str:
        return hmac.digest(self._secret, str(whose).encode(), hashlib.sha256).hex()[:32]


def limits_of(request: Request) -> Limits:
    """The application's."""
    limits: Limits = request.app.state.limits
    return limits


class _Shut:
    """Who was refused just now: a flood does not reach the database."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    def of(self, windows: Iterable[_Window], now: datetime) -> list[Refusal]:
        return [
            Refusal(w.limit, max(1, math.ceil((until - now).total_seconds())))
            for w in windows
            if (until := self._until.get(w.key)) is not None and until > now
        ]

    def keep(self, windows: Iterable[_Window], refusals: Iterable[Refusal], now: datetime) -> None:
        if len(self._until) >= REFUSALS_REMEMBERED:
            self._until.clear()
        for window, refusal in zip(windows, refusals, strict=True):
            self._until[window.key] = now + timedelta(seconds=refusal.seconds)


def _asked(windows: Sequence[_Window]) -> dict[str, object]:
    return {
        "keys": [w.key for w in windows],
        "numbers": [w.number for w in windows],
        "weights": [w.weight for w in windows],
        "amounts": [float(w.item.amount) for w in windows],
        "spans": [float(w.item.get_expiry()) for w in windows],
    }
