from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.servers import require_newer, require_program

LINES: dict[str, Callable[[str], str]] = {"2.x": require_program, "3.x": require_newer}


@pytest.fixture(scope="session", params=LINES)
def promtool(request: pytest.FixtureRequest) -> str:
    """Be promtool of one line of Prometheus, then of the next."""
    return LINES[request.param]("promtool")
