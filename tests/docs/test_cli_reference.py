from __future__ import annotations

import re

import pytest
import typer.main

from cli.main import app
from connectors.mapping import shipped_mappings
from slawatch.config import SHIPPED
from tests.docs.pages import read, rows

REFERENCE = read("docs/reference/cli.md")
SECTIONS = dict(
    re.findall(r"^## slawatch ([\w ]+)\n(.*?)(?=^## |\Z)", REFERENCE, re.DOTALL | re.MULTILINE)
)
GROUP = typer.main.get_group(app)
CONTEXT = typer.Context(GROUP)
COMMANDS = {
    f"{name} {inner}".strip(): command
    for name in GROUP.list_commands(CONTEXT)
    if (outer := GROUP.get_command(CONTEXT, name)) is not None
    for inner, command in getattr(outer, "commands", {"": outer}).items()
}
"""Those of a group by both words."""


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    assert sorted(SECTIONS) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_section_lists_exactly_the_options_of_its_command(command: str) -> None:
    parameters = COMMANDS[command].params
    options = {flag for p in parameters if p.param_type_name == "option" for flag in p.opts}
    assert rows(SECTIONS[command]).keys() == options - {"--help"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_section_names_the_arguments_of_its_command(command: str) -> None:
    parameters = COMMANDS[command].params
    names = [str(p.name).upper() for p in parameters if p.param_type_name == "argument"]
    assert [word for word in names if f"`{word}`" not in SECTIONS[command]] == []


@pytest.mark.parametrize("name", [*SHIPPED, *shipped_mappings()])
def test_what_ships_is_named(name: str) -> None:
    assert f"`{name}`" in REFERENCE


def test_the_readme_and_the_changelog_name_every_command() -> None:
    assert [name for name in COMMANDS if f"{name}`" not in read("CHANGELOG.md")] == []
