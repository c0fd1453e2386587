"""Keep what a replay frees: each batch needs as much again, and the system would clear it first."""

from __future__ import annotations

from ctypes import CDLL, c_int

_TRIM_THRESHOLD = -1
_MMAP_THRESHOLD = -3
_KEPT_BYTES = 64 << 20
_LARGEST_BYTES = 32 << 20
"""Larger blocks are the system's own, as ever: glibc takes no higher bound."""


def keep_freed_memory() -> bool:
    """Give memory back only from 64 MB on; tell whether the C library, glibc, lets itself be told.

    It concerns lists and texts; small objects have an allocator of Python's.
    """
    change = getattr(CDLL(None), "mallopt", None)
    if change is None:
        return False
    change.argtypes = (c_int, c_int)
    kept = change(_TRIM_THRESHOLD, _KEPT_BYTES)
    return bool(change(_MMAP_THRESHOLD, _LARGEST_BYTES) and kept)
