"""The tutorial's steps, done in a folder outside the project, in the order in which they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PROJECT, Fence, fences
from tests.docs.test_examples import as_pattern, run

PAGE = PROJECT / "docs/tutorial/add-a-channel.md"
FENCES = fences(PAGE)
TABLE = re.compile(r"^ACTS = \{\n.*?^\}\n", re.MULTILINE | re.DOTALL)


def do(fence: Fence, folder: Path) -> None:
    """Save a file, edit a table, or run a command and compare what it prints."""
    what, _, place = fence.marks.partition("=")
    if what == "file":
        (folder / place).write_text(fence.text, "utf-8")
    elif what == "edit":
        source = (folder / place).read_text("utf-8")
        edited, count = re.subn(
            r"^ACTS = \{\n.*?^\}\n", fence.text, source, flags=re.MULTILINE | re.DOTALL
        )
        assert count == 1
        (folder / place).write_text(edited, "utf-8")
    elif what == "step":
        for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", fence.text, re.MULTILINE):
            output = run(command, folder)
            assert re.fullmatch(as_pattern(shown), output), f"{command}\n{output}"


def test_following_the_steps_gives_a_connector_that_is_heard(tmp_path: Path) -> None:
    for fence in FENCES:
        do(fence, tmp_path)


def test_fewer_than_sixty_lines_are_written() -> None:
    written = [
        fence.text.count("\n")
        for fence in FENCES
        if fence.marks.startswith(("file=slawatch", "file=desk", "edit="))
    ]
    assert 20 < sum(written) < 60


@pytest.mark.parametrize("kind", ["file", "edit", "step"])
def test_the_page_has_every_kind_of_step(kind: str) -> None:
    assert any(fence.marks.startswith(kind) for fence in FENCES)
