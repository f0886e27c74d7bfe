"""Traces for OpenTelemetry, where somebody asks for them: one span per run, and in it one per API call.

They are made of the log events that tell of both, as metrics are, so that no code below knows of them: off, they cost
nothing, and nothing of OpenTelemetry is imported. Never a span per record. Attributes are names, codes and numbers of
our own events, listed here one by one: no id of a record, no address, no sentence.

On where the environment names a collector as OpenTelemetry has it (``OTEL_EXPORTER_OTLP_ENDPOINT`` or
``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT``), unless ``OTEL_SDK_DISABLED`` is true; it needs the extra ``syncd[otel]``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from syncd.observe.log import emit, listen, unlisten

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
OF_RUN: Final = ("connection", "run", "command", "mode")
OF_CALL: Final = ("connection", "side", "operation", "method", "status", "attempt", "bytes")
LEFT_OPEN: Final = 1_000
"""Runs whose end was never told, at most: a killed cycle's has none."""


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether the environment asks for traces."""
    return environ.get("OTEL_SDK_DISABLED", "").lower() != "true" and any(environ.get(name) for name in ENDPOINTS)


def start(environ: Mapping[str, str]) -> Traces | None:
    """Traces to the collector that the environment names; ``None`` if it names none, or the extra is not installed."""
    if not wanted(environ):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        emit("traces.missing")
        return None
    provider = TracerProvider(resource=Resource.create({"service.name": environ.get("OTEL_SERVICE_NAME") or "syncd"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Traces(provider)


class Traces:
    """Hears of runs and calls, and makes spans of them, until it is closed."""

    def __init__(self, provider: TracerProvider, *, now: Callable[[], int] | None = None) -> None:
        """:param now: nanoseconds since 1970; the clock of the machine by default."""
        from opentelemetry.trace import set_span_in_context  # noqa: PLC0415 - only where there are traces

        self._provider = provider
        self._now = now or time.time_ns
        self._within = set_span_in_context
        self._tracer = provider.get_tracer("syncd")
        self._open: dict[str, Span] = {}
        listen(self._hear)
        emit("traces.started")

    def close(self) -> None:
        """Hears no more, and hands on what it has; a collector that does not answer is waited for some seconds."""
        unlisten(self._hear)
        self._provider.shutdown()

    def _hear(self, event: str, keys: Mapping[str, Any]) -> None:
        if event == "api.call":
            self._call(keys)
        elif event == "run.started":
            self._began(keys)
        elif event in ("run.finished", "run.failed"):
            self._ended(event, keys)

    def _began(self, keys: Mapping[str, Any]) -> None:
        if len(self._open) >= LEFT_OPEN:
            self._open.clear()
        span = self._tracer.start_span(f"{keys['command']}", attributes=_among(keys, OF_RUN), start_time=self._now())
        self._open[str(keys.get("run"))] = span

    def _ended(self, event: str, keys: Mapping[str, Any]) -> None:
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - only where there are traces

        span = self._open.pop(str(keys.get("run")), None)
        if span is None:
            return
        span.set_attributes(_among(keys, ("state", "calls", "error")))
        if event == "run.failed":
            span.set_status(StatusCode.ERROR)
        span.end(end_time=self._now())

    def _call(self, keys: Mapping[str, Any]) -> None:
        """A call is told when it is over, so that its span is made whole."""
        from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415 - only where there are traces

        parent = self._open.get(str(keys.get("run")))
        over = self._now()
        span = self._tracer.start_span(
            f"{keys.get('side', 'vendor')} {keys['operation']}",
            context=self._within(parent) if parent is not None else None,
            kind=SpanKind.CLIENT,
            attributes=_among(keys, OF_CALL),
            start_time=over - int(keys["ms"] * 1_000_000),
        )
        if not 200 <= int(keys["status"] or 0) < 400:
            span.set_status(StatusCode.ERROR)
        span.end(end_time=over)


def _among(keys: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {f"syncd.{name}": keys[name] for name in names if keys.get(name) is not None}
