"""Checks of how a delivery proves itself."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from connectors.kit.subject import Subject
from connectors.payload import Payload
from connectors.signature import Signature
from connectors.signing import sign_payload

_NOW = 1_772_442_000.0
_URL = "https://sla.example.org/intake/check"
_OLD, _NEW = (base64.b64encode(word * 8).decode() for word in (b"old!", b"new!"))


def is_signed(subject: Subject) -> bool:
    """Tell whether deliveries are signed in a way that data describes."""
    push = subject.connector.push
    return push is not None and isinstance(push.signature, Signature)


def find_weak_proof(subject: Subject) -> Iterator[str]:
    """Sign a body and change what must not be changeable."""
    push = subject.connector.push
    if push is None or not isinstance(push.signature, Signature):
        return
    signature = push.signature
    body = subject.golden[0].payload.body if subject.golden else b'{"id": 1}'
    old, new = (signature.secret_prefix + word for word in (_OLD, _NEW))
    signed = sign_payload(signature, Payload(body), old, _NOW, _URL)
    unsigned = {k: v for k, v in signed.headers.items() if k != signature.header}
    said = signed.headers[signature.header]
    cases: list[tuple[str, Payload, list[str], float, bool]] = [
        ("a right one is not believed", signed, [old], _NOW, True),
        ("with the next secret beside it, it is not believed", signed, [new, old], _NOW, True),
        ("another body is believed", signed._replace(body=body + b" "), [old], _NOW, False),
        ("another secret is believed", signed, [new], _NOW, False),
        ("no secret is believed", signed, [], _NOW, False),
        ("a body without one is believed", signed._replace(headers=unsigned), [old], _NOW, False),
        (
            "an empty one is believed",
            signed._replace(headers={**unsigned, signature.header: signature.prefix}),
            [old],
            _NOW,
            False,
        ),
        (
            "one without its end is believed",
            signed._replace(headers={**unsigned, signature.header: said[:-1]}),
            [old],
            _NOW,
            False,
        ),
    ]
    if signature.timestamp_header:
        late, early = (_NOW + sign * (signature.tolerance_seconds + 2) for sign in (1, -1))
        forged = {**signed.headers, signature.timestamp_header: _later(signature, late)}
        cases += [
            ("a stale one is believed", signed, [old], late, False),
            ("one from ahead is believed", signed, [old], early, False),
            ("another time is believed", signed._replace(headers=forged), [old], late, False),
        ]
    for what, payload, secrets, now, is_right in cases:
        if (signature.find_fault(payload, secrets, now, _URL) == "") != is_right:
            yield what


def _later(signature: Signature, now_seconds: float) -> str:
    return sign_payload(signature, Payload(b""), _OLD, now_seconds).headers[
        signature.timestamp_header
    ]
