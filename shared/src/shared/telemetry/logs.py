"""Structured logs, one JSON line a fact, without personal data."""

import logging
import sys
import traceback

import structlog


def configure_logs(service: str, level: str) -> None:
    """JSON on standard output; every line names the service and, inside a consumer or request, event and trace."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(
        stream=sys.stdout, level=logging.WARNING, format='{"level":"%(levelname)s","event":%(message)r}'
    )


def without_words(error: BaseException) -> str:
    """Type and place of an error, for the log: its message may quote a row or a body."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return f"{type(error).__name__} at " + " < ".join(f"{f.name}:{f.lineno}" for f in reversed(frames))
