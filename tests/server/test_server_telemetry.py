from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from live import PASSWORD, Site, serve
from prometheus_client.parser import text_string_to_metric_families

from yinji.errors import UsageError
from yinji.platform.model import Role
from yinji.platform.settings import Settings
from yinji.server.options import ServerOptions
from yinji.server.telemetry.logs import LogStyle
from yinji.server.telemetry.traces import tracer_from

SECRET = "a-query-that-nobody-may-keep"


def test_prometheus_reads_requests_by_route_and_the_state_of_the_work(site: Site) -> None:
    with site.client(Role.AUDITOR) as client:
        client.get(f"/items/019aa6c0-0000-7000-8000-000000000000?q={SECRET}")
        answer = client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    requests = {(s.labels["route"], s.labels["status"]): s.value for s in families["yinji_http_requests"].samples}
    assert requests["/items/{item_id}", "404"] >= 1
    assert families["yinji_http_request_seconds"].type == "histogram"
    assert {"yinji_work_tasks", "yinji_work_delay_seconds", "yinji_build"} <= set(families)
    assert SECRET not in answer.text


def test_figures_are_not_for_everybody(site: Site) -> None:
    with site.client() as client:
        assert client.get("/metrics").status_code == 401
    with site.client(Role.CREATOR) as client:
        assert client.get("/metrics").status_code == 403


def test_every_answer_carries_a_number_and_keeps_the_callers(site: Site) -> None:
    with site.client() as client:
        assert (
            client.get("/healthz", headers={"X-Request-Id": "gateway-0001"}).headers["X-Request-Id"] == "gateway-0001"
        )
        for bad in ("short", "x" * 65, "no spaces!"):
            made = client.get("/healthz", headers={"X-Request-Id": bad}).headers["X-Request-Id"]
            assert re.fullmatch(r"[0-9a-f-]{36}", made)


def test_the_log_names_route_and_account_and_nothing_that_people_typed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with serve(tmp_path, ServerOptions(log=LogStyle.JSON)) as site, site.client(Role.CREATOR) as client:
        client.get(f"/?q={SECRET}")
        client.post("/v1/session", json={"name": SECRET, "password": PASSWORD})
        number = site.accounts[Role.CREATOR].id
    printed = capfd.readouterr().err
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    feed = next(line for line in lines if line["route"] == "/")
    assert (feed["status"], feed["method"], feed["account"]) == (200, "GET", number)
    assert next(line for line in lines if line["route"] == "/v1/session")["status"] == 401
    assert SECRET not in printed and "127.0.0.1" not in printed


def test_the_style_of_the_log_is_a_setting() -> None:
    assert Settings.from_environment({"YINJI_LOG": "JSON"}).log == "json"
    with pytest.raises(UsageError):
        Settings.from_environment({"YINJI_LOG": "loud"})


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """A real receiver of OTLP over HTTP."""
    received: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()


def test_spans_reach_a_collector_and_join_the_callers_trace(collector: tuple[str, list[bytes]]) -> None:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    address, received = collector
    program = """
import os
from opentelemetry import trace
from yinji.server.telemetry import traces
tracer = traces.tracer_from()
parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
span = traces.begin(tracer, "GET", {"traceparent": parent})
traces.end(span, "GET", "/items/{item_id}", 200)
span.resource  # a real span of the SDK
tracer.span_processor.force_flush()
"""
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "PYTHONPATH": ":".join(sys.path), "PATH": ""}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
    request = ExportTraceServiceRequest.FromString(received[0])
    (span,) = request.resource_spans[0].scope_spans[0].spans
    assert span.name == "GET /items/{item_id}"
    assert span.trace_id.hex() == "0af7651916cd43dd8448eb211c80319c"
    assert {a.key for a in span.attributes} == {"http.request.method", "http.route", "http.response.status_code"}


def test_without_a_collector_there_are_no_spans() -> None:
    assert tracer_from({}) is None
