"""The configuration that a connector's page shows loads, and its source is heard."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli.inputs import build_inputs, find_receiver, has_inputs
from cli.sources import load_desk

PAGES = Path(__file__).parents[2] / "docs" / "reference" / "connectors"
_BLOCK = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r'(\w*(?:secret|token)_file) = "[^"]+"')
_SECRETS = {"wecom": "token:jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "email": "name:word"}
BUSES = ("kafka", "nats", "redis")

BLOCKS = [
    pytest.param(page.stem, block, id=f"{page.stem}-{number}")
    for page in sorted(PAGES.glob("*.md"))
    for number, block in enumerate(_BLOCK.findall(page.read_text("utf-8")))
]


def test_every_page_shows_how_to_configure_it() -> None:
    assert {str(block.values[0]) for block in BLOCKS} == {page.stem for page in PAGES.glob("*.md")}


@pytest.mark.parametrize(("name", "block"), BLOCKS)
def test_the_configuration_of_a_page_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, block: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(_SECRETS.get(name, "a-secret-of-some-length"))
    monkeypatch.setenv("INTERCOM_CLIENT_SECRET", "a-secret-of-some-length")
    policy = tmp_path / "desk.toml"
    text = _FILE.sub(rf'\1 = "{secret}"', block)
    policy.write_text(f'include = ["default"]\n[intake]\nport = 0\n{text}')
    desk = load_desk([policy])
    receiver = find_receiver(desk, desk.config.settings)
    if receiver is not None:
        receiver.close()
    assert receiver is not None or has_inputs(desk)
    if name not in BUSES:  # they would be joined
        build_inputs(desk, tmp_path, [], receiver, stdin=False)
