from __future__ import annotations

import hashlib
from typing import Any

import pytest

from connectors import verifiers
from connectors.payload import Payload
from slawatch.errors import ConfigError
from tests.connectors.vectors import build_payload, read_vector

KEY = "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR"
EACH_TWILIO = pytest.mark.parametrize(
    "system", ["twilio-form", "twilio-json", "twilio-form-duplicates"]
)
EACH_WECOM = pytest.mark.parametrize(
    "system",
    [
        "wecom-verify-url",
        "wecom-callback",
        "wecom-official-verify-url",
        "wecom-official-verify-url-2",
    ],
)


@EACH_TWILIO
def test_a_real_delivery_of_twilio_verifies(system: str) -> None:
    vector = read_vector(system)
    payload, url = build_payload(vector), vector["url"]
    assert verifiers.TWILIO.find_fault(payload, ["older", vector["secret"]], 0, url) == ""


@EACH_TWILIO
def test_a_real_delivery_of_twilio_with_another_body_is_wrong(system: str) -> None:
    vector = read_vector(system)
    payload = build_payload(vector)
    tampered = payload._replace(body=payload.body + b"0")
    fault = verifiers.TWILIO.find_fault(tampered, [vector["secret"]], 0, vector["url"])
    assert fault == "wrong"


@EACH_TWILIO
def test_twilios_signature_holds_for_its_own_address_alone(system: str) -> None:
    vector = read_vector(system)
    url = vector["url"].replace("mycompany", "yourcompany")
    fault = verifiers.TWILIO.find_fault(build_payload(vector), [vector["secret"]], 0, url)
    assert fault == "wrong"


def test_twilio_may_or_may_not_have_signed_the_port() -> None:
    vector = read_vector("twilio-form")
    url = vector["url"].replace(".com/", ".com:443/")
    payload = build_payload(vector)
    assert verifiers.TWILIO.find_fault(payload, [vector["secret"]], 0, url) == ""


def test_a_form_that_is_not_utf8_is_malformed() -> None:
    payload = Payload(b"a=\xff", {"x-twilio-signature": "AA=="})
    assert verifiers.TWILIO.find_fault(payload, ["s"], 0, "https://a.example/") == "malformed"


def test_a_call_without_twilios_header_is_missing_one() -> None:
    assert verifiers.TWILIO.find_fault(Payload(b""), ["s"], 0, "") == "missing"


# legacydocs.hubspot.com/docs/faq/v2-request-validation
V2_BODY = b'{"example_field":"example_value"}'
V2_URL = "https://www.example.com/webhook_uri"
V2_SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"  # noqa: S105 - that of the page
V2_HEADERS = {
    "x-hubspot-signature": "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900",
    "x-hubspot-signature-version": "v2",
}


@pytest.mark.parametrize(
    ("body", "url", "fault"),
    [
        pytest.param(V2_BODY, V2_URL, "", id="real"),
        pytest.param(V2_BODY + b" ", V2_URL, "wrong", id="another body"),
        pytest.param(V2_BODY, V2_URL + "/", "wrong", id="another address"),
    ],
)
def test_hubspots_second_version_covers_body_and_address(body: bytes, url: str, fault: str) -> None:
    payload = Payload(body, V2_HEADERS)
    assert verifiers.HUBSPOT_LEGACY.find_fault(payload, [V2_SECRET], 0, url) == fault


def test_hubspots_first_version_covers_secret_and_body() -> None:
    digest = hashlib.sha256(b"secret[{}]").hexdigest()
    headers = {"x-hubspot-signature": digest, "x-hubspot-signature-version": "v1"}
    assert verifiers.HUBSPOT_LEGACY.find_fault(Payload(b"[{}]", headers), ["secret"], 0) == ""


def test_a_version_of_hubspots_signature_that_is_unknown_is_malformed() -> None:
    headers = {**V2_HEADERS, "x-hubspot-signature-version": "v9"}
    fault = verifiers.HUBSPOT_LEGACY.find_fault(Payload(b"", headers), ["s"], 0)
    assert fault == "malformed"


def _feishu(body: bytes, **headers: str) -> Payload:
    said = {
        "x-lark-request-timestamp": "1767225600",
        "x-lark-request-nonce": "n",
        "x-lark-signature": hashlib.sha256(b"1767225600nkeybody").hexdigest(),
    }
    return Payload(body, {**said, **headers})


