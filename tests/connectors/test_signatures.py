from __future__ import annotations

import base64
import hmac

import pytest

from connectors import signatures
from connectors.payload import Payload
from connectors.signature import Signature
from slawatch.errors import ConfigError
from tests.connectors.vectors import build_payload, read_vector

REAL = {
    "github": (signatures.GITHUB, 0),
    "slack": (signatures.SLACK, 1_531_420_618),
    "standard-webhooks": (signatures.STANDARD_WEBHOOKS, 1_614_265_330),
}
EACH = pytest.mark.parametrize("system", REAL)


@EACH
def test_a_real_delivery_verifies(system: str) -> None:
    vector, (signature, now) = read_vector(system), REAL[system]
    assert signature.find_fault(build_payload(vector), [vector["secret"]], now) == ""


@EACH
def test_a_real_delivery_with_another_body_is_wrong(system: str) -> None:
    vector, (signature, now) = read_vector(system), REAL[system]
    payload = build_payload(vector)
    tampered = payload._replace(body=payload.body + b" ")
    assert signature.find_fault(tampered, [vector["secret"]], now) == "wrong"


@EACH
def test_another_secret_is_wrong(system: str) -> None:
    vector, (signature, now) = read_vector(system), REAL[system]
    other = vector["secret"][:-4] + "AAAA"
    assert signature.find_fault(build_payload(vector), [other], now) == "wrong"


@EACH
def test_either_of_two_secrets_verifies(system: str) -> None:
    vector, (signature, now) = read_vector(system), REAL[system]
    secrets = [vector["secret"][:-4] + "AAAA", vector["secret"]]
    assert signature.find_fault(build_payload(vector), secrets, now) == ""


@pytest.mark.parametrize("system", ["slack", "standard-webhooks"])
@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_timestamp_over_five_minutes_off_is_stale(system: str, seconds: int) -> None:
    vector, (signature, now) = read_vector(system), REAL[system]
    payload = build_payload(vector)
    assert signature.find_fault(payload, [vector["secret"]], now + seconds) == "stale"


def test_zendesks_older_order_of_body_and_timestamp_is_wrong() -> None:
    vector = read_vector("zendesk-legacy-order")
    now = 1_627_207_200  # 2021-07-25T10:00:00Z
    fault = signatures.ZENDESK.find_fault(build_payload(vector), [vector["secret"]], now)
    assert fault == "wrong"


