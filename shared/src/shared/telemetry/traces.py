"""What led to what: trace context and causation through HTTP, outbox rows and events."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import uuid4

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.propagate import extract, inject
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

_tracer = trace.get_tracer("lead-orchestrator")


@dataclass(frozen=True)
class Cause:
    """`id` is the event or request being worked on, `correlation_id` the first event of its lead where known."""

    id: str | None = None
    correlation_id: str | None = None

    @property
    def traceparent(self) -> str | None:
        """W3C trace context of the current span, for an outbox row or a call to another service."""
        return trace_headers().get("traceparent")


_NO_CAUSE = Cause()
_cause: ContextVar[Cause] = ContextVar("cause")


def configure_traces(service: str) -> None:
    """Spans are always made, so that trace ids travel; without an exporter they go no further."""
    trace.set_tracer_provider(TracerProvider(resource=Resource.create({"service.name": service})))


def current_cause() -> Cause:
    return _cause.get(_NO_CAUSE)


def trace_headers() -> dict[str, str]:
    """The headers that carry the current trace over HTTP."""
    headers: dict[str, str] = {}
    inject(headers)
    return headers


@contextmanager
def caused_by_event(event: object, queue: str) -> Iterator[None]:
    """`event` is the decoded body; whatever it lacks is simply unknown, validation comes later."""
    attributes = event if isinstance(event, Mapping) else {}
    cause = Cause(id=_text(attributes, "id"), correlation_id=_text(attributes, "correlationid"))
    parent = extract({"traceparent": _text(attributes, "traceparent") or ""})
    with _span(f"process {queue}", SpanKind.CONSUMER, parent, cause):
        yield


@contextmanager
def caused_by_request(name: str, headers: Mapping[str, str]) -> Iterator[Cause]:
    cause = Cause(id=f"request:{uuid4()}")
    with _span(name, SpanKind.SERVER, extract({"traceparent": headers.get("traceparent", "")}), cause):
        yield cause


@contextmanager
def correlated(correlation_id: str) -> Iterator[None]:
    """For work that a clock starts: what follows belongs to this lead's first event."""
    token = _cause.set(Cause(id=current_cause().id, correlation_id=correlation_id))
    try:
        yield
    finally:
        _cause.reset(token)


@contextmanager
def _span(name: str, kind: SpanKind, parent: Context, cause: Cause) -> Iterator[None]:
    token = _cause.set(cause)
    try:
        with (
            _tracer.start_as_current_span(name, context=parent, kind=kind),
            structlog.contextvars.bound_contextvars(cause=cause.id, correlation_id=cause.correlation_id),
        ):
            yield
    finally:
        _cause.reset(token)


def _text(attributes: Mapping[object, object], key: str) -> str | None:
    value = attributes.get(key)
    return value if isinstance(value, str) else None
