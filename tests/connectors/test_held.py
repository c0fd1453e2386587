from __future__ import annotations

from pathlib import Path

import pytest

from connectors.held import HeldTickets, find_held, load_held, save_held
from slawatch.errors import ConfigError
from slawatch.views import Held


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = find_held(tmp_path, "a/b")
    save_held(path, 9, [Held("141", 7)])
    assert load_held(path) == HeldTickets(9, (Held("141", 7),))


def test_before_a_monitor_ran_nothing_is_held(tmp_path: Path) -> None:
    assert load_held(find_held(tmp_path, "desk")) is None


def test_a_file_of_something_else_is_named(tmp_path: Path) -> None:
    path = find_held(tmp_path, "desk")
    path.write_text('{"at": 9}')
    with pytest.raises(ConfigError, match=r"held-desk.json' holds .* remove it"):
        load_held(path)
