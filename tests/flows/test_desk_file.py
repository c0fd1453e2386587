"""What a state folder remembers beside its state."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.desk_file import INTAKE_FILE_NAME, keep_intake_begin, read_intake_begin
from slawatch.errors import ConfigError


def test_the_first_begin_of_an_intake_stays(tmp_path: Path) -> None:
    assert keep_intake_begin(tmp_path, 100) == 100
    assert keep_intake_begin(tmp_path, 200) == 100
    assert read_intake_begin(tmp_path) == 100


def test_without_an_intake_of_its_own_there_is_no_begin(tmp_path: Path) -> None:
    assert read_intake_begin(tmp_path) is None


def test_a_begin_that_cannot_be_read_is_told_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / INTAKE_FILE_NAME).write_text("{}")
    with pytest.raises(ConfigError, match=r"intake\.json: cannot be read .* remove it"):
        read_intake_begin(tmp_path)
