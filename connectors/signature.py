"""Signatures as data: how a system proves that a delivery is its own."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from connectors.payload import Payload

Fault = Literal["", "missing", "malformed", "stale", "wrong"]
"""Why a delivery is not believed; empty where it is."""


class Verifier(Protocol):
    """Tell whether a delivery is the system's own, where data cannot say how (Twilio, WeCom)."""

    def find_fault(
        self, payload: Payload, secrets: Sequence[str], now_seconds: float, url: str = ""
    ) -> Fault:
        """Say what is wrong with the delivery's proof."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Describe an HMAC over the raw body.

    `header` and the other header names are lower-case. `template` says what is signed: `{body}`,
    `{timestamp}`, `{id}`, `{url}` and literal text. A header may hold several signatures,
    `separator` between them. `secret_prefix` is taken off a secret, which then is base64 where
    `secret_base64`. Where there is a timestamp it may be `tolerance_seconds` off.
    """

    header: str
    template: str = "{body}"
    algorithm: str = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    separator: str = ""
    timestamp_header: str = ""
    timestamp_unit: Literal["s", "ms", "rfc3339"] = "s"
    id_header: str = ""
    tolerance_seconds: int = 300
    secret_prefix: str = ""
    secret_base64: bool = False

    def find_fault(
        self, payload: Payload, secrets: Sequence[str], now_seconds: float, url: str = ""
    ) -> Fault:
        """Say what is wrong with the delivery's proof; each valid secret is tried."""
        said = payload.headers.get(self.header, "")
        timestamp = payload.headers.get(self.timestamp_header, "")
        if not said or (self.timestamp_header and not timestamp):
            return "missing"
        if self.timestamp_header:
            at = _parse_timestamp(timestamp, self.timestamp_unit)
            if at is None:
                return "malformed"
            if abs(now_seconds - at) > self.tolerance_seconds:
                return "stale"
        given = said.split(self.separator) if self.separator else [said]
        is_right = False
        for secret in secrets:
            expected = self.sign(payload, secret, url).encode()
            for one in given:  # all of them: the time it takes tells nothing
                is_right |= hmac.compare_digest(one.strip().encode(), expected)
        return "" if is_right else "wrong"

    def sign(self, payload: Payload, secret: str, url: str = "") -> str:
        """Return the header's value for a delivery (with its timestamp and id headers set)."""
        parts = {
            "timestamp": payload.headers.get(self.timestamp_header, "").encode(),
            "id": payload.headers.get(self.id_header, "").encode(),
            "url": url.encode(),
            "body": payload.body,
        }
        digest = hmac.new(self._key(secret), _fill(self.template, parts), self.algorithm).digest()
        text = digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode()
        return self.prefix + text

    def _key(self, secret: str) -> bytes:
        text = secret.removeprefix(self.secret_prefix)
        if not self.secret_base64:
            return text.encode()
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return hashlib.sha256(text.encode()).digest()  # signs nothing that anybody else signs


def _fill(template: str, parts: dict[str, bytes]) -> bytes:
    """Fill a template of bytes once: braces in the body mean nothing."""
    out = b""
    rest = template
    while rest:
        literal, brace, tail = rest.partition("{")
        out += literal.encode()
        name, _, rest = tail.partition("}")
        if brace:
            out += parts[name]
    return out


def _parse_timestamp(text: str, unit: str) -> float | None:
    try:
        if unit == "rfc3339":
            at = datetime.fromisoformat(text)
            return None if at.tzinfo is None else at.timestamp()
        return float(int(text)) / (1000 if unit == "ms" else 1)
    except (ValueError, OverflowError):
        return None
