import os
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.state_folder import INTAKE_LOCK_NAME, lock_state_folder
from slawatch.errors import ConfigError

_HOLD = """
import sys
from pathlib import Path
from connectors.state_folder import lock_state_folder
lock = lock_state_folder(Path(sys.argv[1]))
print("locked", flush=True)
sys.stdin.read()
"""


def test_a_taken_folder_is_refused_with_its_holder(tmp_path: Path) -> None:
    with (
        lock_state_folder(tmp_path),
        pytest.raises(ConfigError, match=f"in use by process {os.getpid()}: stop that process"),
    ):
        lock_state_folder(tmp_path)


def test_the_intake_of_a_folder_has_a_lock_of_its_own(tmp_path: Path) -> None:
    with (
        lock_state_folder(tmp_path),
        lock_state_folder(tmp_path, INTAKE_LOCK_NAME),
        pytest.raises(ConfigError, match=r"the intake of state folder .* run .* --no-intake"),
    ):
        lock_state_folder(tmp_path, INTAKE_LOCK_NAME)


def test_a_freed_folder_can_be_locked_again(tmp_path: Path) -> None:
    lock_state_folder(tmp_path).close()
    with lock_state_folder(tmp_path) as lock:
        assert (lock.path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_killed_holder_leaves_the_folder_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(ConfigError, match=f"in use by process {holder.pid}"):
            lock_state_folder(tmp_path)
        holder.kill()
        holder.wait()
    lock_state_folder(tmp_path).close()


def test_a_missing_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with lock_state_folder(folder):
        assert folder.stat().st_mode & 0o777 == 0o700


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(ConfigError, match=r"'.*state' cannot be used"):
        lock_state_folder(tmp_path / "state")
