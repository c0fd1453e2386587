"""Configuration files in memory, for tests."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from slawatch.config import Config, load_config
from slawatch.errors import ConfigError
from slawatch.policy import Policy

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
SECOND_US = 1_000_000


def write(folder: Path, text: str, name: str = "desk.toml") -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.write_text(dedent(text))
    return path


def load(folder: Path, text: str, *, shipped: bool = True) -> Config:
    """Load one file."""
    return load_config([write(folder, text)], shipped=shipped)


def complain(folder: Path, text: str, *, shipped: bool = True) -> dict[str, str]:
    """Return the messages by key that a wrong file gets."""
    with pytest.raises(ConfigError) as raised:
        load(folder, text, shipped=shipped)
    return {problem.key: problem.message for problem in raised.value.problems}


def pick(config: Config, name: str) -> list[Policy]:
    """Return the engine's policies of one written policy."""
    return [policy for policy in config.rules.policies if policy.name == name]
