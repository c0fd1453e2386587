"""The kit for pytest: `pytest --connector NAME [--connector-folder DIR] [--connector-fuzz N]`.

Without `--connector` it does nothing. Each check of a connector is a test of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from connectors.kit.checks import Check
    from connectors.kit.subject import Subject


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the kit's options."""
    group = parser.getgroup("slawatch", "slawatch connectors")
    group.addoption(
        "--connector", action="append", default=[], help="Check this connector; `all` for every one"
    )
    group.addoption(
        "--connector-folder", action="append", default=[], help="Look in this folder as well"
    )
    group.addoption(
        "--connector-fuzz", type=int, default=0, help="How many bodies to break (300 by default)"
    )


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a test for each check of the connectors that were asked for."""
    names = config.getoption("--connector")
    if names:
        items += _build_items(session, config, names)


def _build_items(
    session: pytest.Session, config: pytest.Config, names: list[str]
) -> Iterator[pytest.Item]:
    # Here, as pytest loads the plugin in every run of an environment that has slawatch.
    from connectors.kit.checks import CHECKS  # noqa: PLC0415
    from connectors.kit.subject import FUZZ_COUNT, load_subject  # noqa: PLC0415
    from connectors.registry import load_registry  # noqa: PLC0415

    registry = load_registry([Path(folder) for folder in config.getoption("--connector-folder")])
    fuzz_count = config.getoption("--connector-fuzz") or FUZZ_COUNT
    for name in registry.names() if "all" in names else names:
        subject = load_subject(registry, name, fuzz_count=fuzz_count)
        for check in CHECKS:
            yield CheckItem.from_parent(
                session, name=f"{name}: {check.name}", subject=subject, check=check
            )


class CheckItem(pytest.Item):
    """Be one check of one connector."""

    def __init__(self, *, subject: Subject, check: Check, **rest: Any) -> None:  # noqa: ANN401 - pytest's own
        """Take what to check."""
        super().__init__(**rest)
        self._subject = subject
        self._check = check

    def runtest(self) -> None:
        """Run the check."""
        if not self._check.applies(self._subject):
            pytest.skip("there is nothing to look at")
        problems = list(self._check.run(self._subject))
        if problems:
            raise CheckFailedError("\n".join(problems))

    def repr_failure(  # type: ignore[override]  # a plain text, as pytest's own items may return
        self, excinfo: pytest.ExceptionInfo[BaseException]
    ) -> str:
        """Tell what is wrong, why it matters, and how to mend it."""
        if not isinstance(excinfo.value, CheckFailedError):
            return str(super().repr_failure(excinfo))
        return f"{excinfo.value}\nwhy: {self._check.why}\ncure: {self._check.cure}"

    def reportinfo(self) -> tuple[Path, None, str]:
        """Say where the connector lies."""
        return self._subject.folder, None, self.name


class CheckFailedError(Exception):
    """Say what a check found."""
