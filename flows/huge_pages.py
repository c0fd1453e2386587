"""Keep Python's small objects on huge pages, where the build and the system have them."""

from __future__ import annotations

from importlib import import_module


def use_huge_pages() -> bool:
    """Take the memory of objects made from now on from huge pages; tell whether the build can.

    The compiled build for Linux can: the part in C is made with it. A kernel that knows no huge
    pages, or does not give them to whoever asks, gives ordinary ones.
    """
    try:
        allocator = import_module("flows._huge_pages")
    except ImportError:
        return False
    allocator.install()
    return True
