"""The verdict table: every verdict once, in the order of its id, for others to read."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from flows.verdict_table import FEW, VerdictTable
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


def tell_many(mark: str = "") -> list[Verdict]:
    """Return so many verdicts, in no order, that they wait together."""
    told = tell_verdicts()
    names = [f"{mark}-{number}" for number in range(FEW // len(told) + 1)]
    return [verdict._replace(ticket=verdict.ticket + name) for name in names for verdict in told]


def ask(table: VerdictTable, query: str) -> list[tuple[object, ...]]:
    """Ask as another program would."""
    with closing(sqlite3.connect(table.path)) as other:
        return other.execute(query).fetchall()


EVERYTHING = "SELECT * FROM verdicts ORDER BY ticket, target, cycle, kind, number"
BOTH = pytest.mark.parametrize("tell", [tell_verdicts, tell_many], ids=["few", "many"])
Tell = Callable[[], list[Verdict]]


@BOTH
def test_a_verdict_comes_back_as_it_was(table: VerdictTable, tell: Tell) -> None:
    table.add(tell())
    assert list(table.read()) == sorted(tell(), key=lambda verdict: verdict[:5])


@BOTH
def test_a_verdict_told_again_is_kept_once(table: VerdictTable, tell: Tell) -> None:
    table.add(tell())
    table.commit()
    table.add([verdict._replace(at=0) for verdict in tell()])
    assert list(table.read()) == sorted(tell(), key=lambda verdict: verdict[:5])


def test_a_verdict_told_twice_together_is_kept_once(table: VerdictTable) -> None:
    table.add([*tell_many(), *(verdict._replace(at=0) for verdict in tell_many())])
    assert list(table.read()) == sorted(tell_many(), key=lambda verdict: verdict[:5])


def test_a_verdict_filed_is_not_told_again_by_many(table: VerdictTable) -> None:
    table.add(tell_many()[:7])
    table.commit()
    table.add([verdict._replace(at=0) for verdict in tell_many()])
    found = list(table.read())
    assert len(found) == len(tell_many())
    assert [verdict.at == 0 for verdict in found].count(False) == 7


def test_many_wait_together_until_they_are_filed(table: VerdictTable) -> None:
    table.add(tell_many())
    table.commit()
    before = ask(table, EVERYTHING)
    assert ask(table, "SELECT count(*) FROM filed") == [(0,)]
    assert [table.file(), table.file()] == [True, False]
    table.commit()
    assert ask(table, "SELECT count(*) FROM unfiled") == [(0,)]
    assert ask(table, EVERYTHING) == before


def test_few_wait_behind_many(table: VerdictTable) -> None:
    table.add(tell_many())
    table.commit()
    table.add([tell_many()[0]._replace(at=0)])
    table.commit()
    assert ask(table, "SELECT count(*) FROM filed") == [(0,)]
    assert 0 not in {verdict.at for verdict in table.read()}


def test_a_ticket_with_a_nul_in_its_name_is_kept_with_many(table: VerdictTable) -> None:
    table.add(tell_many())
    table.commit()
    table.add(tell_many("\0"))
    names = {verdict.ticket for verdict in table.read()}
    assert {"desk/0-0", "desk/0\0-0", "desk/0\0-1"} <= names
    assert "desk/0" not in names


def test_one_tickets_verdicts_are_read_alone(table: VerdictTable) -> None:
    table.add(tell_verdicts())
    assert {verdict.ticket for verdict in table.read("desk/0")} == {"desk/0"}
    assert list(table.read("desk/9")) == []


def count_kinds(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Count verdicts of each kind."""
    kinds = [verdict.kind for verdict in verdicts]
    return {kind: kinds.count(kind) for kind in KINDS}


@BOTH
def test_every_kind_is_counted(table: VerdictTable, tell: Tell) -> None:
    table.add(tell())
    assert table.count() == count_kinds(tell())


@BOTH
def test_a_tally_counts_as_the_table_does(tmp_path: Path, tell: Tell) -> None:
    with closing(VerdictTable(tmp_path / "tallied.sqlite3", is_tallied=True)) as table:
        table.add(tell())
        assert table.count() == count_kinds(tell())
        table.add(tell()[:3])
        assert table.count() == count_kinds(tell())


def test_a_tally_leaves_a_table_that_held_verdicts_to_count_itself(tmp_path: Path) -> None:
    path = tmp_path / "tallied.sqlite3"
    with closing(VerdictTable(path)) as table:
        table.add(tell_verdicts())
    with closing(VerdictTable(path, is_tallied=True)) as table:
        table.add(tell_many())
        assert table.count() == count_kinds(
            {v[:5]: v for v in tell_verdicts() + tell_many()}.values()
        )


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


@BOTH
def test_the_breaches_of_a_window_are_those_that_still_stand(
    table: VerdictTable, tell: Tell
) -> None:
    far = [verdict._replace(at=1) for verdict in tell() if verdict.ticket != "desk/1"]
    (breached,) = [
        v for v in tell_verdicts() if (v.kind, v.target) == ("breached", "first_response")
    ][:1]
    again = breached._replace(ticket="desk/7")
    healed = again._replace(kind="to_met", number=2)
    table.add([breached, again, healed, *far])
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