@pytest.mark.parametrize(
    ("body", "now", "fault"),
    [
        pytest.param(b"body", 1_767_225_600, "", id="as signed"),
        pytest.param(b"body", 1_767_225_901, "stale", id="five minutes late"),
        pytest.param(b"Body", 1_767_225_600, "wrong", id="another body"),
    ],
)
def test_feishu_signs_time_nonce_key_and_body(body: bytes, now: float, fault: str) -> None:
    assert verifiers.FEISHU.find_fault(_feishu(body), ["old", "key"], now) == fault


def _wecom(vector: dict[str, Any]) -> tuple[Payload, list[str], float]:
    secret = f"{vector['token']}:{vector['encoding_aes_key']}"
    return build_payload(vector), [secret], float(vector["query"]["timestamp"])


@EACH_WECOM
def test_a_real_callback_of_wecom_verifies(system: str) -> None:
    payload, secrets, now = _wecom(read_vector(system))
    assert verifiers.WECOM.find_fault(payload, [f"other:{KEY}", *secrets], now) == ""


@EACH_WECOM
def test_a_real_callback_of_wecom_with_another_ciphertext_is_wrong(system: str) -> None:
    payload, secrets, now = _wecom(read_vector(system))
    query = {name: value.replace("echostr", "") for name, value in payload.query.items()}
    query["nonce"] += "0"
    tampered = payload._replace(query=query)
    assert verifiers.WECOM.find_fault(tampered, secrets, now) == "wrong"


def test_a_callback_whose_ciphertext_was_changed_is_wrong() -> None:
    payload, secrets, now = _wecom(read_vector("wecom-callback"))
    tampered = payload._replace(body=payload.body.replace(b"RgqEoJj5", b"RgqEoJj6"))
    assert verifiers.WECOM.find_fault(tampered, secrets, now) == "wrong"


def test_an_old_callback_of_wecom_is_stale() -> None:
    payload, secrets, now = _wecom(read_vector("wecom-callback"))
    assert verifiers.WECOM.find_fault(payload, secrets, now + 301) == "stale"


def test_two_ciphertexts_in_one_callback_are_malformed() -> None:
    payload, secrets, now = _wecom(read_vector("wecom-callback"))
    doubled = payload._replace(body=payload.body * 2)
    assert verifiers.WECOM.find_fault(doubled, secrets, now) == "malformed"


def test_a_callback_without_its_query_is_missing_it() -> None:
    assert verifiers.WECOM.find_fault(Payload(b"<xml/>"), [f"t:{KEY}"], 0) == "missing"


def test_dingtalk_signs_the_same_parts_in_milliseconds() -> None:
    # A time, then words in the order of their letters.
    query = {
        "signature": hashlib.sha1(b"1767225600000ciphernoncetoken").hexdigest(),  # noqa: S324 - DingTalk's
        "timestamp": "1767225600000",
        "nonce": "nonce",
    }
    payload = Payload(b'{"encrypt": "cipher"}', {}, query)
    assert verifiers.DINGTALK.find_fault(payload, [f"token:{KEY}"], 1_767_225_600) == ""


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"encrypt": 1}'])
def test_a_callback_of_dingtalk_without_ciphertext_is_malformed(body: bytes) -> None:
    query = {"signature": "0", "timestamp": "0", "nonce": "n"}
    payload = Payload(body, {}, query)
    assert verifiers.DINGTALK.find_fault(payload, [f"token:{KEY}"], 0) == "malformed"


def test_a_secret_of_wecom_is_a_token_and_a_key() -> None:
    token, key = verifiers.split_secret(f"token:{KEY}")
    assert (token, len(key)) == ("token", 32)


@pytest.mark.parametrize(
    "secret", ["hidden", f"hidden:{KEY[:-1]}", f":{KEY}", f"hidden:{'!' * 43}"]
)
def test_a_secret_of_wecom_without_a_key_is_refused_without_telling_it(secret: str) -> None:
    with pytest.raises(ConfigError, match="must be TOKEN:ENCODING_AES_KEY") as caught:
        verifiers.WECOM.check_secret(secret)
    assert "hidden" not in str(caught.value)
