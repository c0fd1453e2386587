"""What the boards are built from: the desk's own channels, targets and links, and the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards.looks import Json, rename, tell_apart
from dashboards.panels import Link
from slawatch.config import Config
from slawatch.errors import ConfigError
from slawatch.reach import find_reach
from slawatch.texts import load_texts

BOARD_NAMES = (
    "wall",
    "channels",
    "priorities",
    "stages",
    "slo",
    "urgent",
    "bots",
    "contact-centre",
    "pipeline",
)
"""From the wall downwards; files are called so, uids `slawatch-` before it."""

_HEADLINES = ("first_response", "resolution", "next_response", "bot_first_response")
"""The targets that a wall shows before any other, where they are promised and measured."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Be one desk in one language. `targets` are those that are measured somewhere."""

    language: str
    words: Mapping[str, str]
    targets: tuple[str, ...]
    stages: tuple[str, ...]
    bot_targets: tuple[str, ...]
    live_channels: tuple[str, ...]
    ticket_urls: Mapping[str, str]

    @property
    def headlines(self) -> tuple[str, ...]:
        """Return the three targets that matter first."""
        first = [name for name in _HEADLINES if name in self.targets]
        rest = [name for name in self.targets if name not in first]
        return tuple([*first, *rest][:3])

    @property
    def no_data(self) -> str:
        """Return the word for what is not there."""
        return self.words["no_data"]

    def name(self, area: str, value: str) -> str:
        """Return how people call a label's value; values of one's own stay as they are."""
        return self.words.get(f"{area}__{value}", value)

    def target(self, name: str) -> str:
        """Return how people call a target."""
        return self.name("target", name)

    def renamed(self, *areas: str) -> tuple[Json, ...]:
        """Return overrides that put the words of these areas in the place of label values."""
        return tuple(rename({name: text for area in areas for name, text in self._of(area)}))

    def lines(self, area: str, *, is_reworded: bool = False) -> tuple[Json, ...]:
        """Return overrides that do the same for lines, and give each its own colour.

        `is_reworded`: transformations have put the words in place already.
        """
        names = self._of(area)
        return tuple(tell_apart({text if is_reworded else name: text for name, text in names}))

    def _of(self, area: str) -> list[tuple[str, str]]:
        prefix = f"{area}__"
        return [
            (key.removeprefix(prefix), text)
            for key, text in self.words.items()
            if key.startswith(prefix)
        ]

    def reworded(self, *areas: str) -> tuple[Json, ...]:
        """Return transformations that do the same inside names made of several labels."""
        return tuple(
            {
                "id": "renameByRegex",
                "options": {
                    "regex": f"(.*)\\b{key.removeprefix(f'{area}__')}\\b(.*)",
                    "renamePattern": f"$1{text}$2",
                },
            }
            for area in areas
            for key, text in sorted(self.words.items())
            if key.startswith(f"{area}__") and key != f"{area}__{text}"
        )

    def uid(self, board: str) -> str:
        """Return a board's uid, which alerts and bookmarks rely on."""
        return f"slawatch-{board}{'' if self.language == 'en' else f'-{self.language}'}"

    def leads_to(self, board: str) -> Link:
        """Return a link to another board of the same language."""
        return Link(self.words[f"board_{board}"], f"/d/{self.uid(board)}")

    def below(self, board: str) -> tuple[Link, ...]:
        """Return links from a board to the wall and to those below it."""
        place = BOARD_NAMES.index(board)
        names = [*BOARD_NAMES[:1], *BOARD_NAMES[max(place + 1, 1) :]]
        return tuple(self.leads_to(name) for name in names if name != board)


def build_desk(config: Config, language: str) -> Desk:
    """Return a desk as its configuration says, in one of `slawatch.texts.LANGUAGES`.

    Raises `ConfigError` where nothing is promised and measured.
    """
    rules = config.rules
    reach = find_reach(rules)
    measured = {target for _, target in reach.by_channel}
    targets = tuple(target.name for target in rules.targets if target.name in measured)
    if not targets:
        raise ConfigError(
            "there is nothing to show: no policy promises a target that a source can show the end "
            "of; name policies that do with --policy"
        )
    chained = {target.name for target in rules.targets if target.chain}
    return Desk(
        language,
        {
            key: text
            for area in ("terms", "values", "boards")
            for key, text in load_texts(area, language).items()
        },
        targets,
        tuple(name for name in targets if name in chained) or targets,
        tuple(name for name in targets if name in reach.answered_by_bots),
        tuple(name for name in rules.channels if name in rules.contact_channels),
        dict(sorted(config.settings.ticket_urls.items())),
    )
