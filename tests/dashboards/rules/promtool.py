"""Cases for `promtool test rules`: series in, values or alerts out, by the real tool."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from dashboards.rules.render import render_rules
from slawatch.config import load_config

Rules = tuple[dict[str, Any], ...]


class Asked(NamedTuple):
    """Be a query at an instant ("90m" after 0), and the samples it must return."""

    query: str
    at: str
    samples: Mapping[str, float]


class Told(NamedTuple):
    """Be an alert that must fire at an instant, with all its labels and annotations."""

    alert: str
    at: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@cache
def build_rules(policy: str | Path = "demo", language: str = "en") -> Rules:
    """Return every rule of a policy, records first."""
    texts = render_rules(load_config([policy]), language)
    files = [yaml.safe_load(text) for text in texts.values()]
    return tuple(rule for file in files for group in file["groups"] for rule in group["rules"])


def pick_rules(rules: Rules, asked: str) -> list[dict[str, Any]]:
    """Return the rules that a text names, and those that they are made of.

    All of them over four weeks would take minutes. Intervals are left out: the case says its own.
    """
    kept: list[dict[str, Any]] = []
    for rule in reversed(rules):
        if str(rule.get("record") or rule["alert"]) in asked:
            kept.insert(0, rule)
            asked += rule["expr"] + "".join(rule.get("annotations", {}).values())
    return kept


class Verdicts(NamedTuple):
    """Be what one run of promtool said of many cases: its text by the case's name."""

    texts: Mapping[str, str]

    def require(self, name: str) -> None:
        """Fail unless a case held."""
        assert self.texts[name].strip() == "SUCCESS", self.texts[name]


def run_cases(tool: str, folder: Path, names: Sequence[str]) -> Verdicts:
    """Run the cases written into a folder by one process: most of the time is its start."""
    files = [f"{name}.yml" for name in names]
    run = subprocess.run(
        [tool, "test", "rules", *files],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    # One line of Prometheus heads each with the file's name, the next does not.
    told = re.sub(r"^Unit Testing: .*\n", "", run.stdout, flags=re.MULTILINE)
    _, *texts = re.split(r"^  (?=SUCCESS|FAILED:)", told, flags=re.MULTILINE)
    assert len(texts) == len(names), run.stdout
    return Verdicts(dict(zip(names, texts, strict=True)))


def run_case(
    tool: str,
    folder: Path,
    series: Mapping[str, str],
    asked: Sequence[Asked] = (),
    interval: str = "1m",
    every: str = "1m",
    told: Sequence[Told] = (),
    rules: Rules = (),
) -> None:
    """Run one case; what differs is the text of the failure."""
    write_case(folder, "case", series, asked, interval, every, told, rules)
    run_cases(tool, folder, ["case"]).require("case")


def write_case(
    folder: Path,
    name: str,
    series: Mapping[str, str],
    asked: Sequence[Asked] = (),
    interval: str = "1m",
    every: str = "1m",
    told: Sequence[Told] = (),
    rules: Rules = (),
) -> None:
    """Write a case and the rules that it is about.

    A record among the series is taken from there. Texts of alerts are left out where none is
    asked for: their queries would run at each step.
    """
    named = " ".join([*(ask.query for ask in asked), *(tell.alert for tell in told)])
    given = {each.partition("{")[0] for each in series}
    known = rules or build_rules()
    if not told:
        known = tuple({key: rule[key] for key in rule if key != "annotations"} for rule in known)
    kept = [rule for rule in pick_rules(known, named) if rule.get("record") not in given]
    document = {
        "rule_files": [f"{name}.rules"],
        "evaluation_interval": every,
        "tests": [
            {
                "interval": interval,
                "input_series": [
                    {"series": each, "values": values} for each, values in series.items()
                ],
                "promql_expr_test": [_query_case(*ask) for ask in asked],
                "alert_rule_test": [_alert_case(*tell) for tell in told],
            }
        ],
    }
    groups = {"groups": [{"name": "rules", "rules": kept}]}
    (folder / f"{name}.rules").write_text(yaml.safe_dump(groups, sort_keys=False), "utf-8")
    (folder / f"{name}.yml").write_text(yaml.safe_dump(document), "utf-8")


def _query_case(query: str, at: str, samples: Mapping[str, float]) -> dict[str, Any]:
    expected = [{"labels": labels, "value": value} for labels, value in samples.items()]
    return {"expr": query, "eval_time": at, "exp_samples": expected}


def _alert_case(
    alert: str, at: str, labels: Mapping[str, str], annotations: Mapping[str, str]
) -> dict[str, Any]:
    expected = {"exp_labels": dict(labels), "exp_annotations": dict(annotations)}
    return {"alertname": alert, "eval_time": at, "exp_alerts": [expected]}
