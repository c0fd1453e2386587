from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from connectors import signatures, verifiers
from connectors.auth import Auth, Call, build_auth, is_loopback
from connectors.connector import Push
from connectors.payload import Payload
from connectors.signature import Signature
from slawatch.errors import ConfigError

PUSH = Push()


@pytest.fixture
def secret(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "secret"
    path.write_text("older\nname:pass word\n")
    return {"secret_file": str(path)}


def build(table: dict[str, Any], push: Push = PUSH, host: str = "127.0.0.1") -> Auth:
    return build_auth("desk", table, push, host=host)


def fault(auth: Auth, headers: dict[str, str] | None = None, **query: str) -> str:
    return auth.find_fault(Call(Payload(b"", headers or {}, query)), 0)


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Bearer name:pass word", ""),
        ("bearer older", ""),
        ("Bearer newer", "wrong"),
        ("Bearer ", "wrong"),
        ("Basic older", "malformed"),
        ("", "missing"),
    ],
)
def test_a_bearer_token_is_any_of_the_secrets(
    secret: dict[str, str], said: str, found: str
) -> None:
    auth = build({"scheme": "bearer", **secret})
    assert fault(auth, {"authorization": said}) == found


@pytest.mark.parametrize(
    ("said", "found"),
    [
        pytest.param(base64.b64encode(b"name:pass word").decode(), "", id="right"),
        pytest.param(base64.b64encode(b"name:password").decode(), "wrong", id="wrong"),
        pytest.param("!", "malformed", id="not base64"),
        pytest.param("/w==", "malformed", id="not UTF-8"),
    ],
)
def test_basic_is_a_name_and_a_password(tmp_path: Path, said: str, found: str) -> None:
    path = tmp_path / "pair"
    path.write_text("name:pass word")
    auth = build({"scheme": "basic", "secret_file": str(path)})
    assert fault(auth, {"authorization": f"Basic {said}"}) == found


def test_a_token_stands_in_a_header(secret: dict[str, str]) -> None:
    auth = build({"scheme": "token", "header": "X-Gitlab-Token", **secret})
    assert fault(auth, {"x-gitlab-token": "older"}) == ""
    assert fault(auth, {"x-gitlab-token": "oldest"}) == "wrong"
    assert fault(auth) == "missing"


def test_a_token_stands_in_the_query(secret: dict[str, str]) -> None:
    auth = build({"scheme": "token", "query": "key", **secret})
    assert fault(auth, key="older") == ""
    assert fault(auth, key="oldest") == "wrong"
    assert fault(auth, {"key": "older"}) == "missing"


@pytest.mark.parametrize(
    ("names", "found"),
    [({"desk.example"}, ""), ({"other.example"}, "wrong"), (set(), "missing")],
)
def test_a_client_certificate_must_bear_one_of_the_names(names: set[str], found: str) -> None:
    table = {"scheme": "mtls", "names": ["desk.example", "desk2.example"]}
    auth = build_auth("desk", table, PUSH, has_client_ca=True)
    assert auth.find_fault(Call(Payload(b""), "", frozenset(names)), 0) == found


def test_the_connectors_signature_is_the_default(secret: dict[str, str]) -> None:
    auth = build(secret, Push(signature=signatures.GITHUB))
    assert auth.scheme == "signature"
    said = signatures.GITHUB.sign(Payload(b""), "older")
    assert fault(auth, {"x-hub-signature-256": said}) == ""


def test_what_the_table_says_beats_the_connectors_signature(secret: dict[str, str]) -> None:
    auth = build({"header": "X-Own", **secret}, Push(signature=signatures.GITHUB))
    said = signatures.GITHUB.sign(Payload(b""), "older")
    assert fault(auth, {"x-own": said}) == ""


def test_a_signature_is_described_where_the_connector_has_none(secret: dict[str, str]) -> None:
    table = {"scheme": "signature", "header": "X-Own", "algorithm": "sha512", **secret}
    auth = build(table)
    said = Signature("x-own", algorithm="sha512").sign(Payload(b""), "older")
    assert fault(auth, {"x-own": said}) == ""
    assert fault(auth, {"x-own": said[:-1]}) == "wrong"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({}, "auth.scheme: must say how desk proves itself"),
        ({"scheme": "signatur"}, "did you mean 'signature'"),
        ({"scheme": "none", "secret": "hidden"}, "auth.secret: is no key of scheme 'none'"),
        ({"scheme": "bearer"}, "auth.secret_file: must name the file with the secret"),
        ({"scheme": "bearer", "secret_file": 5}, "auth.secret_file: must be text, got 5"),
        ({"scheme": "bearer", "secret_file": "/nowhere"}, "'/nowhere' cannot be read"),
        ({"scheme": "bearer", "secret_env": "SLAWATCH_NO"}, "'SLAWATCH_NO' is not set"),
        ({"scheme": "token"}, "auth.header: either header or query"),
        ({"scheme": "token", "header": "a", "query": "b"}, "either header or query"),
        ({"scheme": "mtls", "names": "a"}, "auth.scheme: 'mtls' needs intake.client_ca"),
        ({"scheme": "mtls"}, "auth.names: must be text, got None"),
        ({"scheme": "signature"}, "auth.header: must name the header"),
        ({"scheme": "signature", "header": "a", "encoding": "hexa"}, "must be 'hex' or 'base64'"),
        ({"scheme": "signature", "header": "a", "tolerance_seconds": "5"}, "a whole number"),
        ({"scheme": "signature", "header": "a", "template": "{x}"}, "auth.template: template"),
        ({"scheme": "signature", "header": "a", "algorithm": "x"}, "auth.algorithm: algorithm"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_key(
    table: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=r"sources\.desk\.auth") as caught:
        build(table)
    assert message in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_fixed_signature_cannot_be_described(secret: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"auth\.header: cannot be set"):
        build({"header": "a", **secret}, Push(signature=verifiers.TWILIO))


def test_a_secret_that_cannot_be_one_stops_the_start_without_being_told(
    secret: dict[str, str],
) -> None:
    with pytest.raises(ConfigError, match="must be TOKEN:ENCODING_AES_KEY") as caught:
        build(secret, Push(signature=verifiers.WECOM))
    assert "older" not in str(caught.value)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "desk.example"])  # noqa: S104 - refused
def test_no_proof_at_all_is_for_loopback_alone(host: str) -> None:
    with pytest.raises(ConfigError, match="'none' takes deliveries from anybody"):
        build({"scheme": "none"}, host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_is_known(host: str) -> None:
    assert is_loopback(host)
    assert fault(build({"scheme": "none"}, host=host)) == ""
