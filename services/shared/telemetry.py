"""Structured logs, and a trace id that goes all the way (W3C trace context)."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TextIO, cast

import structlog

_trace: ContextVar[str | None] = ContextVar("trace", default=None)
_span: ContextVar[str | None] = ContextVar("span", default=None)
_TRACE = re.compile(r"^([0-9a-f]{32})$")
_TRACEPARENT = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$")


def new_trace() -> str:
    """A random W3C trace id (32 hex digits)."""
    return secrets.token_hex(16)


def trace_of(parent: str | None) -> str | None:
    """The trace id in a ``traceparent`` header, or a bare one as it is; None when there is none or it is malformed."""
    match = _TRACEPARENT.match(parent or "") or _TRACE.match(parent or "")
    return match.group(1) if match and match.group(1) != "0" * 32 else None


def traceparent(trace: str | None) -> str:
    """A ``traceparent`` header value for a message that belongs to the trace."""
    return f"00-{trace or new_trace()}-{secrets.token_hex(8)}-01"


def current_trace() -> str | None:
    """The trace id of what is being done in this thread, if any."""
    return _trace.get()


def current_span() -> str | None:
    """The id of the span that is under way in this thread (16 hex digits), if spans are kept."""
    return _span.get()


def current_traceparent() -> str | None:
    """The ``traceparent`` to pass on with what is asked of others now, if anything is being done in a trace."""
    trace, span = _trace.get(), _span.get()
    return None if trace is None else traceparent(trace) if span is None else f"00-{trace}-{span}-01"


@contextmanager
def tracing(trace: str | None, span: str | None = None) -> Iterator[None]:
    """Do the block as part of a trace: its logs and events carry the id."""
    token, span_token = _trace.set(trace), _span.set(span)
    structlog.contextvars.bind_contextvars(trace=trace)
    try:
        yield
    finally:
        _trace.reset(token)
        _span.reset(span_token)
        structlog.contextvars.unbind_contextvars("trace")


class _StandardError:
    """Standard error as it is when a line is written: a program that runs a command in itself may have put another in its place, and closed it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure_logging(*, level: str = "INFO", as_json: bool = True) -> None:
    """Write one line per event to standard error. The event's name is a constant, its data are keywords; bodies and tokens are never logged."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, _StandardError())),
        cache_logger_on_first_use=True,
    )


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that says which part of the system speaks."""
    return structlog.get_logger(part=name)  # type: ignore[no-any-return]  # structlog's factory is untyped
