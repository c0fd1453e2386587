"""How a source proves itself, as `[sources.NAME.auth]` says: a signature, or something simpler."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from connectors.connector import Push, Secrets
from connectors.payload import Payload
from connectors.secret_store import SecretStore
from connectors.signature import Fault, Signature, Verifier, is_any_equal
from slawatch.config_values import hint
from slawatch.errors import ConfigError, Problem

SCHEMES = ("signature", "bearer", "token", "basic", "mtls", "none")

_SECRETS = frozenset(("secret_file", "secret_files", "secret_env"))
_SIGNATURE = frozenset(field.name for field in fields(Signature))
_KEYS: Mapping[str, frozenset[str]] = {
    "signature": _SECRETS | _SIGNATURE,
    "bearer": _SECRETS,
    "token": _SECRETS | {"header", "query"},
    "basic": _SECRETS,
    "mtls": frozenset(("names",)),
    "none": frozenset(),
}
_SHARED = frozenset(("scheme", "rate"))


class Call(NamedTuple):
    """Be what is asked of us. `client_names` are those of a certificate that was verified."""

    payload: Payload
    url: str = ""
    client_names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Token:
    """Verify a fixed word: in a header, behind `word` if there is one, or in the query."""

    header: str = ""
    query: str = ""
    word: str = ""

    def find_fault(
        self,
        payload: Payload,
        secrets: Sequence[str],
        now_seconds: float,  # noqa: ARG002 - a word is no proof of a time
        url: str = "",  # noqa: ARG002 - nor of an address
    ) -> Fault:
        """Say what is wrong with the delivery's proof; each valid secret is tried."""
        if self.query:
            said = payload.query.get(self.query, "")
        else:
            said = payload.headers.get(self.header, "")
        if not said:
            return "missing"
        if self.word:
            word, _, said = said.partition(" ")
            if word.lower() != self.word:
                return "malformed"
        return _compare(said.strip(), secrets)

    def check_secret(self, secret: str) -> None:
        """Take any word."""


