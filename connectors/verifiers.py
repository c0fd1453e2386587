"""The proofs that no description covers: each is what one vendor does alone.

They are used as a `Signature` is. All of them compare in constant time.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import orjson

from connectors.payload import Payload
from connectors.signature import TOLERANCE_SECONDS, Fault, find_time_fault, is_any_equal
from slawatch.errors import ConfigError

_MAX_FIELDS = 1_000
_DEFAULT_PORTS = {"https": 443, "http": 80}
_KEY_LETTERS = 43  # of an EncodingAESKey: 32 bytes in base64 without the last sign
_ENCRYPT = re.compile(rb"<Encrypt>\s*(?:<!\[CDATA\[)?([A-Za-z0-9+/=\s]+)(?:\]\]>)?\s*</Encrypt>")


@dataclass(frozen=True, slots=True)
class Twilio:
    """Verify HMAC-SHA1 over the public URL and the form's fields, or the body's hash in the URL.

    The intake's `public_url` must be the one that Twilio was told.
    """

    header: str = "x-twilio-signature"

    def find_fault(
        self,
        payload: Payload,
        secrets: Sequence[str],
        now_seconds: float,  # noqa: ARG002 - Twilio signs no time
        url: str = "",
    ) -> Fault:
        """Say what is wrong with the delivery's proof; each valid secret is tried."""
        said = payload.headers.get(self.header)
        if not said:
            return "missing"
        fields = b""
        if digest := payload.query.get("bodySHA256"):
            body_digest = hashlib.sha256(payload.body).hexdigest()
            if not hmac.compare_digest(body_digest.encode(), digest.lower().encode()):
                return "wrong"
        else:
            try:
                fields = _join_form(payload.body)
            except ValueError:
                return "malformed"
        expected = [
            base64.b64encode(hmac.new(secret.encode(), one.encode() + fields, "sha1").digest())
            for secret in secrets
            for one in _with_and_without_port(url)
        ]
        return "" if is_any_equal([said.encode()], expected) else "wrong"

    def check_secret(self, secret: str) -> None:
        """Take any auth token."""


def _join_form(body: bytes) -> bytes:
    """Join a form's names and values in the names' order; a name's values sorted, each once."""
    pairs = parse_qsl(
        body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict"
    )
    return "".join(name + value for name, value in sorted(set(pairs))).encode()


def _with_and_without_port(url: str) -> tuple[str, ...]:
    """Return the URL as Twilio's servers write it: some add the port, some drop it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    bare = host.partition(":")[0] if not host.startswith("[") else host.partition("]")[0] + "]"
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return tuple(
        urlunsplit(parts._replace(netloc=parts.netloc.replace(host, one)))
        for one in (bare, f"{bare}:{port}")
    )


@dataclass(frozen=True, slots=True)
class HubSpotLegacy:
    """Verify SHA-256 over the client secret and the body (v1), or the method, URL and body (v2)."""

    header: str = "x-hubspot-signature"
    version_header: str = "x-hubspot-signature-version"

    def find_fault(
        self,
        payload: Payload,
        secrets: Sequence[str],
        now_seconds: float,  # noqa: ARG002 - these versions sign no time
        url: str = "",
    ) -> Fault:
        """Say what is wrong with the delivery's proof; each valid secret is tried."""
        said = payload.headers.get(self.header)
        if not said:
            return "missing"
        match payload.headers.get(self.version_header):
            case "v1":
                signed = payload.body
            case "v2":
                signed = b"POST" + url.encode() + payload.body
            case _:
                return "malformed"
        expected = [
            hashlib.sha256(secret.encode() + signed).hexdigest().encode() for secret in secrets
        ]
        return "" if is_any_equal([said.lower().encode()], expected) else "wrong"

    def check_secret(self, secret: str) -> None:
        """Take any client secret."""


