"""Deliveries that arrive enciphered: AES-256-CBC as WeCom and Feishu use it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from slawatch.errors import EventError

_BLOCK = 16
_WECOM_PADDING = 32
_HEAD = 20  # 16 random bytes, then the message's length


class Opened(NamedTuple):
    """Be what was enciphered, and for whom: WeCom's corporation or suite."""

    message: bytes
    receiver: str


def open_wecom(ciphertext: str, key: bytes) -> Opened:
    """Open WeCom's `Encrypt` or `echostr`. Raises `EventError`."""
    plain = _decrypt(_decode(ciphertext), key, key[:_BLOCK], _WECOM_PADDING)
    end = _HEAD + int.from_bytes(plain[16:_HEAD], "big")
    if len(plain) < end or len(plain) < _HEAD:
        raise _cannot_open("its length is wrong")
    try:
        return Opened(plain[_HEAD:end], plain[end:].decode())
    except UnicodeDecodeError as ex:
        raise _cannot_open("its receiver is no text") from ex


def open_feishu(ciphertext: str, encrypt_key: str) -> bytes:
    """Open Feishu's `encrypt`. Raises `EventError`."""
    data = _decode(ciphertext)
    key = hashlib.sha256(encrypt_key.encode()).digest()
    return _decrypt(data[_BLOCK:], key, data[:_BLOCK], _BLOCK)


def _decode(ciphertext: str) -> bytes:
    try:
        return base64.b64decode(ciphertext, validate=True)
    except (binascii.Error, ValueError) as ex:
        raise _cannot_open("it is not base64") from ex


def _decrypt(data: bytes, key: bytes, start: bytes, padding: int) -> bytes:
    if not data or len(data) % _BLOCK or len(start) != _BLOCK:
        raise _cannot_open("it is cut")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(start)).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    count = plain[-1]
    if not 1 <= count <= padding or plain[-count:] != bytes([count]) * count:
        raise _cannot_open("the key is another's, or it was changed")
    return plain[:-count]


def _cannot_open(why: str) -> EventError:
    return EventError("malformed", f"the enciphered body cannot be opened: {why}")
