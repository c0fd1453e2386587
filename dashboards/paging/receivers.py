"""How people are reached: the operator's own file of Alertmanager integrations."""

from __future__ import annotations

from pathlib import Path

import yaml

from dashboards.paging.routing import Receivers
from slawatch.errors import ConfigError


def read_receivers(path: Path) -> Receivers:
    """Return integrations by receiver. Raises `ConfigError`; what they hold Alertmanager checks."""
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except OSError as ex:
        raise ConfigError(f"receivers {str(path)!r} cannot be read: {ex.strerror}") from ex
    except (yaml.YAMLError, UnicodeDecodeError) as ex:
        raise ConfigError(f"receivers {str(path)!r} are no YAML: {ex}") from ex
    if not isinstance(found, dict) or not all(isinstance(v, dict) for v in found.values()):
        raise ConfigError(
            f"receivers {str(path)!r} must be a table of receivers, each with its integrations"
        )
    return {str(name): value for name, value in found.items()}
