"""An exporter over a store in memory, for tests."""

from __future__ import annotations

from flows.export import Exporter
from flows.store import Key, Store, Totals
from slawatch.policy import Rules
from tests.desks import MINUTE, SMALL_DESK

NOW = 1_700_000_000_000_000
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
RESULT: Key = ("chat", "low", "resolution", "breached")


def fresh_store(log_at: int = NOW) -> Store:
    store = Store()
    store.put_progress("0", log_at, 0, 0)
    return store


def put(store: Store, totals: Totals, log_at: int = NOW) -> None:
    store.put_totals("0", totals, {}, {}, log_at)


def build(store: Store, rules: Rules = SMALL_DESK, **options: int) -> Exporter:
    return Exporter(rules, store, lambda: NOW, **options)  # type: ignore[arg-type]  # integers only


def build_drilled(store: Store, rules: Rules = SMALL_DESK) -> Exporter:
    return Exporter(rules, store, lambda: NOW, drills=lambda now: {"breach-spike": now + MINUTE})


def lines(exporter: Exporter, start: str = "") -> list[str]:
    text = exporter.render()[0].decode()
    return [line for line in text.splitlines() if line.startswith(start) and line[0] != "#"]


def value(exporter: Exporter, name: str, **labels: str) -> float | None:
    return exporter.registry.get_sample_value(name, labels)
