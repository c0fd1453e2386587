from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from slawatch.config import load_config
from tests.docs.pages import PAGES, PROJECT, fences, name, read

SLAWATCH = Path(sys.executable).with_name("slawatch")
RUNNABLE = [page for page in PAGES if any(fence.marks == "run" for fence in fences(page))]
# The examples of mappings.md are mappings: the test of that page loads them.
POLICY_PAGES = [
    page
    for page in PAGES
    if page.name != "mappings.md" and any(fence.language == "toml" for fence in fences(page))
]


def write_files(page: Path, folder: Path) -> None:
    """Write the blocks that a page tells its reader to save."""
    for fence in fences(page):
        if fence.marks.startswith("file="):
            (folder / fence.marks.removeprefix("file=")).write_text(fence.text, "utf-8")


def steps(page: Path) -> list[tuple[str, str]]:
    """Return the commands of a page that run, each with the output shown."""
    shown = "".join(fence.text for fence in fences(page) if fence.marks == "run")
    return re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", shown, re.MULTILINE)


def run(command: str, folder: Path) -> str:
    command = command.replace("./run ", f"{SLAWATCH} ")
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def as_pattern(shown: str) -> str:
    """Turn shown output into a pattern: `…` leaves something out, times and spaces may differ."""
    text = re.sub(r"in [\d.]+ s$", "in … s", shown, flags=re.MULTILINE)
    parts = [re.sub(r"(\\ )+", r"\\ +", re.escape(part)) for part in text.split("…")]
    return "(?s:.*?)".join(parts).replace("\n", r" *\n")


@pytest.mark.parametrize("page", RUNNABLE, ids=name)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    write_files(page, tmp_path)
    for command, shown in steps(page):
        output = run(command, tmp_path)
        assert re.fullmatch(as_pattern(shown), output), f"{command}\n{output}"


def test_the_readme_and_the_tutorial_run() -> None:
    assert {PROJECT / "README.md", PROJECT / "docs/tutorial/first-log.md"} <= set(RUNNABLE)


def test_the_readme_feeds_a_log_of_five_lines() -> None:
    log = next(fence for fence in fences(PAGES[0]) if fence.marks.startswith("file="))
    assert len(log.text.splitlines()) == 5


@pytest.mark.parametrize("page", POLICY_PAGES, ids=name)
def test_the_policy_examples_of_a_page_load(page: Path, tmp_path: Path) -> None:
    for fence in fences(page):
        if fence.language == "toml":
            file = tmp_path / "policy.toml"
            file.write_text(fence.text, "utf-8")
            load_config([file])


def test_the_readme_names_ten_metrics_of_the_reference() -> None:
    table = re.findall(r"^\| `(sla\w*?)[{`]", read("README.md"), re.MULTILINE)
    reference = read("docs/reference/metrics.md")
    assert len(table) == 10
    assert [family for family in table if f"`{family}`" not in reference] == []


def test_no_query_names_a_metric_that_is_not_exported() -> None:
    asked = {
        word
        for page in PAGES
        for fence in fences(page)
        if fence.language == "promql"
        for word in re.findall(r"\bsla\w+", fence.text)
    }
    reference = read("docs/reference/metrics.md")
    assert [family for family in asked if f"`{family}`" not in reference] == []
