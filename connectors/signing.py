"""Sign a delivery as its system would, to send it to a receiver."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from connectors.payload import Payload
from connectors.signature import Signature


def sign_payload(
    signature: Signature, payload: Payload, secret: str, now_seconds: float, url: str = ""
) -> Payload:
    """Return the delivery with its timestamp, its id and its signature; an id it has stays."""
    headers = dict(payload.headers)
    if signature.timestamp_header:
        headers[signature.timestamp_header] = _write_time(signature.timestamp_unit, now_seconds)
    if signature.id_header:
        delivery = hashlib.blake2b(payload.body, digest_size=8).hexdigest()
        headers.setdefault(signature.id_header, f"msg_{delivery}")
    unsigned = payload._replace(headers=headers)
    return payload._replace(
        headers={**headers, signature.header: signature.sign(unsigned, secret, url)}
    )


def _write_time(unit: str, now_seconds: float) -> str:
    if unit == "rfc3339":
        return datetime.fromtimestamp(int(now_seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(int(now_seconds * 1000) if unit == "ms" else int(now_seconds))
