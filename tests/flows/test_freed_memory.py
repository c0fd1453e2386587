"""What a replay frees is not asked of the system again: in processes of their own."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

BATCHES = """
import resource

def take_batch():
    return [bytes(100_000) for _ in range(100)]

def count_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

take_batch()
before = count_faults()
for _ in range(20):
    take_batch()
print(count_faults() - before)
"""
KEEP = "from flows.freed_memory import keep_freed_memory\nassert keep_freed_memory()\n"


def count_faults(code: str) -> int:
    """Run code and return the number that it prints."""
    return int(subprocess.check_output([sys.executable, "-P", "-c", code], text=True))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library than glibc")
def test_batches_of_one_size_take_their_memory_once() -> None:
    pages = 20 * 100 * 100_000 // 4096
    assert count_faults(KEEP + BATCHES) < pages // 20
    assert count_faults(BATCHES) > pages // 4
