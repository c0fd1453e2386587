"""Group robots of WeCom, DingTalk and Feishu: an Alertmanager notification as their message.

Sources of the forms and limits: the vendors' pages on custom group robots (WeCom: markdown of at
most 4,096 bytes, 20 messages a minute; DingTalk: about 20,000 bytes, 20 a minute, signed by
timestamp in milliseconds; Feishu: 20 kB a request, 100 a minute, signed by timestamp in seconds).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, assert_never
from urllib.parse import quote_plus

from slawatch.texts import load_texts


class Kind(StrEnum):
    """Say whose robot it is."""

    WECOM = "wecom"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"


_MAX_BYTES = {Kind.WECOM: 4096, Kind.DINGTALK: 18_000, Kind.FEISHU: 18_000}
_BUSY = {Kind.WECOM: {45009}, Kind.DINGTALK: {130101, 410100}, Kind.FEISHU: {9499, 11232}}
"""Answers that mean too many messages: the same message is taken later."""


@dataclass(frozen=True, slots=True)
class Robot:
    """Be one robot of one group. `mention` are user ids (DingTalk: mobiles), or "all"."""

    kind: Kind
    url: str
    secret: str = ""
    language: str = "en"
    mention: tuple[str, ...] = ()


class Outcome(StrEnum):
    """Say what a robot made of a message: taken, to be sent again, or never to be taken."""

    TAKEN = "taken"
    BUSY = "busy"
    REFUSED = "refused"


def build_request(
    robot: Robot, notification: Mapping[str, Any], now_seconds: float
) -> tuple[str, dict[str, Any]]:
    """Return the address and the JSON of the message for one notification of Alertmanager."""
    title, text = render_text(notification, robot)
    match robot.kind:
        case Kind.WECOM:
            mentions = "".join(f"<@{name}>" for name in robot.mention)
            content = _cut(f"**{title}**\n{text}", _MAX_BYTES[robot.kind] - len(mentions))
            return robot.url, {"msgtype": "markdown", "markdown": {"content": content + mentions}}
        case Kind.DINGTALK:
            message = {
                "msgtype": "markdown",
                "markdown": {"title": title, "text": _cut(f"### {title}\n\n{text}", 18_000)},
                "at": {
                    "atMobiles": [name for name in robot.mention if name != "all"],
                    "isAtAll": "all" in robot.mention,
                },
            }
            return _sign_dingtalk(robot, now_seconds), message
        case Kind.FEISHU:
            return robot.url, _build_card(robot, title, text, notification, now_seconds)
        case _:
            assert_never(robot.kind)


def read_answer(kind: Kind, status: int, answer: object) -> tuple[Outcome, str]:
    """Return what the robot made of it, and its own words: an HTTP 200 can be a refusal."""
    if status == 429 or status >= 500:  # noqa: PLR2004 - HTTP
        return Outcome.BUSY, f"http {status}"
    data = answer if isinstance(answer, dict) else {}
    code = data.get("errcode", data.get("code", data.get("StatusCode")))
    words = f"{code}: {data.get('errmsg', data.get('msg', ''))}"
    if code == 0:
        return Outcome.TAKEN, words
    return (Outcome.BUSY if code in _BUSY[kind] else Outcome.REFUSED), words


def render_text(notification: Mapping[str, Any], robot: Robot) -> tuple[str, str]:
    """Return title and markdown: each alert's own words, since when, and its links."""
    texts = load_texts("robots", robot.language)
    alerts: Sequence[Mapping[str, Any]] = notification.get("alerts") or ()
    firing = [alert for alert in alerts if alert.get("status") == "firing"]
    word = texts["firing" if firing else "resolved"]
    shown = firing or alerts
    first = _annotation(shown[0], "summary") if shown else ""
    drill = any(_label(alert, "drill") == "true" for alert in alerts)
    title = f"[{texts['drill'] + ' ' if drill else ''}{word} {len(shown)}] {first}"
    parts = [_render_alert(alert, texts) for alert in shown]
    if truncated := notification.get("truncatedAlerts"):
        parts.append(texts["more"].format(count=truncated))
    return title, "\n\n".join(parts)


def _render_alert(alert: Mapping[str, Any], texts: Mapping[str, str]) -> str:
    lines = [
        f"**{_annotation(alert, 'summary')}**",
        texts["since"].format(at=alert.get("startsAt", "")),
        _annotation(alert, "description"),
    ]
    links = [
        f"[{texts[name]}]({url})"
        for name, key in (("runbook", "runbook_url"), ("board", "dashboard_url"))
        if (url := _annotation(alert, key))
    ]
    return "\n".join(line for line in [*lines, " ".join(links)] if line)


def _build_card(
    robot: Robot, title: str, text: str, notification: Mapping[str, Any], now_seconds: float
) -> dict[str, Any]:
    is_firing = notification.get("status") == "firing"
    mentions = "".join(f"<at id={name}></at>" for name in robot.mention)
    content = _cut(text, _MAX_BYTES[Kind.FEISHU]) + mentions
    message: dict[str, Any] = {
        "msg_type": "interactive",
        "card": {
            "header": {
                "title": {"tag": "plain_text", "content": title},
                "template": "red" if is_firing else "blue",
            },
            "elements": [{"tag": "markdown", "content": content}],
        },
    }
    if robot.secret:
        timestamp = str(int(now_seconds))
        digest = hmac.new(f"{timestamp}\n{robot.secret}".encode(), b"", hashlib.sha256).digest()
        message |= {"timestamp": timestamp, "sign": base64.b64encode(digest).decode()}
    return message


def _sign_dingtalk(robot: Robot, now_seconds: float) -> str:
    if not robot.secret:
        return robot.url
    timestamp = str(round(now_seconds * 1000))
    text = f"{timestamp}\n{robot.secret}".encode()
    digest = hmac.new(robot.secret.encode(), text, hashlib.sha256).digest()
    sign = quote_plus(base64.b64encode(digest))
    return f"{robot.url}&timestamp={timestamp}&sign={sign}"


def _cut(text: str, size: int) -> str:
    """Cut to a number of bytes, never inside a character."""
    raw = text.encode()
    return text if len(raw) <= size else raw[: size - 3].decode(errors="ignore") + "…"


def _annotation(alert: Mapping[str, Any], name: str) -> str:
    return str((alert.get("annotations") or {}).get(name, ""))


def _label(alert: Mapping[str, Any], name: str) -> str:
    return str((alert.get("labels") or {}).get(name, ""))
