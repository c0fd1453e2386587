"""The kit's mutations are the same ones whenever they are made."""

from __future__ import annotations

from connectors.kit.fuzz import mutate
from connectors.payload import Payload

BODIES = [Payload(b'[{"a": 1}, 7, {"b": []}]', {"x": "y"}), Payload(b"a\nb\n")]


def test_a_seed_gives_the_same_mutations_a_second_time() -> None:
    assert list(mutate(BODIES, 2000, 1)) == list(mutate(BODIES, 2000, 1))


def test_another_seed_gives_others() -> None:
    assert list(mutate(BODIES, 50, 1)) != list(mutate(BODIES, 50, 2))
