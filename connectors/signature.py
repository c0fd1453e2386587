"""Signatures as data: how a system proves that a delivery is its own."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from connectors.payload import Payload
from slawatch.errors import ConfigError

Fault = Literal["", "missing", "malformed", "stale", "wrong"]
"""Why a delivery is not believed; empty where it is."""

TOLERANCE_SECONDS = 300
"""How far a signed timestamp may be off: what Slack, HubSpot and Standard Webhooks ask for."""

_FIELDS = frozenset(("body", "timestamp", "id", "url"))


class Verifier(Protocol):
    """Tell whether a delivery is the system's own, where data cannot say how (Twilio, WeCom).

    The payload that it is given has all headers and the whole query.
    """

    def find_fault(
        self, payload: Payload, secrets: Sequence[str], now_seconds: float, url: str = ""
    ) -> Fault:
        """Say what is wrong with the delivery's proof; each secret that is valid now is tried."""

    def check_secret(self, secret: str) -> None:
        """Raise `ConfigError` where a secret cannot be one, without telling it."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Describe an HMAC over the raw body.

    `header` and the other header names are lower-case. `template` says what is signed: `{body}`,
    `{timestamp}`, `{id}`, `{url}` and literal text. A header may hold several signatures,
    `separator` between them. `secret_prefix` is taken off a secret, which then is base64 where
    `secret_base64`. Where there is a timestamp it may be `tolerance_seconds` off.

    Raises `ConfigError` for a description that describes nothing.
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
    tolerance_seconds: int = TOLERANCE_SECONDS
    secret_prefix: str = ""
    secret_base64: bool = False

    def __post_init__(self) -> None:
        """Refuse a template or an algorithm that cannot be computed."""
        fields = _split(self.template)[1]
        if unknown := sorted(set(fields) - _FIELDS):
            names = ", ".join(f"{{{name}}}" for name in sorted(_FIELDS))
            raise ConfigError(f"template holds {{{unknown[0]}}}, may hold {names}")
        for field, header in (("timestamp", self.timestamp_header), ("id", self.id_header)):
            if field in fields and not header:
                raise ConfigError(f"template holds {{{field}}}: {field}_header must be named")
        if self.algorithm not in hashlib.algorithms_guaranteed or "shake" in self.algorithm:
            raise ConfigError(f"algorithm must be such as 'sha256', got {self.algorithm!r}")

    def find_fault(
        self, payload: Payload, secrets: Sequence[str], now_seconds: float, url: str = ""
    ) -> Fault:
        """Say what is wrong with the delivery's proof; each valid secret is tried."""
        needed = filter(None, (self.header, self.timestamp_header, self.id_header))
        if not all(payload.headers.get(name) for name in needed):
            return "missing"
        if self.timestamp_header and (
            fault := find_time_fault(
                payload.headers[self.timestamp_header],
                self.timestamp_unit,
                now_seconds,
                self.tolerance_seconds,
            )
        ):
            return fault
        said = payload.headers[self.header]
        given = [
            self._fold(one) for one in (said.split(self.separator) if self.separator else [said])
        ]
        expected = [self._fold(self.sign(payload, secret, url)) for secret in secrets]
        return "" if is_any_equal(given, expected) else "wrong"

    def sign(self, payload: Payload, secret: str, url: str = "") -> str:
        """Return the header's value for a delivery (with its timestamp and id headers set)."""
        digest = hmac.digest(self._key(secret), self._fill(payload, url), self.algorithm)
        text = digest.hex() if self.encoding == "hex" else base64.b64encode(digest).decode()
        return self.prefix + text

    def check_secret(self, secret: str) -> None:
        """Raise `ConfigError` where a secret must be base64 and is not."""
        try:
            self._key(secret)
        except (binascii.Error, ValueError):
            said = f"after {self.secret_prefix!r} " if self.secret_prefix else ""
            raise ConfigError(f"the secret must {said}be base64: copy it whole") from None

    def _fill(self, payload: Payload, url: str) -> bytes:
        """Return what is signed."""
        if self.template == "{body}":
            return payload.body
        parts = {
            "timestamp": payload.headers.get(self.timestamp_header, "").encode(),
            "id": payload.headers.get(self.id_header, "").encode(),
            "url": url.encode(),
            "body": payload.body,
        }
        return _fill(self.template, parts)

    def _key(self, secret: str) -> bytes:
        text = secret.removeprefix(self.secret_prefix)
        return base64.b64decode(text, validate=True) if self.secret_base64 else text.encode()

    def _fold(self, text: str) -> bytes:
        """Take either case of hexadecimal digits as the same."""
        return (text.strip().lower() if self.encoding == "hex" else text.strip()).encode()


def is_any_equal(given: Sequence[bytes], expected: Sequence[bytes]) -> bool:
    """Tell whether one of each is the same, in a time that does not tell which or how much."""
    is_right = False
    for one in expected:
        for other in given:
            is_right |= hmac.compare_digest(other, one)
    return is_right


def find_time_fault(
    text: str, unit: str, now_seconds: float, tolerance_seconds: float = TOLERANCE_SECONDS
) -> Literal["", "malformed", "stale"]:
    """Say what is wrong with a signed time: no time, or too far from now."""
    at = _parse_timestamp(text, unit)
    if at is None:
        return "malformed"
    return "stale" if abs(now_seconds - at) > tolerance_seconds else ""


def _fill(template: str, parts: Mapping[str, bytes]) -> bytes:
    """Fill a template of bytes once: braces in the body mean nothing."""
    literals, names = _split(template)
    out = bytearray(literals[0].encode())
    for name, literal in zip(names, literals[1:], strict=True):
        out += parts[name] + literal.encode()
    return bytes(out)


def _split(template: str) -> tuple[list[str], list[str]]:
    """Return a template's literal texts and the names between them."""
    literals, names = [], []
    literal, brace, rest = template.partition("{")
    while brace:
        literals.append(literal)
        name, _, rest = rest.partition("}")
        names.append(name)
        literal, brace, rest = rest.partition("{")
    return [*literals, literal], names


def _parse_timestamp(text: str, unit: str) -> float | None:
    try:
        if unit == "rfc3339":
            at = datetime.fromisoformat(text)
            return None if at.tzinfo is None else at.timestamp()
        return int(text) / (1000 if unit == "ms" else 1)
    except (ValueError, OverflowError):
        return None
