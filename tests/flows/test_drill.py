from __future__ import annotations

from pathlib import Path

import pytest

from flows.drill import FILE_NAME, read_drills, write_drill
from slawatch.errors import ConfigError


def test_a_drill_runs_until_its_end(tmp_path: Path) -> None:
    write_drill(tmp_path, "breach-spike", 200, now=100)
    assert read_drills(tmp_path, 199) == {"breach-spike": 200}
    assert read_drills(tmp_path, 200) == {}


def test_a_drill_is_ended_and_others_go_on(tmp_path: Path) -> None:
    write_drill(tmp_path, "one", 200, now=100)
    write_drill(tmp_path, "other", 300, now=100)
    write_drill(tmp_path, "one", 150, now=150)
    assert read_drills(tmp_path, 150) == {"other": 300}


@pytest.mark.parametrize("text", ["", "[]", '{"a": "b"}', "null"])
def test_a_broken_file_is_no_drill(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    assert read_drills(tmp_path, 0) == {}


def test_without_a_monitor_there_is_no_drill(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no monitor has run"):
        write_drill(tmp_path / "none", "breach-spike", 2, now=1)
    assert read_drills(tmp_path / "none", 0) == {}