def _hmac(key: bytes, text: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(key, text, algorithm).digest()


@pytest.mark.parametrize(
    ("signature", "headers"),
    [
        pytest.param(
            signatures.ZENDESK,
            {
                "x-zendesk-webhook-signature": base64.b64encode(
                    _hmac(b"key", b"2026-01-01T00:00:00Zbody")
                ).decode(),
                "x-zendesk-webhook-signature-timestamp": "2026-01-01T00:00:00Z",
            },
            id="zendesk",
        ),
        pytest.param(
            signatures.JIRA,
            {"x-hub-signature": "sha256=" + _hmac(b"key", b"body").hex()},
            id="jira",
        ),
        pytest.param(
            signatures.INTERCOM,
            {"x-hub-signature": "sha1=" + _hmac(b"key", b"body", "sha1").hex()},
            id="intercom",
        ),
        pytest.param(
            signatures.CHATWOOT,
            {
                "x-chatwoot-signature": "sha256=" + _hmac(b"key", b"1767225600.body").hex(),
                "x-chatwoot-timestamp": "1767225600",
            },
            id="chatwoot",
        ),
        pytest.param(
            signatures.WHATSAPP,
            {"x-hub-signature-256": "sha256=" + _hmac(b"key", b"body").hex()},
            id="whatsapp",
        ),
        pytest.param(
            signatures.HUBSPOT_V3,
            {
                "x-hubspot-signature-v3": base64.b64encode(
                    _hmac(b"key", b"POSThttps://desk.example/in/hubbody1767225600000")
                ).decode(),
                "x-hubspot-request-timestamp": "1767225600000",
            },
            id="hubspot",
        ),
        pytest.param(
            signatures.HELP_SCOUT,
            {
                "x-helpscout-signature": base64.b64encode(_hmac(b"key", b"body", "sha1")).decode(),
            },
            id="helpscout",
        ),
        pytest.param(
            signatures.TAWK,
            {"x-tawk-signature": _hmac(b"key", b"body", "sha1").hex()},
            id="tawk",
        ),
    ],
)
def test_what_a_vendors_page_describes_verifies_and_its_tampered_twin_does_not(
    signature: Signature, headers: dict[str, str]
) -> None:
    now, url = 1_767_225_600, "https://desk.example/in/hub"
    assert signature.find_fault(Payload(b"body", headers), ["key"], now, url) == ""
    assert signature.find_fault(Payload(b"Body", headers), ["key"], now, url) == "wrong"


def test_a_delivery_without_its_header_is_missing_one() -> None:
    assert signatures.GITHUB.find_fault(Payload(b"body"), ["key"], 0) == "missing"


def test_a_delivery_without_the_id_that_is_signed_is_missing_one() -> None:
    headers = {"webhook-signature": "v1,AA==", "webhook-timestamp": "0"}
    payload = Payload(b"body", headers)
    assert signatures.STANDARD_WEBHOOKS.find_fault(payload, ["whsec_AA=="], 0) == "missing"


@pytest.mark.parametrize("text", ["soon", "9" * 400, "9" * 5_000, "nan"])
def test_a_timestamp_that_is_none_is_malformed(text: str) -> None:
    headers = {"x-slack-signature": "v0=00", "x-slack-request-timestamp": text}
    assert signatures.SLACK.find_fault(Payload(b"", headers), ["key"], 0) == "malformed"


def test_a_time_without_an_offset_is_malformed() -> None:
    headers = {
        "x-zendesk-webhook-signature": "AA==",
        "x-zendesk-webhook-signature-timestamp": "2026-01-01T00:00:00",
    }
    assert signatures.ZENDESK.find_fault(Payload(b"", headers), ["key"], 0) == "malformed"


def test_hexadecimal_digits_may_be_capital_letters() -> None:
    said = "sha256=" + _hmac(b"key", b"body").hex().upper()
    headers = {"x-hub-signature-256": said}
    assert signatures.GITHUB.find_fault(Payload(b"body", headers), ["key"], 0) == ""


def test_any_of_several_signatures_in_one_header_verifies() -> None:
    key = b"a key of 24 bytes, ok..."
    right = base64.b64encode(_hmac(key, b"m.1767225600.body")).decode()
    headers = {
        "webhook-signature": f"v1a,AAAA v1,{right}",
        "webhook-id": "m",
        "webhook-timestamp": "1767225600",
    }
    secret = "whsec_" + base64.b64encode(key).decode()
    payload = Payload(b"body", headers)
    assert signatures.STANDARD_WEBHOOKS.find_fault(payload, [secret], 1_767_225_600) == ""


def test_braces_in_a_body_mean_nothing() -> None:
    body = b'{"a": "{body}{timestamp}"}'
    headers = {"x-hub-signature-256": "sha256=" + _hmac(b"key", body).hex()}
    assert signatures.GITHUB.find_fault(Payload(body, headers), ["key"], 0) == ""


def test_what_is_signed_verifies() -> None:
    headers = {"x-slack-request-timestamp": "100"}
    said = signatures.SLACK.sign(Payload(b"body", headers), "key")
    payload = Payload(b"body", {**headers, "x-slack-signature": said})
    assert signatures.SLACK.find_fault(payload, ["key"], 100) == ""


def test_a_secret_that_must_be_base64_and_is_not_is_refused_without_telling_it() -> None:
    with pytest.raises(ConfigError, match="must after 'whsec_' be base64") as caught:
        signatures.STANDARD_WEBHOOKS.check_secret("whsec_not base64!")
    assert "not base64!" not in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"template": "{sender}"}, r"template holds \{sender\}, may hold"),
        ({"template": "{timestamp}"}, "timestamp_header must be named"),
        ({"template": "{id}"}, "id_header must be named"),
        ({"algorithm": "sha257"}, "algorithm must be such as 'sha256', got 'sha257'"),
        ({"algorithm": "shake_128"}, "algorithm must be such as"),
    ],
)
def test_a_description_that_describes_nothing_is_refused(
    fields: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Signature("x-signature", **fields)  # type: ignore[arg-type]  # the fields are texts
