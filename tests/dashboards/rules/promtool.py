"""Cases for `promtool test rules`: series in, values or alerts out, by the real tool."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from dashboards.rules.render import render_rules
from slawatch.config import load_config


class Asked(NamedTuple):
    """Be a query at an instant ("90m" after 0), and the samples it must return."""

    query: str
    at: str
    samples: Mapping[str, float]


def tools(name: str) -> list[str]:
    """Return every binary of a tool that is installed: NAME, NAME3 and what $NAME names."""
    wanted = (name, f"{name}3", *os.environ.get(name.upper(), "").split(os.pathsep))
    found = (shutil.which(binary) for binary in wanted if binary)
    return list(dict.fromkeys(os.path.realpath(path) for path in found if path))


@cache
def _shipped_rules() -> tuple[dict[str, Any], ...]:
    texts = render_rules(load_config(["demo"])).values()
    groups = [group for text in texts for group in yaml.safe_load(text)["groups"]]
    return tuple(rule for group in groups for rule in group["rules"])


def write_rules(folder: Path, asked: str) -> None:
    """Write the shipped demo's rules that a text names, and those that they are made of.

    All of them over four weeks would take minutes. Intervals are left out: the case says its own.
    """
    kept: list[dict[str, Any]] = []
    for rule in reversed(_shipped_rules()):
        if rule.get("record", rule.get("alert", "")) in asked:
            kept.insert(0, rule)
            asked += rule["expr"] + "".join(rule.get("annotations", {}).values())
    document = {"groups": [{"name": "rules", "rules": kept}]}
    (folder / "rules.yml").write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")


def run_case(
    tool: str,
    folder: Path,
    series: Mapping[str, str],
    asked: Sequence[Asked],
    interval: str = "1m",
    every: str = "1m",
) -> None:
    """Run one case; what differs is the text of the failure."""
    case: dict[str, Any] = {
        "interval": interval,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": query,
                "eval_time": at,
                "exp_samples": [{"labels": k, "value": value} for k, value in samples.items()],
            }
            for query, at, samples in asked
        ],
    }
    write_rules(folder, " ".join(ask.query for ask in asked))
    document = {"rule_files": ["rules.yml"], "evaluation_interval": every, "tests": [case]}
    (folder / "case.yml").write_text(yaml.safe_dump(document), "utf-8")
    run = subprocess.run(
        [tool, "test", "rules", "case.yml"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
