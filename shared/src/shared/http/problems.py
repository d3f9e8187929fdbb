"""Errors over HTTP: RFC 9457 problem details with a stable `code`."""

import asyncpg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from shared.db.outage import is_outage
from shared.text import cleaned_json

log = structlog.get_logger()

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 2


class Problem(Exception):
    """An answer other than success. `code` is stable for machines, `detail` says to people what was wrong and what to do."""

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **extra: object
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.extra = extra


def problem_response(problem: Problem) -> JSONResponse:
    body = {
        "type": f"urn:problem:{problem.code}",
        "title": problem.code.replace("_", " "),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        **problem.extra,
    }
    # What was wrong may be named by the sender's own words.
    return JSONResponse(cleaned_json(body), problem.status, headers=problem.headers, media_type=CONTENT_TYPE)


_TEXT = {"type": "string"}
_DECLARED: dict[str, object] = {
    "description": "RFC 9457 problem; `code` is stable for machines, `detail` is for people.",
    "content": {
        CONTENT_TYPE: {
            "schema": {
                "type": "object",
                "properties": {
                    "type": _TEXT,
                    "title": _TEXT,
                    "status": {"type": "integer"},
                    "code": _TEXT,
                    "detail": _TEXT,
                },
                "required": ["type", "title", "status", "code", "detail"],
            }
        }
    },
}
DECLARED: dict[int | str, dict[str, object]] = {"4XX": _DECLARED, "5XX": _DECLARED}
"""What every endpoint may answer besides its success, for OpenAPI."""


def unavailable() -> Problem:
    return Problem(
        503,
        "temporarily_unavailable",
        "This cannot be stored right now; nothing was changed. Please try again.",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def stopping() -> Problem:
    """Nobody knows whether it was done. The gateway asks again by itself when it reads `Retry-After: 0` (Caddyfile)."""
    return Problem(
        503,
        "stopping",
        "The service is restarting. Please send the same again.",
        headers={"Retry-After": "0"},
    )


def install(app: FastAPI) -> None:
    app.add_exception_handler(Problem, _on_problem)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _on_invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _on_http)  # type: ignore[arg-type]
    for error in (SQLAlchemyError, asyncpg.PostgresError, OSError):
        app.add_exception_handler(error, _on_failure)
    app.add_exception_handler(Exception, _on_failure)


async def _on_problem(_: Request, problem: Problem) -> JSONResponse:
    return problem_response(problem)


async def _on_invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    return invalid(error)


def invalid(error: RequestValidationError) -> JSONResponse:
    """422 with the fields named; the input itself is not repeated."""
    fields = [{"field": _path(e["loc"]), "detail": e["msg"]} for e in error.errors()]
    malformed = any(e["type"] == "json_invalid" for e in error.errors())
    detail = "; ".join(f"{f['field']}: {f['detail']}" for f in fields)
    if malformed:
        return problem_response(Problem(400, "malformed", f"The body is not valid JSON: {detail}"))
    return problem_response(Problem(422, "invalid", detail, errors=fields))


def _path(location: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])


async def _on_http(_: Request, error: HTTPException) -> JSONResponse:
    return answer_of(error)


_CODES = {
    400: "malformed",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
}


def answer_of(error: HTTPException) -> JSONResponse:
    code = _CODES.get(error.status_code, "error")
    return problem_response(
        Problem(error.status_code, code, str(error.detail), headers=dict(error.headers or {}))
    )


async def _on_failure(request: Request, error: Exception) -> JSONResponse:
    """503 when another try will do, else 500."""
    log.error("http.failed", method=request.method, route=route_of(request.scope), exc_info=error)
    if is_outage(error):
        return problem_response(unavailable())
    return problem_response(Problem(500, "internal", "Something went wrong on our side; it was logged."))


def route_of(scope: object) -> str:
    """The route's template, so that neither logs nor metrics hold a token or id."""
    route = scope.get("route") if isinstance(scope, dict) else None
    return str(getattr(route, "path", "unmatched"))
