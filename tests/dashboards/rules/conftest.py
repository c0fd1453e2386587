from __future__ import annotations

import pytest

from tests.dashboards.rules.promtool import tools


@pytest.fixture(params=tools("promtool") or [""], ids=str)
def promtool(request: pytest.FixtureRequest) -> str:
    """Be each promtool that is installed, one after another."""
    if not request.param:
        pytest.skip("promtool is not installed: Debian has it in the package prometheus")
    return str(request.param)
