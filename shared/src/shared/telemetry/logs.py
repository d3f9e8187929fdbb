"""Structured logs, one JSON line a fact, without personal data or secrets, whoever writes it."""

import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO

import structlog

log = structlog.get_logger()

_FRAMES = 3
_STAMPS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure_logs(service: str, level: str) -> None:
    """JSON on standard output; every line names the service and, inside a consumer or request, event and trace.

    What libraries log goes the same way, and so do warnings and errors that nobody caught.
    """
    structlog.configure(
        processors=[*_STAMPS, _place_of_error, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_of_libraries())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    sys.excepthook = _on_uncaught
    threading.excepthook = lambda failed: _on_uncaught(
        failed.exc_type, failed.exc_value, failed.exc_traceback
    )
    sys.unraisablehook = lambda failed: _on_uncaught(failed.exc_type, failed.exc_value, failed.exc_traceback)
    warnings.showwarning = _on_warning


def without_words(error: BaseException) -> str:
    """Type and place of an error and of what led to it: messages and locals may hold a row, a body or a password."""
    told, seen = [], set[int]()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        frames = reversed(traceback.extract_tb(link.__traceback__)[-_FRAMES:])
        told.append(f"{type(link).__name__} at " + " < ".join(f"{f.name}:{f.lineno}" for f in frames))
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return " from ".join(told)


def _place_of_error(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """`exc_info`, in any of the forms that loggers take, becomes `error`."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"] = without_words(error)
    return event


def _of_libraries() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_STAMPS,
        processors=[_told_by_library, _place_of_error, structlog.processors.JSONRenderer()],
    )


def _told_by_library(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Who says it and where; the words only as they stand in the source, with `%s` for what they are about.

    Filled in they quote addresses with passwords, and bodies; a text without `%s` may have been filled in before.
    """
    record: logging.LogRecord = event.pop("_record")
    event.pop("_from_structlog")
    event["event"] = f"library.{record.name}"
    event["place"] = f"{record.module}.{record.funcName}:{record.lineno}"
    if record.args and isinstance(record.msg, str):
        event["template"] = record.msg
    if record.exc_info:
        event["exc_info"] = record.exc_info
    return event


def _on_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("process.uncaught", exc_info=(kind, error or kind(), trace))


def _on_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    del message, file, line
    log.warning("process.warning", category=category.__name__, place=f"{filename}:{lineno}")
