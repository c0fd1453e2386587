"""A digest of the rules: the same for the same rules, however the files spell them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import IntEnum
from hashlib import sha256
from typing import Any

from slawatch.calendars import Calendar
from slawatch.config_calendars import Versions
from slawatch.parsing import Vocabulary
from slawatch.policy import Rules, Source

_LENGTH = 16  # 64 bits: enough to tell one desk's versions apart, short enough for a label


def digest_rules(rules: Rules, vocabulary: Vocabulary, calendars: Mapping[str, Versions]) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of what a verdict depends on.

    Order counts where it decides (policies, targets), not elsewhere. Holidays are in it as the
    days that they came to, so a new edition of their package shows. Settings are not in it.
    """
    said = {
        "rules": _plain(rules),
        "channels": dict(vocabulary.channels),
        "priorities": dict(vocabulary.priorities),
        "calendars": _plain(calendars),
    }
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()[:_LENGTH]


def digest_sources(digest: str, sources: Mapping[str, Source]) -> str:
    """Return the digest of rules whose sources are these, where `digest` was that of the files."""
    text = json.dumps([digest, _plain(sources)], sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()[:_LENGTH]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any part of the rules
    match value:
        case Calendar() | IntEnum():
            plain: Any = value.name
        case Mapping():
            plain = {str(key): _plain(item) for key, item in value.items()}
        case frozenset():
            plain = sorted((_plain(item) for item in value), key=str)
        case list() | tuple():
            plain = [_plain(item) for item in value]
        case date():
            plain = value.isoformat()
        case _ if is_dataclass(value):
            plain = {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
        case _:
            plain = value
    return plain
