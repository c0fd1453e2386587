"""Tell which build of the hot path runs: its sources, or what was compiled from them."""

from __future__ import annotations

from importlib.util import find_spec

COMPILED, INTERPRETED = "compiled", "interpreted"


def find_build() -> str:
    """Return the name of the build, without importing what is built."""
    found = find_spec("slawatch.shard")
    is_source = found is None or str(found.origin).endswith(".py")
    return INTERPRETED if is_source else COMPILED
