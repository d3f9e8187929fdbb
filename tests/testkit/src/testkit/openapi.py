"""A service against its own OpenAPI: whatever is sent, the answer is one that it declares, and never a 5xx."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import requests
import schemathesis
import uvicorn
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Err
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]
Known = Mapping[str, Sequence[Any]]
"""Values that exist, by the name of the parameter or body field: most cases use them, so that they get past the 404."""


async def check_conformance(
    app: FastAPI, paths: str, headers: Mapping[str, str], known: Known | None = None, *, examples: int = 12
) -> list[str]:
    """Tries each operation below `paths` with `examples` good and bad inputs, the same ones in each run; answers which.

    The application is served in this event loop, so it may use the test's database sessions. Raises what
    schemathesis found first, with the request that shows it.
    """
    async with served(app) as url:
        return await asyncio.to_thread(
            _check_all, _below(paths, app), url, dict(headers), known or {}, examples
        )


def _below(paths: str, app: FastAPI) -> dict[str, object]:
    document = app.openapi()
    return document | {
        "paths": {path: of for path, of in document["paths"].items() if path.startswith(paths)}
    }


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """Callers wait in the socket's queue until the server takes them."""
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


def _check_all(
    document: dict[str, object], url: str, headers: dict[str, str], known: Known, examples: int
) -> list[str]:
    schema = schemathesis.openapi.from_dict(document)
    tried = []
    with requests.Session() as session:
        session.trust_env = False
        for found in schema.get_all_operations():
            if isinstance(found, Err):
                raise found.err()
            operation = found.ok()
            _check(operation, url, session, headers, known, examples)
            tried.append(operation.label)
    return tried


def _check(
    operation: Operation,
    url: str,
    session: requests.Session,
    headers: dict[str, str],
    known: Known,
    examples: int,
) -> None:
    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(_cases(operation), st.data())
    def conforms(case: AnyCase, data: st.DataObject) -> None:
        _use_known(case, known, data)
        response = case.call(base_url=url, session=session, headers=headers, timeout=60)
        case.validate_response(response, checks=CHECKS, headers=headers)

    conforms()


def _cases(operation: Operation) -> st.SearchStrategy[AnyCase]:
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    return st.one_of(good, good, operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))


def _use_known(case: AnyCase, known: Known, data: st.DataObject) -> None:
    for holder in (case.path_parameters, case.query, case.body):
        if isinstance(holder, dict):
            for name in sorted(known.keys() & holder.keys()):
                if data.draw(st.integers(0, 3)):
                    holder[name] = data.draw(st.sampled_from(known[name]))
