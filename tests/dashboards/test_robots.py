from __future__ import annotations

from typing import Any

import pytest

from dashboards.robots import Kind, Outcome, Robot, build_request, read_answer, render_text

NOW = 1_700_000_000.0
ALERT = {
    "status": "firing",
    "labels": {"alertname": "BreachSpike", "channel": "phone"},
    "annotations": {
        "summary": "Breach spike on phone",
        "description": "9 breaches in the last hour, usually 2",
        "runbook_url": "https://desk.example/runbook",
        "dashboard_url": "https://desk.example/board",
    },
    "startsAt": "2026-03-02T03:00:00Z",
}
RESOLVED = {**ALERT, "status": "resolved"}


def notify(*alerts: dict[str, Any], **said: object) -> dict[str, Any]:
    return {"status": "firing", "alerts": list(alerts), **said}


def test_a_message_says_what_since_when_and_where_to_look() -> None:
    title, text = render_text(notify(ALERT), Robot(Kind.WECOM, ""))
    assert title == "[FIRING 1] Breach spike on phone"
    assert text.splitlines() == [
        "**Breach spike on phone**",
        "since 2026-03-02T03:00:00Z",
        "9 breaches in the last hour, usually 2",
        "[What to do](https://desk.example/runbook) [Board](https://desk.example/board)",
    ]


def test_a_message_speaks_the_groups_language() -> None:
    title, text = render_text(notify(ALERT), Robot(Kind.FEISHU, "", language="zh"))
    assert title.startswith("[告警 1]")
    assert "[处理手册](https://desk.example/runbook)" in text


def test_what_still_fires_leads_and_what_ended_is_left_out() -> None:
    title, text = render_text(notify(RESOLVED, ALERT), Robot(Kind.WECOM, ""))
    assert title.startswith("[FIRING 1]")
    assert text.count("Breach spike") == 1


def test_an_end_is_told() -> None:
    assert render_text(notify(RESOLVED), Robot(Kind.WECOM, ""))[0].startswith("[RESOLVED 1]")


def test_a_drill_is_marked() -> None:
    drill = {**ALERT, "labels": {"drill": "true"}}
    assert render_text(notify(drill), Robot(Kind.WECOM, ""))[0].startswith("[DRILL FIRING 1]")


def test_what_alertmanager_left_out_is_counted() -> None:
    assert "7 more" in render_text(notify(ALERT, truncatedAlerts=7), Robot(Kind.WECOM, ""))[1]


def test_wecom_gets_markdown_that_fits_and_mentions_at_its_end() -> None:
    long = {**ALERT, "annotations": {"summary": "超时" * 3000}}
    robot = Robot(Kind.WECOM, "https://w", mention=("zhang",))
    url, message = build_request(robot, notify(long), NOW)
    content = message["markdown"]["content"]
    assert (url, message["msgtype"]) == ("https://w", "markdown")
    assert len(content.encode()) <= 4096
    assert content.endswith("…<@zhang>")


def test_dingtalk_is_signed_by_its_rule() -> None:
    robot = Robot(Kind.DINGTALK, "https://d?access_token=t", "SECabc", mention=("all", "139"))
    url, message = build_request(robot, notify(ALERT), NOW)
    # printf '1700000000000\nSECabc' | openssl dgst -sha256 -hmac SECabc -binary | base64
    assert (
        url
        == "https://d?access_token=t&timestamp=1700000000000&sign=jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM%3D"
    )
    assert message["at"] == {"atMobiles": ["139"], "isAtAll": True}


def test_feishu_gets_a_card_signed_by_its_rule() -> None:
    _, message = build_request(Robot(Kind.FEISHU, "https://f", "fs-secret"), notify(ALERT), NOW)
    # the key is "1700000000\nfs-secret", the message empty, by openssl dgst -macopt hexkey
    assert (message["timestamp"], message["sign"]) == (
        "1700000000",
        "ognpFOmraex6LA29Ao14dsiNmmjE3YO4x5e/SX8n9Bw=",
    )
    assert message["card"]["header"]["template"] == "red"


def test_without_a_secret_nothing_is_signed() -> None:
    assert build_request(Robot(Kind.DINGTALK, "https://d"), notify(ALERT), NOW)[0] == "https://d"
    assert "sign" not in build_request(Robot(Kind.FEISHU, "https://f"), notify(ALERT), NOW)[1]


@pytest.mark.parametrize(
    ("kind", "status", "answer", "outcome"),
    [
        pytest.param(Kind.WECOM, 200, {"errcode": 0, "errmsg": "ok"}, Outcome.TAKEN, id="wecom"),
        pytest.param(Kind.WECOM, 200, {"errcode": 45009}, Outcome.BUSY, id="wecom limit"),
        pytest.param(Kind.WECOM, 200, {"errcode": 93000}, Outcome.REFUSED, id="wecom key"),
        pytest.param(Kind.DINGTALK, 200, {"errcode": 130101}, Outcome.BUSY, id="dingtalk limit"),
        pytest.param(Kind.DINGTALK, 200, {"errcode": 310000}, Outcome.REFUSED, id="dingtalk sign"),
        pytest.param(Kind.FEISHU, 200, {"StatusCode": 0}, Outcome.TAKEN, id="feishu, old form"),
        pytest.param(Kind.FEISHU, 200, {"code": 9499}, Outcome.BUSY, id="feishu limit"),
        pytest.param(Kind.FEISHU, 200, {"code": 19021}, Outcome.REFUSED, id="feishu sign"),
        pytest.param(Kind.FEISHU, 502, None, Outcome.BUSY, id="away"),
        pytest.param(Kind.FEISHU, 200, None, Outcome.REFUSED, id="no JSON"),
    ],
)
def test_an_answer_is_read(kind: Kind, status: int, answer: object, outcome: Outcome) -> None:
    assert read_answer(kind, status, answer)[0] is outcome
