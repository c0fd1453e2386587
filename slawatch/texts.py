"""Every sentence that is shown to people, in English and Simplified Chinese, from one source.

A file of slawatch/translations holds the two forms of each text side by side, so that neither
can be forgotten. `{names}` in a text are filled by `str.format`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files

LANGUAGES = ("en", "zh")


def load_texts(area: str, language: str) -> Mapping[str, str]:
    """Return the texts of one area ("wall", "boards", "alerts") by key.

    Raises `KeyError` where a text lacks the language, `FileNotFoundError` for an unknown area.
    """
    file = files("slawatch") / "translations" / f"{area}.toml"
    entries = tomllib.loads(file.read_text("utf-8"))
    return {key: entry[language] for key, entry in entries.items()}
