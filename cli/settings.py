"""What several commands agree on."""

from __future__ import annotations

from pathlib import Path

DEFAULT_STATE = Path(".slawatch")
"""The state folder where none is named: in the working directory."""
