"""The rules and the vocabulary of a configuration, from its tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from slawatch.config_calendars import CalendarShelf
from slawatch.config_digest import digest_rules
from slawatch.config_files import Stack
from slawatch.config_model import Channel, Document, PriorityAliases
from slawatch.config_policies import PolicyDrafter
from slawatch.config_split import build_policies
from slawatch.config_targets import build_targets, keep_promised
from slawatch.config_values import hint
from slawatch.errors import Problem
from slawatch.events import OTHER, PRIORITIES, Kind
from slawatch.parsing import Vocabulary
from slawatch.policy import Rules, Source, Team

MAX_CHANNELS = 20
"""Channels multiply the series of a scrape."""

_GRACE_US = Source("").grace_us


def build_rules(
    stack: Stack, document: Document, vocabulary: Vocabulary
) -> tuple[Rules, list[Problem]]:
    """Return rules and warnings; of a stack with problems, rules that nobody must use."""
    shelf = CalendarShelf(stack, document)
    all_targets = build_targets(stack, document)
    drafter = PolicyDrafter(stack, document, shelf)
    drafts = drafter.draft_all()
    policies = () if stack.problems else tuple(build_policies(drafts, shelf))
    promised = {name for policy in policies for name in policy.goals}
    channels = _channels(stack, document)
    desk = document.desk
    said: dict[str, Any] = {
        "grace_us": desk.grace,
        "blame": desk.blame,
        "retention_us": desk.retention,
        "expire_us": desk.expire,
        "answer_within_us": desk.answer_within,
        "zone": desk.zone,
    }
    rules = Rules(
        targets=keep_promised(all_targets, promised),
        policies=policies,
        channels=channels,
        priorities=PRIORITIES,
        teams=_teams(document),
        categories=tuple(dict.fromkeys(desk.categories or ())),
        sources=_sources(stack, document),
        bot_channels=frozenset(name for name in channels if document.channels[name].bot),
        contact_channels=frozenset(name for name in channels if document.channels[name].live),
        **{key: value for key, value in said.items() if value is not None},
    )
    digest = digest_rules(rules, vocabulary, shelf.versions)
    return replace(rules, digest=digest), drafter.warnings


def _channels(stack: Stack, document: Document) -> tuple[str, ...]:
    wanted = document.desk.channels
    if OTHER in document.channels:
        stack.complain(("channels", OTHER), "is what unknown channels are called: use another name")
    for place, name in enumerate(wanted or ()):
        if name not in document.channels and not stack.is_broken("channels", name):
            message = f"no channel has the name {name!r}{hint(name, document.channels)}"
            stack.complain(("desk", "channels", place), message)
    names = tuple(name for name in document.channels if wanted is None or name in wanted)
    if len(names) > MAX_CHANNELS:
        message = (
            f"must be at most {MAX_CHANNELS}, got {len(names)}; name those that the desk has in "
            "desk.channels"
        )
        stack.complain(("channels",), message)
    return names


def _teams(document: Document) -> dict[str, Team]:
    region = document.desk.region or ""
    return {
        name: Team(name, region if team.region is None else team.region, team.tier)
        for name, team in document.teams.items()
    }


def _sources(stack: Stack, document: Document) -> dict[str, Source]:
    grace_us = _GRACE_US if document.desk.grace is None else document.desk.grace
    sources = {}
    for name, table in document.sources.items():
        shows: dict[str, frozenset[Kind]] = {}
        for channel, kinds in (table.shows or {}).items():
            # A list without channels holds for any.
            if channel and channel not in document.channels:
                message = f"no channel has this name{hint(channel, document.channels)}"
                stack.complain(("sources", name, "shows", channel), message)
            shows[channel] = frozenset(kinds)
        own = grace_us if table.grace is None else table.grace
        sources[name] = Source(name, own, shows, shadow=table.shadow)
    return sources


def build_vocabulary(stack: Stack, document: Document) -> Vocabulary:
    """Return what sources may say for each channel and priority: names and aliases.

    Each as written, in lower case, in capitals and with capital initials.
    """
    wanted = document.desk.channels
    for name in document.priorities:
        if name not in PRIORITIES:
            message = f"is no priority; make it an alias of one{hint(name, PRIORITIES)}"
            stack.complain(("priorities", name), message)
    channels = {
        name: table for name, table in document.channels.items() if wanted is None or name in wanted
    }
    priorities = {name: document.priorities.get(name, PriorityAliases()) for name in PRIORITIES}
    return Vocabulary(
        _spellings(stack, "channels", channels), _spellings(stack, "priorities", priorities)
    )


def _spellings(
    stack: Stack, section: str, tables: Mapping[str, Channel | PriorityAliases]
) -> dict[str, str]:
    meant: dict[str, str] = {}
    for name, table in tables.items():
        for word in (name, *table.aliases):
            other = meant.setdefault(word, name)
            if other != name:
                message = f"{word!r} is a name of {other!r} already"
                stack.complain((section, name, "aliases"), message)
    # What is written somewhere beats a spelling that was only made up.
    for word, name in list(meant.items()):
        for spelling in _cases(word):
            meant.setdefault(spelling, name)
    return meant


def _cases(word: str) -> Iterable[str]:
    return (word.lower(), word.upper(), word.capitalize(), word.title())
