"""What a start was writing when it was killed does not keep the next one from starting."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import monitor
from flows.monitor import RECOVERY_FOLDER, ReplayOptions
from tests.flows.replays import run, tell_desk


def test_a_recovery_store_that_was_half_made_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def be_killed(folder: Path, _parts: int) -> None:
        (folder / "part-0.sqlite3").touch()
        raise KeyboardInterrupt

    events = tell_desk(1, 5)
    with monkeypatch.context() as patched:
        patched.setattr(monitor, "init_db_dir", be_killed)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, events, ReplayOptions(), keeps_state=True)
    assert not (tmp_path / RECOVERY_FOLDER).exists()
    verdicts, _ = run(tmp_path, events, ReplayOptions(), keeps_state=True)
    assert verdicts
