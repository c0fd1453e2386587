"""What became of the receiver's requests: counted, and rendered where it runs alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from threading import Lock

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from slawatch import labels as v
from slawatch.conventions import INTAKE_REQUESTS


class RequestCounts(Collector):
    """Count requests by source and outcome since the start, each known pair from 0."""

    def __init__(self, sources: Iterable[str]) -> None:
        """Begin with every outcome of every source at 0."""
        self._lock = Lock()
        self._counts = dict.fromkeys(product(sources, v.INTAKE_OUTCOMES), 0)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def note(self, source: str, outcome: str) -> None:
        """Count one request."""
        with self._lock:
            self._counts[source, outcome] += 1

    def read(self) -> Mapping[tuple[str, str], int]:
        """Return the counts by (source, outcome)."""
        with self._lock:
            return dict(self._counts)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return the exposition in the format that `accept` asks for, and its content type."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Yield the one family."""
        family = INTAKE_REQUESTS
        metric = CounterMetricFamily(family.base, family.help, labels=family.labels)
        for key, count in self.read().items():
            metric.add_metric(key, count)
        yield metric
