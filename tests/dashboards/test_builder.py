from __future__ import annotations

import json

import pytest

from dashboards.builder import Board, Row, dump, render_board, split
from dashboards.looks import Word, override, paint, plain, remaining, rising, spent
from dashboards.panels import Link, Panel, Query, stat, text, time_series


def board(*rows: Row) -> Board:
    """Return a board of rows."""
    return Board("uid", "title", "about", "NO DATA", rows)


def number(title: str) -> Panel:
    """Return a small panel."""
    return stat(title, Query("up"), look=plain())


def test_panels_are_laid_out_row_by_row() -> None:
    found = render_board(board(split(4, *map(number, "abc")), Row(6, ((24, number("d")),))))
    grids = [tuple(panel["gridPos"][key] for key in "xywh") for panel in found["panels"]]
    assert grids == [(0, 0, 8, 4), (8, 0, 8, 4), (16, 0, 8, 4), (0, 4, 24, 6)]


def test_what_cannot_be_shared_evenly_goes_to_the_first() -> None:
    assert [width for width, _ in split(4, *map(number, "abcde")).panels] == [5, 5, 5, 5, 4]


def test_a_row_that_leaves_a_gap_is_refused() -> None:
    with pytest.raises(ValueError, match="a row has 23 columns, must be 24"):
        render_board(board(Row(4, ((23, number("a")),))))


def test_a_number_is_asked_of_an_instant_and_a_line_of_a_range() -> None:
    line = time_series("b", Query("up"), Query("down", "{{job}}"), look=plain())
    panels = render_board(board(split(4, number("a"), line)))["panels"]
    asked = [
        (query["refId"], query["instant"], query["range"], query["legendFormat"])
        for panel in panels
        for query in panel["targets"]
    ]
    assert asked == [
        ("A", True, False, "__auto"),
        ("A", False, True, "__auto"),
        ("B", False, True, "{{job}}"),
    ]


def test_a_text_asks_nothing() -> None:
    found = render_board(board(split(4, text("a", "**b**"))))["panels"][0]
    assert found["options"]["content"] == "**b**"
    assert not found.keys() & {"targets", "datasource", "fieldConfig"}


def test_words_and_what_is_not_there_have_their_colours() -> None:
    look = plain()._replace(words=(Word(1, "late", "red"),))
    panel = stat("a", Query("up"), look=look, links=(Link("b", "/d/b"),))
    defaults = render_board(board(split(4, panel)))["panels"][0]["fieldConfig"]["defaults"]
    assert defaults["mappings"][0]["options"] == {"1": {"color": "red", "index": 0, "text": "late"}}
    assert [m["options"]["result"] for m in defaults["mappings"][1:]] == [
        {"color": "red", "index": 1, "text": "NO DATA"},
        {"color": "#4b5160", "index": 1, "text": "-"},
    ]
    assert defaults["links"] == [{"targetBlank": False, "title": "b", "url": "/d/b"}]


@pytest.mark.parametrize(
    ("look", "steps"),
    [
        pytest.param(spent(), [(None, "blue"), (0.75, "orange"), (1, "red")], id="spent"),
        pytest.param(remaining(), [(None, "red"), (0, "orange"), (0.25, "blue")], id="left"),
        pytest.param(rising(2, 9), [(None, "blue"), (2, "orange"), (9, "red")], id="rising"),
    ],
)
def test_a_look_goes_from_blue_over_amber_to_red(look: object, steps: list[object]) -> None:
    assert list(look.steps) == steps  # type: ignore[attr-defined]  # a Look


def test_an_override_names_nested_properties_by_dots() -> None:
    found = override("byName", "a", color=paint("red"), custom__lineStyle={"fill": "dash"})
    assert [entry["id"] for entry in found["properties"]] == ["color", "custom.lineStyle"]


def test_json_text_is_sorted_and_ends_its_line() -> None:
    assert dump({"b": "中", "a": 1}) == '{\n  "a": 1,\n  "b": "中"\n}\n'
    assert json.loads(dump(render_board(board(split(4, number("a"))))))["schemaVersion"] == 41
