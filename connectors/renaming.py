"""Names for what a system tells as numbers: its groups and queues as the desk's teams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connectors.connector import Decode, NativeEvent
from connectors.payload import Payload
from slawatch.errors import ConfigError, EventError


def rename_teams(decode: Decode, names: object) -> Decode:
    """Return a decoder that puts a team's name in the place of its number.

    `names` is the option `teams`: from what the system sends to what the configuration calls it;
    what is not in it stays. Raises `ConfigError` for anything but a table of texts.
    """
    if not isinstance(names, Mapping) or not all(isinstance(v, str) for v in names.values()):
        msg = f"'teams' must be a table from the system's id to a team's name, got {names!r:.80}"
        raise ConfigError(msg)
    if not names:
        return decode
    table = {str(key): value for key, value in names.items()}

    def renamed(payload: Payload) -> Iterator[NativeEvent | EventError]:
        for event in decode(payload):
            team = event.get("team") if isinstance(event, Mapping) else None
            if isinstance(event, Mapping) and isinstance(team, str) and team in table:
                yield {**event, "team": table[team]}
            else:
                yield event

    return renamed
