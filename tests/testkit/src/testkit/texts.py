"""Bad texts at every endpoint: in each field of each operation, whatever is sent, the answer is no 5xx and a 422 names the field."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx2
from fastapi import FastAPI

from testkit.openapi import served

BAD_TEXTS: dict[str, str] = json.loads(files("testkit").joinpath("bad_texts.json").read_text())
"""By what each is."""
BAD_LITERALS = {
    "infinite by its exponent": "1e400",
    "not a number": "NaN",
    "an integer of 4,000 digits": "9" * 4000,
    "beyond eight bytes": "9223372036854775808",
    "deeply nested": "[" * 100_000 + "]" * 100_000,
    "nested in objects": '{"a":' * 900 + "1" + "}" * 900,
    "an unknown field with a bad name": r'{"\ud800\u0000": 1}',
}
"""As they stand in a JSON body: no library writes them."""
BAD_BODIES = {
    "empty": b"",
    "not UTF-8": b'{"text": "\xe9\xff"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "cut off": b'{"text": "a',
    "deep": b"[" * 100_000,
    "a form": b"text=a&text=b",
    "a NUL": b"\0",
    "only a number": b"1e400",
}
CONTENT_TYPES = (
    "application/json",
    "application/json; charset=iso-8859-1",
    "text/plain",
    "multipart/form-data",
    "\xff/json",
    "",
)

EVERYWHERE = {
    "a NUL inside",
    "a high surrogate alone",
    "very long",
    "the first year, before it began",
    "infinite by its exponent",
    "beyond eight bytes",
    "an unknown field with a bad name",
}
"""The others go to every eighth field of an operation, each time to others."""
STRANGERS_TRY_ONE_OF = 17
"""No divisor of their number, so that each bad value has its turn."""

Known = Mapping[str, Any]
"""A good value by the name of a parameter or body field; `None` leaves an optional one out."""
_PLACE = "here stands the bad value"


@dataclass
class Tried:
    """`places` as `POST /path body.field`; `faults` says where, what was sent, and what came."""

    places: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    inputs: dict[str, dict[str, str]]
    """By `path`, `query` and `header`."""
    body: Any

    def built(self, url: str, headers: Mapping[str, str], literal: str = "") -> dict[str, Any]:
        path = self.path
        for name, value in self.inputs["path"].items():
            path = path.replace(f"{{{name}}}", _encoded(value) or "%20")
        query = urlencode({n: v.encode("utf-8", "surrogatepass") for n, v in self.inputs["query"].items()})
        sent = {name: _raw(value) for name, value in {**self.inputs["header"], **headers}.items()}
        request: dict[str, Any] = {"method": self.method, "url": f"{url}{path}?{query}", "headers": sent}
        if self.body is not None:
            text = json.dumps(self.body).replace(json.dumps(_PLACE), literal)
            request |= {"content": text.encode(), "headers": {"Content-Type": b"application/json"} | sent}
        return request


async def check_texts(
    app: FastAPI, paths: str, headers: Mapping[str, str], known: Known | None = None
) -> Tried:
    """Each operation below `paths` with one good request, and then with bad values in each of its fields.

    With `headers` that open the door all of them; without, where none of them gets further, one a field.
    """
    tried = Tried()
    document = app.openapi()
    async with served(app) as url, httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if path.startswith(paths):
                    good = _good(document, method.upper(), path, operation, known or {})
                    await _try_operation(http, url, headers, good, tried)
    return tried


async def _try_operation(
    http: httpx2.AsyncClient, url: str, headers: Mapping[str, str], good: _Request, tried: Tried
) -> None:
    label = f"{good.method} {good.path}"
    status, text = await _answer(http, good.built(url, headers))
    if status == 422 or status >= 500:
        tried.faults.append(f"{label}: a good request got {status} {text[:300]}")
    for number, (place, names, bad, literal, what) in enumerate(_bad_requests(good)):
        if not headers and number % STRANGERS_TRY_ONE_OF:
            continue
        tried.places.append(f"{label} {place}")
        status, text = await _answer(http, bad.built(url, headers, literal))
        unnamed = '"code":"invalid"' in text and not any(one.lower() in text.lower() for one in names)
        if status >= 500 or unnamed:
            tried.faults.append(f"{label} {place}, {what}: {status} {text[:200]}")
    if good.body is not None:
        await _try_bodies(http, good.built(url, headers), label, tried)


async def _try_bodies(http: httpx2.AsyncClient, request: dict[str, Any], label: str, tried: Tried) -> None:
    bodies = [(what, body, CONTENT_TYPES[0]) for what, body in BAD_BODIES.items()]
    for what, body, content_type in [
        *bodies,
        *(("good", request["content"], kind) for kind in CONTENT_TYPES),
    ]:
        sent = request["headers"] | {"Content-Type": content_type.encode("latin-1")}
        status, text = await _answer(http, request | {"content": body, "headers": sent})
        if status >= 500:
            tried.faults.append(f"{label} body, {what} as {content_type}: {status} {text[:200]}")


async def _answer(http: httpx2.AsyncClient, request: dict[str, Any]) -> tuple[int, str]:
    try:
        async with http.stream(**request) as answer:
            if answer.headers.get("content-type", "").startswith("text/event-stream"):
                return answer.status_code, ""
            return answer.status_code, (await answer.aread()).decode("utf-8")
    except httpx2.LocalProtocolError:
        return 0, "no client sends this"
    except httpx2.RemoteProtocolError:
        return 400, "the server took no such request"


def _bad_requests(good: _Request) -> Iterator[tuple[str, list[str], _Request, str, str]]:
    """Where it is, the field and those around it, the request, what stands there, and what that is."""
    number = 0
    for kind, values in good.inputs.items():
        for name in values:
            number += 1
            for what, text in _turn(BAD_TEXTS, number):
                inputs = good.inputs | {kind: values | {name: text}}
                yield f"{kind} {name}", [name], _Request(good.method, good.path, inputs, good.body), "", what
    literals = {what: json.dumps(text) for what, text in BAD_TEXTS.items()} | BAD_LITERALS
    for way in _ways(good.body):
        number += 1
        names = [step for step in way if isinstance(step, str)]
        bad = _Request(good.method, good.path, good.inputs, _with(good.body, way))
        for what, literal in _turn(literals, number):
            yield f"body.{'.'.join(map(str, way))}", names, bad, literal, what


def _turn(bad: Mapping[str, str], number: int) -> Iterator[tuple[str, str]]:
    for place, (what, value) in enumerate(bad.items(), start=number):
        if what in EVERYWHERE or place % 8 == 0:
            yield what, value


def _ways(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict | list):
        for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*above, step)
            yield from _ways(inner, (*above, step))


def _with(body: Any, way: tuple[str | int, ...]) -> Any:
    changed = inner = deepcopy(body)
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = _PLACE
    return changed


def _good(
    document: dict[str, Any], method: str, path: str, operation: dict[str, Any], known: Known
) -> _Request:
    inputs: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
    for parameter in operation.get("parameters", []):
        value = _value(document, parameter["schema"], parameter["name"], known)
        if value is not None and parameter["in"] in inputs:
            inputs[parameter["in"]][parameter["name"]] = str(value)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    body = _value(document, content["schema"], "", known) if content else None
    return _Request(method, path, inputs, body)


def _value(document: dict[str, Any], schema: dict[str, Any], name: str, known: Known) -> Any:
    if name in known:
        return known[name]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return _value(document, schema["anyOf"][0], name, known)
    if isinstance(schema.get("default"), int | float):
        return schema["default"]
    kind = schema.get("type")
    if kind == "object":
        inner = {n: _value(document, of, n, known) for n, of in schema.get("properties", {}).items()}
        return {n: value for n, value in inner.items() if value is not None}
    if kind == "array":
        return [_value(document, schema["items"], name, known)] if schema.get("items") else []
    plain = {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": True}
    return _text(schema) if kind == "string" else plain.get(str(kind), {})


def _text(schema: dict[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return str(schema.get("const") or schema["enum"][0])
    examples = {"uuid": str(UUID(int=1)), "date": "2026-11-24", "date-time": "2026-11-24T10:00:00-08:00"}
    return examples.get(schema.get("format", ""), "sample")


def _encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
