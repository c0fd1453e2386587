"""Write a new connector from one sample: decoder, golden body, expected events, page."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from connectors.payload import Payload
from connectors.reading import EPOCH_MS, EPOCH_S, RFC3339, instant
from connectors.sample import Guess, guess, guess_kind, guess_status
from connectors.scrub import Scrubber
from slawatch.errors import ConfigError, Problem
from slawatch.events import CHANNELS, PRIORITIES

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TIME_NAMES = {EPOCH_S: "EPOCH_S", EPOCH_MS: "EPOCH_MS"}
_MAX_TOLD = 12
_IGNORED = "something_that_concerns_no_clock"


def scaffold(name: str, sample: Path, folder: Path, channel: str = "web") -> list[Path]:
    """Write the files and return them. Raises `ConfigError`; what is there stays."""
    if not _NAME.fullmatch(name):
        raise ConfigError(f"the name must be as a module's, such as 'acme', got {name!r}")
    body = _read_sample(sample)
    found = guess(body)
    if not found.ticket or not found.at:
        what = "ticket's id" if not found.ticket else "instant of the act"
        raise ConfigError([Problem(str(sample), "", _say_missing(what, found))])
    files = _render(name, body, found, folder, channel)
    for path in files:
        if path.exists():
            raise ConfigError(f"{str(path)!r} is there already: choose another name or folder")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(files)


def _say_missing(what: str, found: Guess) -> str:
    keys = ", ".join(map(repr, list(found.words)[:_MAX_TOLD])) or "no keys"
    told = f"no key looks like the {what} among {keys}: write the decoder by hand"
    return f"{told}, by the tutorial 'add a channel'"


def _read_sample(sample: Path) -> dict[str, Any]:
    try:
        body = Scrubber().scrub(Payload(sample.read_bytes())).body
        data = orjson.loads(body)
    except OSError as ex:
        raise ConfigError([Problem(str(sample), "", f"cannot be read: {ex.strerror}")]) from ex
    except orjson.JSONDecodeError as ex:
        msg = f"is no JSON ({ex}); for XML, forms or lines of text write the decoder by hand"
        raise ConfigError([Problem(str(sample), "", msg)]) from ex
    if isinstance(data, list):
        msg = "is a list: give one of its objects as the sample, then let `decode` go through all"
        raise ConfigError([Problem(str(sample), "", msg)])
    if not isinstance(data, dict):
        raise ConfigError([Problem(str(sample), "", "must be one JSON object: one delivery")])
    return data


def _render(
    name: str, body: dict[str, Any], found: Guess, folder: Path, channel: str
) -> dict[Path, str]:
    golden = folder / "golden" / name
    act = guess_kind(str(found.words[found.kind])) if found.kind else "observed"
    files = {
        folder / f"{name}.py": _render_decoder(name, found, act, channel),
        folder / f"{name}.md": _render_page(name, found, act),
        golden / f"{act}.json": _write(body, indent=2),
        golden / f"{act}.events.jsonl": _write(_expect(found, act)),
    }
    if found.kind:
        files[golden / "ignored.json"] = _write(_with(body, found.kind, _IGNORED), indent=2)
        files[golden / "ignored.events.jsonl"] = ""
    return files


def _expect(found: Guess, act: str) -> dict[str, Any]:
    """Return the event that the sample seems to be, for a person to look at."""
    ticket = str(found.words[found.ticket])
    at = found.words[found.at]
    native = instant(at, found.time_format)
    event: dict[str, Any] = {
        "event_id": str(found.words[found.event]) if found.event else f"{ticket}/{native}/{act}",
        "ticket_id": ticket,
        "type": act,
        "occurred_at": at if found.time_format == RFC3339 else native,
    }
    for key, path in found.optional.items():
        word = str(found.words[path])
        if key == "status":
            event |= {"status": guess_status(word)} if act == "observed" else {}
        else:
            event[key] = word.lower() if _is_word(key, word) else word
    return event


def _is_word(key: str, word: str) -> bool:
    known: Mapping[str, tuple[str, ...]] = {"channel": CHANNELS, "priority": PRIORITIES}
    return word.lower() in known.get(key, ())


def _render_decoder(name: str, found: Guess, act: str, channel: str) -> str:
    title = name.replace("_", " ").title()
    time_name = _TIME_NAMES.get(found.time_format, "")
    imports = ["find_text", "parse_object", "require_id", "require_instant", "require_text"]
    if not found.kind:
        imports.remove("require_text")
    if not found.optional and found.kind:
        imports.remove("find_text")
    names = ", ".join(filter(None, (time_name, *imports)))
    text = f'"""{title}: its deliveries as native events."""\n\n'
    text += "from connectors.connector import Connector, Push\n"
    text += f"from connectors.reading import {names}\n\n"
    if found.kind:
        word = str(found.words[found.kind])
        text += f"# What `{found.kind}` says: the type of event (docs/reference/events.md).\n"
        text += f"ACTS = {{\n    {_quote(word)}: {_quote(act)},\n}}\n"
    elif status := found.optional.get("status"):
        word = str(found.words[status])
        text += f"# What `{status}` says: new, open, pending, resolved or closed.\n"
        text += f"STATUSES = {{\n    {_quote(word)}: {_quote(guess_status(word))},\n}}\n"
    text += "\n\ndef decode(payload):\n"
    text += f'    """Decode one delivery of {title}."""\n    data = parse_object(payload)\n'
    text += _render_body(found, time_name)
    text += f"\n\nCONNECTOR = Connector(\n    name={_quote(name)},\n    title={_quote(title)},\n"
    text += f"    decode=decode,\n    channel={_quote(channel)},\n"
    text += (
        "    # How a delivery proves itself: Push(Signature(...)), see connectors/signatures.py.\n"
    )
    return text + "    push=Push(),\n)\n"


def _render_body(found: Guess, time_name: str) -> str:
    text = ""
    if found.kind:
        text += f"    act = ACTS.get(require_text(data, {_quote(found.kind)}))\n"
        text += "    if act is None:  # it concerns no clock\n        return []\n"
    text += f"    ticket_id = require_id(data, {_quote(found.ticket)})\n"
    formats = f", {time_name}" if time_name else ""
    text += f"    at = require_instant(data, {_quote(found.at)}{formats})\n"
    act = "act" if found.kind else '"observed"'
    event_id = f"require_id(data, {_quote(found.event)})"
    if not found.event:
        event_id = 'f"{ticket_id}/{at}/' + ('{act}"' if found.kind else 'observed"')
    text += "    return [\n        {\n"
    text += f'            "event_id": {event_id},\n            "ticket_id": ticket_id,\n'
    text += f'            "type": {act},\n            "occurred_at": at,\n'
    for key, path in found.optional.items():
        if key != "status":
            lower = _is_word(key, str(found.words[path]))
            value = f"find_text(data, {_quote(path)})"
            value = f'({value} or "").lower() or None' if lower else value
            text += f'            "{key}": {value},\n'
        elif not found.kind:
            text += f'            "status": STATUSES.get(find_text(data, {_quote(path)})),\n'
    return text + "        }\n    ]\n"


def _render_page(name: str, found: Guess, act: str) -> str:
    title = name.replace("_", " ").title()
    word = str(found.words[found.kind]) if found.kind else "each delivery"
    return (
        f"# {title}\n\nTODO: what it is, and on which channel its customers come.\n\n"
        f"| {title} says | it becomes |\n|---|---|\n| `{word}` | `{act}` |\n\n"
        "## What it cannot show\n\nTODO\n\n## Switch it on\n\n"
        f"TODO: the address is `https://HOST/in/{name}`.\n"
    )


def _with(body: dict[str, Any], path: str, value: str) -> dict[str, Any]:
    """Return the body with another value at a dotted path."""
    copy: dict[str, Any] = orjson.loads(orjson.dumps(body))
    *outer, last = path.split(".")
    inner = copy
    for key in outer:
        inner = inner[key]
    inner[last] = value
    return copy


def _quote(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _write(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent) + "\n"
