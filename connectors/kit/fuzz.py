"""Structural fuzz: bodies as they come when a system changes, breaks, or is somebody else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any

import orjson

from connectors.payload import Payload

_ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63 - 1, -(2**63), 1e308, -0.5),
    *("", " ", "0", "\x00", "null", "x" * 2000, "\u202e\ud7ff\U0001f600", "2026-13-45T99:99:99Z"),
    *("-1", "9" * 40, "zen:x", "a.b.c", "{body}", "%s", "../../etc/passwd", "1e400"),
    *([], {}, [None], [[]], {"": None}, {"id": {}}, [1, "a", {}]),
)
_BYTES = (b"", b"\x00", b"\xff\xfe", *b'{ } [ " <'.split(), b"\r\n", b"\n\n", b"=?utf-8?B?//8?=")
_HEADERS_SHARE, _BYTES_SHARE, _LOST_SHARE = 0.1, 0.15, 0.3


def mutate(payloads: Sequence[Payload], count: int, seed: int) -> Iterator[Payload]:
    """Yield `count` mutations of the payloads, the same ones for a seed."""
    dice = random.Random(seed)  # noqa: S311 - the same each time, that is the point
    documents = [_parse(payload.body) for payload in payloads]
    for number in range(count if payloads else 0):
        index = number % len(payloads)
        payload = payloads[index]
        if payload.headers and dice.random() < _HEADERS_SHARE:
            payload = payload._replace(headers=_mutate_headers(dice, payload.headers))
        is_bytes = documents[index] is None or dice.random() < _BYTES_SHARE
        body = (_mutate_bytes if is_bytes else _mutate_json)(dice, payload.body)
        yield payload._replace(body=body)


def _choose_odd(dice: random.Random) -> Any:  # noqa: ANN401 - JSON
    """Return an odd value of its own: what is changed later must not change the choice."""
    return deepcopy(dice.choice(_ODD))


def _parse(body: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _mutate_json(dice: random.Random, body: bytes) -> bytes:
    document = orjson.loads(body)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        holders = list(_holders(document))
        if not holders:
            document = _choose_odd(dice)
            break
        holder = dice.choice(holders)
        dice.choice(_STEPS)(dice, holder, holders)
    try:
        return orjson.dumps(document)
    except TypeError:  # an integer of more than 64 bits, which JSON may hold
        return json.dumps(document, ensure_ascii=False).encode()


def _holders(value: Any) -> Iterator[Any]:  # noqa: ANN401 - JSON
    """Yield every object and list that holds something."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, dict | list) and one:
            yield one
            stack.extend(one.values() if isinstance(one, dict) else one)


def _pick(dice: random.Random, holder: Any) -> Any:  # noqa: ANN401 - a key or an index
    return dice.choice(list(holder)) if isinstance(holder, dict) else dice.randrange(len(holder))


def _replace(dice: random.Random, holder: Any, _: list[Any]) -> None:  # noqa: ANN401 - JSON
    holder[_pick(dice, holder)] = _choose_odd(dice)


def _remove(dice: random.Random, holder: Any, _: list[Any]) -> None:  # noqa: ANN401 - JSON
    del holder[_pick(dice, holder)]


def _wrap(dice: random.Random, holder: Any, _: list[Any]) -> None:  # noqa: ANN401 - JSON
    key = _pick(dice, holder)
    holder[key] = dice.choice((lambda v: [v], lambda v: {"value": v}, str, lambda v: [v, v]))(
        holder[key]
    )


def _graft(dice: random.Random, holder: Any, holders: list[Any]) -> None:  # noqa: ANN401 - JSON
    """Put a part of the document in the place of another."""
    other = dice.choice(holders)
    value = orjson.loads(orjson.dumps(other[_pick(dice, other)]))
    holder[_pick(dice, holder)] = value


def _rename(dice: random.Random, holder: Any, _: list[Any]) -> None:  # noqa: ANN401 - JSON
    key = _pick(dice, holder)
    if isinstance(holder, dict):
        holder[dice.choice((f"{key}_", key.upper(), key[:-1], "unknown"))] = holder.pop(key)
    else:
        holder.insert(key, holder[key])


def _nudge(dice: random.Random, holder: Any, _: list[Any]) -> None:  # noqa: ANN401 - JSON
    """Change a value a little: another word, another number of the same kind."""
    key = _pick(dice, holder)
    value = holder[key]
    if isinstance(value, str):
        at = dice.randrange(len(value) + 1)
        holder[key] = value[:at] + dice.choice(("", "x", "9", " ", "-", "\u00e9")) + value[at + 1 :]
    elif isinstance(value, int | float):
        holder[key] = dice.choice((-value, value * 1000, value / 1000, str(value), float(value)))
    else:
        holder[key] = _choose_odd(dice)


_Step = Callable[[random.Random, Any, list[Any]], None]
_STEPS: tuple[_Step, ...] = (_replace, _replace, _remove, _wrap, _graft, _rename, _nudge)


def _mutate_bytes(dice: random.Random, body: bytes) -> bytes:
    lines = body.split(b"\n")
    match dice.randrange(6):
        case 0:
            return body[: dice.randrange(len(body) + 1)]
        case 1:
            at = dice.randrange(len(body) + 1)
            return body[:at] + dice.choice(_BYTES) + body[at:]
        case 2:
            at = dice.randrange(len(body) + 1)
            return body[:at] + bytes([dice.randrange(256)]) + body[at + 1 :]
        case 3:
            del lines[dice.randrange(len(lines))]
        case 4:
            at = dice.randrange(len(lines))
            lines.insert(at, dice.choice(lines))
        case _:
            at = dice.randrange(len(lines))
            cut = dice.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:cut] + dice.choice(_BYTES) + lines[at][cut + 3 :]
    return b"\n".join(lines)


def _mutate_headers(dice: random.Random, headers: Any) -> dict[str, str]:  # noqa: ANN401 - a mapping
    changed = dict(headers)
    name = dice.choice(list(changed))
    if dice.random() < _LOST_SHARE:
        del changed[name]
    else:
        changed[name] = dice.choice(("", " ", "x", "0", "-1", "\u00ff", changed[name] * 50))
    return changed
