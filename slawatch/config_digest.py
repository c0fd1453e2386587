"""A digest of the rules: the same for the same rules, however the files spell them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from enum import Enum
from hashlib import sha256
from typing import Any

from slawatch.calendars import Calendar
from slawatch.parsing import Vocabulary
from slawatch.policy import Rules

_LENGTH = 16  # 64 bits: enough to tell the versions of one desk apart, short enough for a label
