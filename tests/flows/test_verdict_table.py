"""The verdict table: every verdict once, in the order of its id, for others to read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.verdict_table import FORMAT, VerdictTable
from slawatch.errors import ConfigError
from slawatch.events import Kind
from slawatch.verdicts import KINDS, Verdict, render_verdict
from tests.rules import DAY, HOUR, act, created, judge


@pytest.fixture
def table(tmp_path: Path) -> Iterator[VerdictTable]:
    opened = VerdictTable(tmp_path / "verdicts.sqlite3")
    yield opened
    opened.close()


def tell_verdicts() -> list[Verdict]:
    """Return the verdicts of two tickets, breaches with their holders among them."""
    other = act(0, Kind.CREATED, 0, key="desk/0", priority="urgent", channel="phone")
    _, out = judge([created(team="l1"), other, act(1, Kind.RESOLVED, HOUR // 2)], DAY)
    return out.verdicts


def test_a_verdict_comes_back_as_it_was(table: VerdictTable) -> None:
    verdicts = tell_verdicts()
    table.add(verdicts)
    assert list(table.read()) == sorted(verdicts, key=lambda verdict: verdict[:5])


def test_a_verdict_told_again_is_kept_once(table: VerdictTable) -> None:
    verdicts = tell_verdicts()
    table.add(verdicts)
    table.add([verdict._replace(at=0) for verdict in verdicts])
    assert list(table.read()) == sorted(verdicts, key=lambda verdict: verdict[:5])


def test_one_tickets_verdicts_are_read_alone(table: VerdictTable) -> None:
    table.add(tell_verdicts())
    assert {verdict.ticket for verdict in table.read("desk/0")} == {"desk/0"}
    assert list(table.read("desk/9")) == []


def test_every_kind_is_counted(table: VerdictTable) -> None:
    verdicts = tell_verdicts()
    table.add(verdicts)
    assert table.count() == {kind: len([v for v in verdicts if v.kind == kind]) for kind in KINDS}


def test_the_export_is_json_lines_in_the_order_of_ids(table: VerdictTable, tmp_path: Path) -> None:
    verdicts = tell_verdicts()
    table.add(reversed(verdicts))
    path = tmp_path / "out.jsonl"
    assert table.export(path) == len(verdicts)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert lines == [render_verdict(v) for v in sorted(verdicts, key=lambda v: v[:5])]


def test_an_empty_table_exports_an_empty_file(table: VerdictTable, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    assert table.export(path) == 0
    assert path.read_bytes() == b""


def test_what_is_committed_is_seen_by_others(table: VerdictTable) -> None:
    with sqlite3.connect(table.path) as other:
        table.add(tell_verdicts())
        assert other.execute("SELECT count(*) FROM verdicts").fetchone() == (0,)
        table.commit()
        assert other.execute("SELECT count(*) FROM verdicts").fetchone()[0] > 0
    other.close()


def test_a_table_is_opened_again_with_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite3"
    first = VerdictTable(path)
    first.add(tell_verdicts())
    first.close()
    again = VerdictTable(path, is_durable=False)
    assert len(list(again.read())) == len(tell_verdicts())
    again.close()


def test_a_newer_table_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {FORMAT + 1}")
    connection.close()
    with pytest.raises(ConfigError, match=rf"newer slawatch \(format {FORMAT + 1}"):
        VerdictTable(path)


def test_the_columns_are_a_format(table: VerdictTable) -> None:
    rows = sqlite3.connect(table.path)
    names = [row[1] for row in rows.execute("PRAGMA table_info(verdicts)")]
    rows.close()
    assert names == list(Verdict._fields)
    assert FORMAT == 1


def test_the_breaches_of_a_window_are_those_that_still_stand(table: VerdictTable) -> None:
    (breached,) = [
        v for v in tell_verdicts() if (v.kind, v.target) == ("breached", "first_response")
    ][:1]
    again = breached._replace(ticket="desk/7")
    healed = again._replace(kind="to_met", number=2)
    table.add([breached, again, healed])
    at = breached.at
    windows = [(at - 1, at), (at, at + 1), (at - 2, at - 1)]
    assert [[b.ticket for b in part] for part in table.breaches(windows)] == [
        [breached.ticket],
        [],
        [],
    ]


def test_an_empty_table_begins_nowhere(table: VerdictTable) -> None:
    assert table.first_at() == 0
    table.add(tell_verdicts())
    assert table.first_at() == min(verdict.at for verdict in tell_verdicts())
