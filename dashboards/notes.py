"""Annotations: breach spikes, policy changes and imports, as Prometheus remembers them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from dashboards import promql as p
from dashboards.grafana_api import Grafana
from dashboards.looks import Json
from dashboards.prometheus_api import Prometheus, Series
from slawatch import conventions as c

STEP_SECONDS: Final = 60
"""Instants are multiples of it, so that the same spike begins at the same one on every run."""
TAG: Final = "slawatch"
_LIMIT: Final = 5_000
SPIKES: Final = 'ALERTS{alertname=~"Sla.*BreachSpike",alertstate="firing"}'
"""What Prometheus remembers of the alerts on a spike."""


class Note(NamedTuple):
    """Be something that happened from `start` to `end`, in seconds; `kind` is a tag."""

    kind: str
    text: str
    start: int
    end: int


def find_notes(prometheus: Prometheus, start: float, end: float) -> list[Note]:
    """Return what happened in a time range, earliest first."""
    first, last = (round(at) // STEP_SECONDS * STEP_SECONDS for at in (start, end))
    spikes = prometheus.ask_range(SPIKES, first, last, STEP_SECONDS).series
    behind = prometheus.ask_range(f"max({p.select(c.CATCHING_UP)}) == 1", first, last, STEP_SECONDS)
    digests = f"max by (digest) ({p.select(c.CONFIG)})"
    policies = prometheus.ask_range(digests, first, last, STEP_SECONDS).series
    notes = [
        *_spans("breach-spike", spikes, _tell_spike),
        *_spans("import", behind.series, lambda _: "catching up: an import or a restart"),
        *_policy_changes(policies, first),
    ]
    return sorted(notes, key=lambda note: (note.start, note.text))


def _tell_spike(series: Series) -> str:
    shown = ("alertname", "channel", "team", "priority", "target")
    return " ".join(series.labels[name] for name in shown if series.labels.get(name))


def _spans(kind: str, series: Sequence[Series], tell: Callable[[Series], str]) -> Iterator[Note]:
    for one in series:
        text = tell(one)
        instants = [round(at) for at, _ in one.points]
        start = instants[0]
        for at, following in zip(instants, [*instants[1:], None], strict=True):
            if following is None or following - at > STEP_SECONDS:
                yield Note(kind, text, start, at)
                start = following or at


def _policy_changes(series: Sequence[Series], first: int) -> Iterator[Note]:
    """Return when each policy was first seen; the one in force at the beginning is no change."""
    for one in series:
        at = round(one.points[0][0])
        if at > first and len(series) > 1:
            yield Note("policy-change", f"policy {one.labels.get('digest', '')}", at, at)


def publish_notes(grafana: Grafana, notes: Sequence[Note]) -> Iterator[tuple[str, bool]]:
    """Add what is not there, and lengthen what went on; yields each text and whether it changed.

    One that is known is one of the same kind and text that meets it in time.
    """
    if not notes:
        return
    since = min(note.start for note in notes) * 1000
    known: list[Json] = (
        grafana.get("/annotations", tags=TAG, limit=_LIMIT, **{"from": since - 1, "to": 1 << 42})
        or []
    )
    for note in notes:
        start, end = note.start * 1000, note.end * 1000
        found = next((entry for entry in known if _is_same(entry, note)), None)
        if found is None:
            body = {
                "time": start,
                "timeEnd": end,
                "tags": [TAG, note.kind],
                "text": note.text,
            }
            grafana.send("POST", "/annotations", body)
        elif found["timeEnd"] < end:
            grafana.send("PATCH", f"/annotations/{found['id']}", {"timeEnd": end})
        yield note.text, found is None or found["timeEnd"] < end


def _is_same(entry: Json, note: Note) -> bool:
    return (
        note.kind in entry.get("tags", ())
        and entry.get("text") == note.text
        and entry["time"] <= note.end * 1000
        and note.start * 1000 <= entry["timeEnd"]
    )
