"""Figures in the Prometheus text format: requests as they are answered, the state of the work when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from yinji import __version__
from yinji.platform import instants
from yinji.platform.model import Account
from yinji.platform.service import Platform

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds: from a cached page to the label on a long video."""


class Metrics:
    """The figures of one application."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter("yinji_http_requests", "Requests answered.", labels, registry=self._registry)
        self._seconds = Histogram(
            "yinji_http_request_seconds",
            "Time until a request was answered whole.",
            ("method", "route"),
            buckets=_BOUNDS,
            registry=self._registry,
        )
        self._open = Gauge("yinji_http_requests_in_progress", "Requests being answered.", registry=self._registry)
        about = Gauge("yinji_build", "The running version.", ("version",), registry=self._registry)
        about.labels(__version__).set(1)

    def begun(self) -> None:
        """Counts a request that came in."""
        self._open.inc()

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request that was answered, or whose client left (status 499)."""
        self._open.dec()
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self, platform: Platform, viewer: Account) -> bytes:
        """Returns all figures, with those of the platform as they are now.

        Raises:
            Refused: The account may not see the work.
        """
        now = CollectorRegistry()
        now.register(_Work(platform, viewer))
        return generate_latest(self._registry) + generate_latest(now)


class _Work(Collector):
    """The queue of work, looked at when asked."""

    def __init__(self, platform: Platform, viewer: Account) -> None:
        self._counts = platform.work.counts(viewer)
        self._oldest = platform.work.oldest_due()

    def collect(self) -> Iterator[Metric]:
        tasks = GaugeMetricFamily("yinji_work_tasks", "Tasks by state and kind.", labels=("state", "kind"))
        for state, kinds in self._counts.items():
            for kind, count in kinds.items():
                tasks.add_metric((state, kind), count)
        yield tasks
        late = (instants.now() - self._oldest).total_seconds() if self._oldest else 0.0
        yield GaugeMetricFamily("yinji_work_delay_seconds", "How long the oldest due task has waited.", max(late, 0.0))
