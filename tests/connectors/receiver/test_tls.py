from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.receiver.server import HttpReceiver, TlsFiles, build_tls
from slawatch.errors import ConfigError
from tests.connectors.receiver.certificates import Authority
from tests.connectors.receiver.desk import (
    PLAIN,
    QUICK,
    WAIT_SECONDS,
    Running,
    build_inlet,
    receiving,
)

# A handshake of a busy machine takes its time.
PATIENT = replace(QUICK, header_seconds=2.0)
MTLS = {"scheme": "mtls", "names": ["portal.example"]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def running(tmp_path: Path, authority: Authority) -> Iterator[Running]:
    certificate, key = authority.issue("localhost")
    files = TlsFiles(certificate, key, authority.certificate)
    inlet = build_inlet(PLAIN, MTLS, has_client_ca=True)
    with receiving(tmp_path, inlet, limits=PATIENT, tls=files) as running:
        yield running


def post(running: Running, context: ssl.SSLContext) -> int:
    connection = http.client.HTTPSConnection(
        "localhost", running.address[1], timeout=WAIT_SECONDS, context=context
    )
    try:
        connection.request("POST", "/in/plain", b"{}")
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_client_with_a_certificate_of_the_right_name_is_believed(
    running: Running, authority: Authority
) -> None:
    context = ssl.create_default_context(cafile=authority.certificate)
    context.load_cert_chain(*authority.issue("portal.example"))
    assert post(running, context) == 200


def test_a_client_without_a_certificate_is_401(running: Running, authority: Authority) -> None:
    assert post(running, ssl.create_default_context(cafile=authority.certificate)) == 401
    assert running.count("auth_missing") == 1


def test_a_client_of_another_name_is_401(running: Running, authority: Authority) -> None:
    context = ssl.create_default_context(cafile=authority.certificate)
    context.load_cert_chain(*authority.issue("other.example"))
    assert post(running, context) == 401
    assert running.count("auth_wrong") == 1


def test_a_certificate_of_another_authority_ends_in_the_handshake(
    running: Running, authority: Authority, tmp_path: Path
) -> None:
    context = ssl.create_default_context(cafile=authority.certificate)
    context.load_cert_chain(*Authority(tmp_path).issue("portal.example"))
    with pytest.raises((ssl.SSLError, ConnectionError)):
        post(running, context)
    assert running.records() == []


def test_a_handshake_that_does_not_come_is_ended(running: Running) -> None:
    with running.connect() as client:
        assert client.recv(100) == b""


def serial(address: tuple[str, int], authority: Authority) -> str:
    context = ssl.create_default_context(cafile=authority.certificate)
    with (
        socket.create_connection(address, WAIT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as client,
    ):
        return str((client.getpeercert() or {})["serialNumber"])


def test_a_renewed_certificate_is_taken_up(running: Running, authority: Authority) -> None:
    before = serial(running.address, authority)
    authority.issue("localhost")
    running.wait_for(lambda: serial(running.address, authority) != before)


def test_a_half_renewed_certificate_leaves_the_old_one(
    running: Running, authority: Authority
) -> None:
    before = serial(running.address, authority)
    certificate, _ = authority.issue("localhost")
    _, other_key = authority.issue("other.example")
    other_key.replace(certificate.with_suffix(".key"))
    assert [serial(running.address, authority) for _ in range(2)] == [before, before]


def test_a_certificate_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"intake\.tls_certificate: .*cannot be used for TLS"):
        build_tls(TlsFiles(tmp_path / "none", tmp_path / "none"))


def test_a_key_of_another_certificate_stops_the_start(authority: Authority) -> None:
    certificate, _ = authority.issue("localhost")
    _, key = authority.issue("other.example")
    with pytest.raises(ConfigError, match="cannot be used for TLS"):
        build_tls(TlsFiles(certificate, key))


def test_the_address_says_that_it_is_secure(authority: Authority) -> None:
    receiver = HttpReceiver({}, port=0, tls=TlsFiles(*authority.issue("localhost")))
    assert receiver.url == f"https://127.0.0.1:{receiver.port}"
    receiver.close()
