"""Real signatures, published by vendors or in their SDKs' tests, read from beside the project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from connectors.payload import Payload

FILE = Path(__file__).parents[3] / "shared" / "payloads" / "signature_vectors.json"


def read_vector(system: str) -> dict[str, Any]:
    if not FILE.exists():
        pytest.skip(f"no real signatures at {FILE}")
    return next(one for one in json.loads(FILE.read_text()) if one["system"] == system)


def build_payload(vector: dict[str, Any]) -> Payload:
    """Build the delivery that a vector is about."""
    form = vector.get("form")
    pairs = form.items() if isinstance(form, dict) else form
    body = urlencode([tuple(pair) for pair in pairs]) if pairs else vector.get("body", "")
    query = vector.get("query") or dict(parse_qsl(urlsplit(vector.get("url", "")).query))
    headers = {name.lower(): value for name, value in vector.get("headers", {}).items()}
    return Payload(body.encode(), headers, query)
