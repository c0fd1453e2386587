"""Objects lie where huge pages are asked for: the part in C, in processes of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

import pytest

from flows.huge_pages import use_huge_pages
from slawatch.build import COMPILED, find_build

SOURCE = Path(__file__).parents[2] / "flows" / "huge_pages.c"
MODES = Path("/sys/kernel/mm/transparent_hugepage/enabled")
LOOK = """
import _huge_pages

def kilobytes(name, advised):
    total = count = 0
    with open("/proc/self/smaps") as file:
        for line in file:
            if line.startswith(name):
                count = int(line.split()[1])
            elif line.startswith("VmFlags:") and ("hg" in line.split()) is advised:
                total += count
    return total

before = [[number] for number in range(500_000)]
started = kilobytes("Rss:", False)
_huge_pages.install()
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the compiled part: the build's own, or one made here."""
    if not MODES.exists() or "[never]" in MODES.read_text("ascii"):
        pytest.skip("this kernel gives no huge pages")
    folder = tmp_path_factory.mktemp("built")
    if (spec := find_spec("flows._huge_pages")) is not None and spec.origin is not None:
        shutil.copy(spec.origin, folder)
        return folder
    header = Path(sysconfig.get_path("include"), "Python.h")
    compiler = shutil.which("gcc")
    if not SOURCE.exists() or compiler is None or not header.exists():
        pytest.skip("the part in C needs its source, gcc and Python's headers")
    out = folder / f"_huge_pages{sysconfig.get_config_var('EXT_SUFFIX')}"
    flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", f"-I{header.parent}"]
    subprocess.run([compiler, *flags, str(SOURCE), "-o", str(out)], check=True)
    return folder


def run(folder: Path, code: str) -> int:
    """Run code after a look at the memory and return the number that it prints."""
    command = [sys.executable, "-c", LOOK + code]
    return int(subprocess.check_output(command, cwd=folder, text=True))


def test_new_objects_lie_where_huge_pages_are_asked_for(built: Path) -> None:
    code = "objects = [[number] for number in range(500_000)]; print(kilobytes('Rss:', True))"
    assert run(built, code) > 20_000


def test_freed_objects_give_their_memory_back(built: Path) -> None:
    code = """
objects = [(number,) for number in range(2_000_000)]
most = kilobytes("Rss:", True)
del objects
print((most - kilobytes("Rss:", True)) * 100 // most)
"""
    assert run(built, code) > 60


def test_what_was_given_back_is_taken_again(built: Path) -> None:
    code = """
sizes = []
for _ in range(3):
    objects = None
    objects = [[number] for number in range(1_000_000)]
    sizes.append(kilobytes("Size:", True))
print(sizes[-1] - sizes[0])
"""
    assert run(built, code) == 0


def test_objects_made_before_are_freed_where_they_came_from(built: Path) -> None:
    code = "del before; print(started - kilobytes('Rss:', False))"
    assert run(built, code) > 20_000


def test_the_compiled_build_has_the_part_in_c_and_the_sources_have_not() -> None:
    assert use_huge_pages() is (find_build() == COMPILED and sys.platform == "linux")
