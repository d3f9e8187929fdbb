"""The endpoints of the services as their OpenAPI tells them, and requests to them with one bad value each."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

Json = dict[str, Any]
Place = tuple[str, str]
"""`path`, `query` or `header`, and the name."""

LONGEST_URL_PART = 6000
GOOD_TEXTS = {
    "site_key": "sample-site-key",
    "location": "Store094",
    "code": "Store094",
    "slug": "bad-texts",
    "tenant": "sample-tint",
    "service": "front-two",
    "phone": "+16195550111",
    "email": "bad.texts@example.com",
    "sms_from": "+16195550111",
    "timezone": "America/Los_Angeles",
    "altcha": "",
}
"""By the field's name. The slug is a tenant of its own: what is imported there spoils no other attack."""
GOOD_FORMATS = {"date-time": "2026-12-01T18:00:00+00:00", "date": "2026-12-01"}


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True)
class Endpoint:
    """One operation: where it is, and the headers with which it lets in."""

    origin: str
    method: str
    path: str
    headers: Mapping[str, str]
    operation: Json
    schemas: Json

    def requests(
        self, bad: tuple[Any, ...], bodies: tuple[bytes, ...], types: tuple[str, ...]
    ) -> Iterator[Request]:
        """One bad value at a time, the others good; then bodies and content types that are bad as a whole."""
        tries = [({place: value}, self.body) for place in self._parameters for value in bad]
        tries += [({}, _with(self.body, path, value)) for path in _leaves(self.body) for value in bad]
        yield from (request for changed, body in tries if (request := self._request(changed, body)))
        plain = self._request({}, None)
        if self._body_schema is None or plain is None:
            return
        for raw in bodies:
            yield Request(plain.method, plain.url, {**plain.headers, "Content-Type": "application/json"}, raw)
        for kind in types:
            yield Request(
                plain.method, plain.url, {**plain.headers, "Content-Type": kind}, b'{"text": "\xe9"}'
            )

    @cached_property
    def body(self) -> Any:
        """A good one; None when it takes none."""
        return self._good(self._body_schema, "") if self._body_schema else None

    @cached_property
    def _parameters(self) -> dict[Place, Any]:
        found = self.operation.get("parameters", [])
        return {(one["in"], one["name"]): self._good(one["schema"], one["name"]) for one in found}

    @property
    def _body_schema(self) -> Json | None:
        content = self.operation.get("requestBody", {}).get("content", {})
        return next((kind.get("schema", {}) for kind in content.values()), None)

    def _request(self, changed: Mapping[Place, Any], body: Any) -> Request | None:
        """None for a header that no client could send."""
        path, query, headers = self.path, {}, {"Idempotency-Key": uuid4().hex, **self.headers}
        for (where, name), value in {**self._parameters, **changed}.items():
            raw = str(value).encode("utf-8", "surrogatepass")[:LONGEST_URL_PART]
            if where == "path":
                path = path.replace(f"{{{name}}}", quote(raw, safe="") or "%20")
            elif where == "query":
                query[name] = raw
            elif all(32 <= byte < 127 for byte in raw):
                headers[name] = raw.decode()
            else:
                return None
        url = f"{self.origin}{path}" + (f"?{urlencode(query)}" if query else "")
        if body is None:
            return Request(self.method, url, headers)
        return Request(
            self.method, url, {**headers, "Content-Type": "application/json"}, json.dumps(body).encode()
        )

    def _good(self, schema: Json, name: str) -> Any:
        """A value that the schema allows, as a client would send it."""
        if "$ref" in schema:
            return self._good(self.schemas[schema["$ref"].rpartition("/")[2]], name)
        if "anyOf" in schema:
            return self._good(schema["anyOf"][0], name)
        if "enum" in schema or "const" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        return self._good_of_type(schema, name)

    def _good_of_type(self, schema: Json, name: str) -> Any:
        match schema.get("type"):
            case "object":
                return {key: self._good(one, key) for key, one in schema.get("properties", {}).items()}
            case "array":
                items = schema.get("prefixItems") or [schema.get("items", {})]
                return [self._good(one, name) for one in items]
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return True
        if schema.get("format") == "uuid":
            return str(uuid4())
        return GOOD_FORMATS.get(schema.get("format", ""), GOOD_TEXTS.get(name, "sample"))


def endpoints_of(document: Json, origin: str, headers: Mapping[str, str], start: str) -> list[Endpoint]:
    """Those below the path `start` of a service's OpenAPI document."""
    schemas = document.get("components", {}).get("schemas", {})
    return [
        Endpoint(origin, method.upper(), path, headers, operation, schemas)
        for path, operations in document["paths"].items()
        if path.startswith(start)
        for method, operation in operations.items()
    ]


def _leaves(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value stands that is not a group; of groups that are alike (the days of a week) in the first one."""
    if body is None:
        return
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else None
    if items is None:
        yield path
        return
    groups: list[Any] = []
    for key, value in items:
        if value not in groups:
            yield from _leaves(value, (*path, key))
        if isinstance(value, dict | list):
            groups.append(value)


def _with(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = dict(body) if isinstance(body, dict) else list(body)
    changed[path[0]] = _with(body[path[0]], path[1:], value)
    return changed