@dataclass(frozen=True, slots=True)
class Feishu:
    """Verify SHA-256 over time, nonce, encrypt key and body; the secret is the encrypt key."""

    def find_fault(
        self,
        payload: Payload,
        secrets: Sequence[str],
        now_seconds: float,
        url: str = "",  # noqa: ARG002 - Feishu signs no URL
    ) -> Fault:
        """Say what is wrong with the delivery's proof; each valid secret is tried."""
        said, timestamp, nonce = (
            payload.headers.get(f"x-lark-{name}", "")
            for name in ("signature", "request-timestamp", "request-nonce")
        )
        if not (said and timestamp and nonce):
            return "missing"
        if fault := find_time_fault(timestamp, "s", now_seconds):
            return fault
        head = (timestamp + nonce).encode()
        expected = [
            hashlib.sha256(head + secret.encode() + payload.body).hexdigest().encode()
            for secret in secrets
        ]
        return "" if is_any_equal([said.lower().encode()], expected) else "wrong"

    def check_secret(self, secret: str) -> None:
        """Take any encrypt key."""


@dataclass(frozen=True, slots=True)
class SortedSha1:
    """Verify SHA-1 over token, time, nonce and ciphertext, sorted: WeCom's and DingTalk's.

    A secret is "TOKEN:ENCODING_AES_KEY": the callback is signed with the one and enciphered with
    the other, and both are changed together. `split_secret` takes it apart.
    """

    find_ciphertext: Callable[[Payload], str | None]
    parameters: tuple[str, ...] = ("msg_signature",)
    timestamp_unit: Literal["s", "ms"] = "s"
    tolerance_seconds: int = TOLERANCE_SECONDS

    def find_fault(
        self,
        payload: Payload,
        secrets: Sequence[str],
        now_seconds: float,
        url: str = "",  # noqa: ARG002 - the callback signs no URL
    ) -> Fault:
        """Say what is wrong with the delivery's proof; each valid secret is tried."""
        query = payload.query
        said = next((query[name] for name in self.parameters if query.get(name)), "")
        timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
        if not (said and timestamp and nonce):
            return "missing"
        ciphertext = self.find_ciphertext(payload)
        if ciphertext is None:
            return "malformed"
        if fault := find_time_fault(
            timestamp, self.timestamp_unit, now_seconds, self.tolerance_seconds
        ):
            return fault
        expected = [
            hashlib.sha1(  # noqa: S324 - the vendor's choice
                "".join(sorted((split_secret(secret)[0], timestamp, nonce, ciphertext))).encode()
            )
            .hexdigest()
            .encode()
            for secret in secrets
        ]
        return "" if is_any_equal([said.lower().encode()], expected) else "wrong"

    def check_secret(self, secret: str) -> None:
        """Raise `ConfigError` where a secret is not a token and a key."""
        split_secret(secret)


def split_secret(secret: str) -> tuple[str, bytes]:
    """Return the token and the AES key (32 bytes) of "TOKEN:ENCODING_AES_KEY"."""
    token, _, letters = secret.partition(":")
    try:
        key = base64.b64decode(letters + "=", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not token or len(letters) != _KEY_LETTERS or len(key) != 32:  # noqa: PLR2004 - AES-256
        raise ConfigError(
            "the secret must be TOKEN:ENCODING_AES_KEY, the callback's token and its "
            f"{_KEY_LETTERS} letters of key with a colon between them"
        )
    return token, key


def find_xml_ciphertext(payload: Payload) -> str | None:
    """Return what WeCom has enciphered: the address check's `echostr`, or the body's `Encrypt`.

    `None` where there is not exactly one: what is verified must be what is opened.
    """
    found = _ENCRYPT.findall(payload.body)
    if not payload.body and "echostr" in payload.query:
        return payload.query["echostr"]
    return found[0].strip().decode() if len(found) == 1 else None


def find_json_ciphertext(payload: Payload) -> str | None:
    """Return what DingTalk has enciphered: the body's `encrypt`."""
    try:
        data = orjson.loads(payload.body)
    except orjson.JSONDecodeError:
        return None
    found = data.get("encrypt") if isinstance(data, dict) else None
    return found if isinstance(found, str) else None


TWILIO = Twilio()
HUBSPOT_LEGACY = HubSpotLegacy()
FEISHU = Feishu()
WECOM = SortedSha1(find_xml_ciphertext)
DINGTALK = SortedSha1(find_json_ciphertext, ("msg_signature", "signature"), "ms")
