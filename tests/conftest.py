"""Options of the whole test run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no defect: examples are not timed.
settings.register_profile("slawatch", deadline=None)
settings.load_profile("slawatch")

SHARED_CASES = Path(__file__).resolve().parents[2] / "shared" / "cases"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let another folder of conformance cases be run."""
    parser.addoption(
        "--cases",
        metavar="DIR",
        type=Path,
        default=SHARED_CASES,
        help="folder of conformance cases (default: ../shared/cases beside the project)",
    )
