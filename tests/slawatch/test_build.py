from __future__ import annotations

from pathlib import Path

import slawatch.shard
from slawatch.build import COMPILED, INTERPRETED, find_build


def test_the_build_is_what_the_hot_path_is_loaded_from() -> None:
    suffix = Path(slawatch.shard.__file__).suffix
    assert find_build() == {".py": INTERPRETED, ".so": COMPILED}[suffix]
