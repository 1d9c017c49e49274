"""A span for each request (OpenTelemetry), joined to the caller's trace by ``traceparent`` (W3C Trace Context).

The API alone does nothing. Spans are sent where OTEL_EXPORTER_OTLP_ENDPOINT is set and the extra ``traces`` installed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from yinji.errors import MissingExtra

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

_ENDPOINTS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


def tracer_from(environment: Mapping[str, str] = os.environ) -> Tracer | None:
    """Returns what makes spans, or None where nobody asked for them.

    Raises:
        MissingExtra: They were asked for, and OpenTelemetry is not installed.
    """
    if not any(environment.get(name) for name in _ENDPOINTS):
        return None
    if find_spec("opentelemetry.exporter") is None or find_spec("opentelemetry.sdk") is None:
        raise MissingExtra("missing-extra", extra="traces", names="opentelemetry")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": environment.get("OTEL_SERVICE_NAME", "yinji")}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider.get_tracer("yinji.server")


def begin(tracer: Tracer, method: str, headers: Mapping[str, str]) -> Span:
    """Opens the span of a request."""
    from opentelemetry.trace import SpanKind
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract(dict(headers))
    return tracer.start_span(method, context=context, kind=SpanKind.SERVER)


def end(span: Span, method: str, route: str, status: int) -> None:
    """Closes it, named by the route's pattern (OpenTelemetry semantic conventions for HTTP)."""
    from opentelemetry.trace import Status, StatusCode

    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))
    span.end()
