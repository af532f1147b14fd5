"""Spans of OpenTelemetry: what was done in a trace, where and how long. Off, and its libraries never loaded, unless the settings name a collector.

A span's attributes are names of our own (routes, handlers, codes, agencies) and ids: never what somebody sent, no name of a person, no message of an exception.
Whether a trace is kept depends on its id alone: the same answer in every process, and nothing that a sender decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final, Literal

from services.shared import telemetry
from services.shared.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Tracer

Kind = Literal["server", "consumer", "producer"]
Value = str | int
FLUSH_MILLISECONDS: Final = 1000
EXPORT_SECONDS: Final = 5

_provider: TracerProvider | None = None
_tracer: Tracer | None = None
_wanted_id: ContextVar[int | None] = ContextVar("wanted_span_id", default=None)


class Span:
    """What is under way. Without a collector it takes everything and keeps nothing."""

    def __init__(self, inner: Any = None) -> None:
        self._inner = inner

    def set(self, name: str, value: Value) -> None:
        """One attribute more."""
        if self._inner is not None:
            self._inner.set_attribute(name, value)

    def failed(self, why: str) -> None:
        """It did not succeed; ``why`` is a code or the name of a class."""
        if self._inner is not None:
            from opentelemetry.trace import Status, StatusCode

            self._inner.set_status(Status(StatusCode.ERROR, why))


_NOTHING: Final = Span()


def start(settings: Settings, process: str) -> None:
    """Send this process's spans to the collector that the settings name, from a thread of its own. Call it after every fork."""
    global _provider, _tracer
    if not settings.trace_endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

    class Ids(RandomIdGenerator):
        """Random, but for a span whose id stands in a message already."""

        def generate_span_id(self) -> int:
            return _wanted_id.get() or super().generate_span_id()

    resource = Resource.create({"service.namespace": "mottak", "service.name": f"mottak-{process}"})
    _provider = TracerProvider(sampler=TraceIdRatioBased(settings.trace_share), resource=resource, id_generator=Ids())
    exporter = OTLPSpanExporter(endpoint=settings.trace_endpoint, timeout=EXPORT_SECONDS)
    _provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=FLUSH_MILLISECONDS))
    _tracer = _provider.get_tracer("mottak")


def stop() -> None:
    """Send what is left."""
    global _provider, _tracer
    if _provider is not None:
        _provider.shutdown()
    _provider = _tracer = None


@contextmanager
def span(name: str, kind: Kind, *, parent: str | None, attributes: Mapping[str, Value] | None = None) -> Iterator[Span]:
    """Do the block as a span of a trace: its logs and events carry the trace's id.

    ``parent`` is a ``traceparent``, or the bare id of a trace, or None (for a server: a new trace begins).
    """
    if _tracer is None:
        trace = telemetry.trace_of(parent)
        with telemetry.tracing(telemetry.new_trace() if trace is None and kind == "server" else trace):
            yield _NOTHING
        return
    started = _tracer.start_span(name, context=_context(parent), kind=_kind(kind), attributes=attributes)
    ids = started.get_span_context()
    told = Span(started)
    try:
        with telemetry.tracing(f"{ids.trace_id:032x}", f"{ids.span_id:016x}"):
            yield told
    except BaseException as fault:
        told.failed(type(fault).__name__)
        raise
    finally:
        started.end()


def record(name: str, kind: Kind, *, parent: str | None, began: int, attributes: Mapping[str, Value]) -> None:
    """A span that ends now and began at a moment (nanoseconds, ``time.time_ns``): for what is not done in one go."""
    if _tracer is not None and parent is not None:
        _tracer.start_span(name, context=_context(parent), kind=_kind(kind), attributes=attributes, start_time=began).end()


def mark(name: str, traceparent: str, attributes: Mapping[str, Value]) -> None:
    """A moment as the span whose ids a message carries: what its receivers do is below it, and it is below what is being done now."""
    if _tracer is None:
        return
    current = telemetry.current_traceparent()
    trace, own_id = telemetry.trace_of(traceparent), int(traceparent[36:52], 16)
    token = _wanted_id.set(own_id)
    try:
        parent = current if telemetry.trace_of(current) == trace else trace
        _tracer.start_span(name, context=_context(parent), kind=_kind("producer"), attributes=attributes).end()
    finally:
        _wanted_id.reset(token)


def _kind(kind: Kind) -> Any:
    from opentelemetry.trace import SpanKind

    return SpanKind[kind.upper()]


def _context(parent: str | None) -> Context | None:
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    trace = telemetry.trace_of(parent)
    if trace is None:
        return Context()
    # Of a bare trace it is not known which span asked for this: its own end stands for it.
    span_id = int(str(parent)[36:52] if len(str(parent)) > len(trace) else trace[16:], 16) or 1
    remote = SpanContext(int(trace, 16), span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
    return set_span_in_context(NonRecordingSpan(remote), Context())