@dataclass(frozen=True, slots=True)
class Basic:
    """Verify a name and a password; a secret is "NAME:PASSWORD"."""

    def find_fault(
        self,
        payload: Payload,
        secrets: Sequence[str],
        now_seconds: float,  # noqa: ARG002 - a password is no proof of a time
        url: str = "",  # noqa: ARG002 - nor of an address
    ) -> Fault:
        """Say what is wrong with the delivery's proof; each valid secret is tried."""
        if not (said := payload.headers.get("authorization", "")):
            return "missing"
        word, _, letters = said.partition(" ")
        try:
            pair = base64.b64decode(letters.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            return "malformed"
        return _compare(pair, secrets) if word.lower() == "basic" else "malformed"

    def check_secret(self, secret: str) -> None:
        """Raise `ConfigError` for a secret that is no pair."""
        if ":" not in secret:
            raise ConfigError("the secret must be NAME:PASSWORD, a colon between them")


def _compare(said: str, secrets: Sequence[str]) -> Fault:
    right = is_any_equal([said.encode()], [secret.encode() for secret in secrets])
    return "" if right else "wrong"


class Auth:
    """Tell whether calls are a source's own."""

    def __init__(
        self,
        scheme: str,
        verifier: Verifier | None = None,
        store: SecretStore | None = None,
        names: frozenset[str] = frozenset(),
    ) -> None:
        """Take the scheme's name and what it needs."""
        self.scheme = scheme
        self.needs_body = scheme == "signature"
        self._verifier = verifier
        self._store = store
        self._names = names

    def secrets(self) -> Secrets:
        """Return every secret that is valid now."""
        return () if self._store is None else self._store.read()

    def find_fault(self, call: Call, now_seconds: float) -> Fault:
        """Say what is wrong with a call's proof. The body matters only where `needs_body`."""
        if self._verifier is not None:
            payload, url, _ = call
            return self._verifier.find_fault(payload, self.secrets(), now_seconds, url)
        if self.scheme == "mtls":
            if not call.client_names:
                return "missing"
            return "" if not self._names.isdisjoint(call.client_names) else "wrong"
        return ""


def build_auth(
    source: str,
    table: Mapping[str, Any],
    push: Push,
    *,
    host: str = "127.0.0.1",
    has_client_ca: bool = False,
) -> Auth:
    """Build what `[sources.SOURCE.auth]` describes.

    Raises `ConfigError`, with its key, for what is unknown, missing or weaker than where the
    receiver listens allows.
    """
    complain = _complainer(f"sources.{source}.auth")
    scheme = table.get("scheme", "signature" if push.signature else "")
    if scheme not in SCHEMES:
        raise complain("scheme", f"must say how {source} proves itself{hint(scheme, SCHEMES)}")
    allowed = _KEYS[scheme] | _SHARED
    for key in table:
        if key not in allowed:
            raise complain(key, f"is no key of scheme {scheme!r}{hint(key, sorted(allowed))}")
    match scheme:
        case "none":
            if not is_loopback(host):
                message = (
                    f"'none' takes deliveries from anybody who reaches {host!r}: choose another "
                    "scheme, or let intake.host be '127.0.0.1'"
                )
                raise complain("scheme", message)
            return Auth(scheme)
        case "mtls":
            names = _texts(table.get("names"), complain, "names")
            if not has_client_ca:
                raise complain("scheme", "'mtls' needs intake.client_ca, and intake.tls_key")
            return Auth(scheme, names=frozenset(names))
        case _:
            verifier = _build_verifier(scheme, table, push, complain)
            return Auth(scheme, verifier, _build_store(table, verifier.check_secret, complain))


def open_secrets(source: str, table: Mapping[str, Any]) -> Secrets:
    """Return the secrets that a source's `auth` names for what is fetched, none where none are.

    Raises `ConfigError`.
    """
    if _SECRETS.isdisjoint(table):
        return ()
    complain = _complainer(f"sources.{source}.auth")
    return _build_store(table, lambda _: None, complain).read()


Complain = Callable[[str, str], ConfigError]


def _complainer(place: str) -> Complain:
    return lambda key, message: ConfigError([Problem("", f"{place}.{key}", message)])


def _build_verifier(
    scheme: str, table: Mapping[str, Any], push: Push, complain: Complain
) -> Verifier:
    if scheme == "basic":
        return Basic()
    if scheme == "bearer":
        return Token(header="authorization", word="bearer")
    if scheme == "token":
        places = {
            key: _text(table[key], complain, key) for key in ("header", "query") if key in table
        }
        if len(places) != 1:
            raise complain("header", "either header or query must say where the token is")
        return Token(header=places.get("header", "").lower(), query=places.get("query", ""))
    return _build_signature(table, push, complain)


def _build_signature(table: Mapping[str, Any], push: Push, complain: Complain) -> Verifier:
    """Take the connector's own signature, with what the table says otherwise, or the table's."""
    said = {key: table[key] for key in table if key in _SIGNATURE}
    own = push.signature
    if own is not None and not said:
        return own
    if own is not None and not isinstance(own, Signature):
        raise complain(min(said), "cannot be set: this system's signature is fixed")
    if own is None and "header" not in said:
        raise complain("header", "must name the header that holds the signature")
    defaults = own if isinstance(own, Signature) else Signature("x-signature")
    for key, value in said.items():
        _check_field(key, value, type(getattr(defaults, key)), complain)
    for key in _HEADERS & said.keys():
        said[key] = said[key].lower()
    try:
        return replace(defaults, **said)
    except ConfigError as ex:
        raise complain("template" if "template" in str(ex) else "algorithm", str(ex)) from ex


def _check_field(key: str, value: object, kind: type, complain: Complain) -> None:
    if type(value) is not kind:
        raise complain(key, f"must be {_KINDS[kind]}, got {value!r}")
    if value not in _CHOICES.get(key, (value,)):
        choices = " or ".join(map(repr, _CHOICES[key]))
        raise complain(key, f"must be {choices}, got {value!r}")


_HEADERS = frozenset(("header", "timestamp_header", "id_header"))
_KINDS = {str: "text", int: "a whole number", bool: "true or false"}
_CHOICES = {"encoding": ("hex", "base64"), "timestamp_unit": ("s", "ms", "rfc3339")}


def _build_store(
    table: Mapping[str, Any], check: Callable[[str], None], complain: Complain
) -> SecretStore:
    files = [
        *_texts(table.get("secret_file", []), complain, "secret_file"),
        *_texts(table.get("secret_files", []), complain, "secret_files"),
    ]
    variables = _texts(table.get("secret_env", []), complain, "secret_env")
    if not files and not variables:
        raise complain(
            "secret_file", "must name the file with the secret, or secret_env a variable"
        )
    try:
        return SecretStore(list(map(Path, files)), variables, check)
    except ConfigError as ex:
        raise complain("secret_file" if files else "secret_env", str(ex)) from ex


def _text(value: object, complain: Complain, key: str) -> str:
    if not isinstance(value, str) or not value:
        raise complain(key, f"must be text, got {value!r}")
    return value


def _texts(value: object, complain: Complain, key: str) -> list[str]:
    """Read one text or several."""
    several: Iterable[object] = value if isinstance(value, list) else [value]
    return [_text(one, complain, key) for one in several]


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
