"""Asterisk's queue_log: one line an act, of a call in a queue (or of an agent, left out).

A call that passes through several queues is one ticket in each: what is promised is promised
by a queue. docs/reference/connectors/asterisk.md has the table of acts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from connectors.connector import Connector, Decode, NativeEvent
from connectors.opaque import Opaque
from connectors.payload import Payload
from connectors.reading import EPOCH_S, instant
from connectors.transports.lines import LINE_HEADER, build_line_file
from slawatch.errors import EventError

_NO_CALL = frozenset(("", "NONE", "REALTIME", "MANAGER", "CLI", "UNKNOWN"))
_FIELDS = 5
_NUMBER = re.compile(r"\d{1,9}(?:\.\d+)?")
_PHONE = re.compile(r"\d{7}")  # an agent reached by an outside number is named by it
_PLACE = re.compile(r"[0-9]{1,18}")


class Line(NamedTuple):
    """Be one line: `arguments` is what follows the name of the act."""

    at: str
    call: str
    queue: str
    agent: str
    act: str
    arguments: list[str]


def decode(payload: Payload) -> Iterator[NativeEvent | EventError]:
    """Decode one line, or several; a bad line among them is alone refused."""
    return _decode(payload, "")


def configure(options: Mapping[str, Any]) -> Decode:
    """Return the decoder for an exchange: call ids are unique only within one."""
    pbx = options["pbx"]
    return lambda payload: _decode(payload, f"{pbx}:" if pbx else "")


def _decode(payload: Payload, pbx: str) -> Iterator[NativeEvent | EventError]:
    place = payload.headers.get(LINE_HEADER, "")  # the order of acts of one second
    order = {"sequence": int(place)} if _PLACE.fullmatch(place) else {}
    try:
        text = payload.body.decode()
    except UnicodeDecodeError:
        text = payload.body.decode("latin-1")  # a queue's or an agent's name in an old encoding
    for line in text.splitlines():
        try:
            event = _read(_split(line), pbx) if line.strip() else None
        except EventError as ex:
            yield ex
        else:
            if event is not None:
                yield event | order


def _split(line: str) -> Line:
    fields = [field.strip() for field in line.strip("\0\r").split("|")]
    if len(fields) < _FIELDS:
        raise EventError(
            "malformed",
            f"a line of queue_log must have {_FIELDS} fields with '|' between, got {line!r:.80}",
        )
    at, call, queue, agent, act = fields[:_FIELDS]
    return Line(at, call, queue, agent, act, fields[_FIELDS:])


def _read(line: Line, pbx: str) -> dict[str, object] | None:
    find = _ACTS.get(line.act)
    if find is None or line.call in _NO_CALL:
        return None
    said = find(line)
    at = instant(line.at, EPOCH_S, key="time")
    call = pbx + line.call
    return {
        # A line has no number of its own; a call may enter the same queue again, later.
        "event_id": f"{call}:{line.queue}:{line.act}:{line.at}",
        "ticket_id": f"{call}:{line.queue}",
        "case": call,
        "occurred_at": at,
        "channel": "phone",
        "team": line.queue,
        **said,
    }


def _entered(_: Line) -> Mapping[str, object]:
    return {"type": "created", "actor": "customer"}


def _connected(line: Line) -> Mapping[str, object]:
    return {"type": "replied", "actor": "agent", **_agent(line)}


def _abandoned(_: Line) -> Mapping[str, object]:
    return {"type": "abandoned", "actor": "customer"}


def _left(actor: str) -> Callable[[Line], Mapping[str, object]]:
    """Cancel: nobody answered and nobody hung up, the dial plan goes on with the call."""
    return lambda _: {"type": "deleted", "actor": actor, "reason": "gone"}


def _completed(actor: str, place: int) -> Callable[[Line], Mapping[str, object]]:
    """Read the end of a talk; its seconds stand at `place` among the arguments."""

    def read(line: Line) -> Mapping[str, object]:
        said: dict[str, object] = {"type": "closed", "actor": actor, **_agent(line)}
        talked = line.arguments[place] if len(line.arguments) >= abs(place) + (place >= 0) else ""
        if _NUMBER.fullmatch(talked):
            said["handle_seconds"] = float(talked)
        return said

    return read


def _agent(line: Line) -> Mapping[str, object]:
    """Name who took the call, an outside number as a person."""
    if line.agent in _NO_CALL:
        return {}
    is_number = _PHONE.search(line.agent) is not None
    return {"assignee": Opaque(f"asterisk:{line.agent}") if is_number else line.agent}


_ACTS: Mapping[str, Callable[[Line], Mapping[str, object]]] = {
    "ENTERQUEUE": _entered,
    "CONNECT": _connected,
    "ABANDON": _abandoned,
    "EXITEMPTY": _left("system"),
    "EXITWITHTIMEOUT": _left("system"),
    "EXITWITHKEY": _left("customer"),
    "SYSCOMPAT": _left("system"),
    "COMPLETEAGENT": _completed("agent", 1),
    "COMPLETECALLER": _completed("customer", 1),
    "TRANSFER": _completed("agent", 3),
    "BLINDTRANSFER": _completed("agent", 3),
    # the method's own fields are one or two, so the talk is counted from the end
    "ATTENDEDTRANSFER": _completed("agent", -2),
}

CONNECTOR = Connector(
    name="asterisk",
    title="Asterisk queue_log",
    decode=decode,
    channel="phone",
    follow=build_line_file,
    grace_seconds=1.0,
    options={"path": "", "pbx": None},
    configure=configure,
)
