from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from flows.huge_pages import use_huge_pages

LOAD = """
from flows.huge_pages import use_huge_pages
assert use_huge_pages()
assert use_huge_pages()
kept = [str(number) for number in range(400_000)]
flags = [line.split() for line in open("/proc/self/smaps") if line.startswith("VmFlags")]
print(any("hg" in line for line in flags))
del kept[::2]
more = [bytes(100) for _ in range(200_000)]
kept.clear()
again = [str(number) for number in range(400_000)]
print(again[123_456], len(more), sum(map(len, more)))
"""
PART = "flows._huge_pages"
is_compiled = pytest.mark.skipif(find_spec(PART) is None, reason="a build from sources has no C")


@pytest.mark.skipif(find_spec(PART) is not None, reason="this is the compiled build")
def test_a_build_from_sources_goes_without() -> None:
    assert not use_huge_pages()


@is_compiled
@pytest.mark.skipif(
    not Path("/sys/kernel/mm/transparent_hugepage").exists(), reason="this kernel has none"
)
def test_objects_made_afterwards_lie_where_huge_pages_are_asked_for() -> None:
    told = subprocess.check_output([sys.executable, "-P", "-c", LOAD], text=True)
    assert told.split() == ["True", "123456", "200000", "20000000"]
