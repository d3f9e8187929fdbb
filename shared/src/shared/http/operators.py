"""Operators: each has a name and a token of their own, of which the services know the hash."""

import hmac
from collections.abc import Mapping

import structlog
from fastapi import Request

from shared.http.app import bearer_token
from shared.http.limits import caller, limits_of
from shared.http.problems import Problem, route_of
from shared.http.routes import BeforeBody
from shared.secrets import MIN_CHARACTERS, token_hash
from shared.settings import ServiceSettings

log = structlog.get_logger()


def require_ops(settings: ServiceSettings) -> BeforeBody[str]:
    """A dependency that lets operators through, notes who did what, and gives their name: 401 otherwise."""

    async def check(request: Request) -> str:
        operator = operator_of(settings.operators, bearer_token(request))
        if operator is None:
            await limits_of(request).failed(("ops_token_failures_per_ip", caller(request)))
            raise Problem(401, "unauthorized", "This endpoint needs an operator's bearer token.")
        log.info(
            "operator.called",
            operator=operator,
            method=request.method,
            route=route_of(request.scope),
            tenant=request.path_params.get("slug") or request.path_params.get("tenant"),
        )
        return operator

    return BeforeBody(check)


def operator_of(operators: Mapping[str, str], token: str) -> str | None:
    """Whose token it is; `None` for nobody's, and for any that is too short to be one."""
    if len(token) < MIN_CHARACTERS:
        return None
    given = token_hash(token)
    for name, hashes in operators.items():
        if any(hmac.compare_digest(given, known) for known in hashes.split(",")):
            return name
    return None
