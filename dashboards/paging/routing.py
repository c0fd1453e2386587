"""Alertmanager's configuration: who hears of which alert, when, and how often."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dashboards.paging.hours import find_region_hours, render_interval
from dashboards.rules.alert import Owner, Severity
from slawatch.config import Config
from slawatch.errors import ConfigError
from slawatch.policy import Rules

WATCHDOG, DIGEST = "watchdog", "digest"
"""Receivers of the dead man's switch, and of what is only told."""
DRILL = "drill"
"""The label of a case that is played through: it goes the real way, in groups of its own."""
NO_DRILL = f'{DRILL}=""'
GROUP_BY = ("alertname", "region", "priority", DRILL)
"""Never by ticket: a spike is one message."""
URGENT = "SlaUrgentUnacknowledged"
BLIND = ("SlawatchStreamStalled", "SlawatchMetricsAbsent")
"""While one of these fires, what is said of customers is old."""

Receivers = Mapping[str, Mapping[str, Any]]


def receiver_of(owner: Owner, severity: Severity) -> str:
    """Return the receiver's name for an owner's pages or tickets: "support-page"."""
    return f"{owner}-{severity}"


def managers_of(owner: Owner) -> str:
    """Return the receiver that hears of a page which nobody has ended."""
    return f"{owner}-managers"


def build_routing(config: Config, receivers: Receivers | None = None) -> dict[str, Any]:
    """Return the whole configuration.

    `receivers` are the integrations by receiver's name, as Alertmanager writes them; one without
    any takes alerts and tells nobody. Raises `ConfigError` for a name that no route leads to.
    """
    given = receivers or {}
    names = list(_receiver_names(config.rules))
    if unknown := sorted(set(given) - set(names)):
        raise ConfigError(
            f"no route leads to the receivers {', '.join(map(repr, unknown))}; there are "
            f"{', '.join(names)}"
        )
    hours = find_region_hours(config.rules)
    return {
        "templates": ["*.tmpl"],
        "route": {
            "receiver": receiver_of(Owner.PLATFORM, Severity.TICKET),
            "group_by": list(GROUP_BY),
            "group_wait": "30s",
            "group_interval": "5m",
            "repeat_interval": "12h",
            "routes": list(_routes(config, set(hours))),
        },
        "inhibit_rules": list(_inhibitions()),
        "time_intervals": [
            render_interval(_open(region), calendar) for region, calendar in hours.items()
        ],
        "receivers": [{"name": name, **given.get(name, {})} for name in names],
    }


def _receiver_names(rules: Rules) -> Iterator[str]:
    for owner in Owner:
        yield receiver_of(owner, Severity.PAGE)
        yield managers_of(owner)
        yield receiver_of(owner, Severity.TICKET)
    yield from (DIGEST, WATCHDOG)
    for region, teams in _teams(rules).items():
        if region:
            yield f"region-{region}"
        yield from (f"team-{team}" for team in teams)


def _teams(rules: Rules) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for team in rules.teams.values():
        found.setdefault(team.region, []).append(team.name)
    return found


def _open(region: str) -> str:
    return f"hours-{region}"


def _match(**labels: str) -> list[str]:
    return [f'{name}="{value}"' for name, value in labels.items()]


def _routes(config: Config, open_regions: set[str]) -> Iterator[dict[str, Any]]:
    settings = config.settings
    yield {
        "receiver": WATCHDOG,
        "matchers": _match(alertname="Watchdog"),
        "group_wait": "0s",
        "group_interval": "1m",
        # Whoever listens for silence must hear it often.
        "repeat_interval": "1m",
    }
    yield {
        "receiver": DIGEST,
        "matchers": _match(severity=Severity.INFO),
        "group_by": ["alertname", DRILL],
        "repeat_interval": "24h",
    }
    for owner in Owner:
        # A group that is over before its first message is due is never sent: the later route.
        yield {
            "receiver": managers_of(owner),
            "matchers": _match(owner=owner, severity=Severity.PAGE),
            "group_wait": _seconds(settings.escalate_us),
            "repeat_interval": "4h",
            "continue": True,
        }
    yield {
        "receiver": receiver_of(Owner.SUPPORT, Severity.PAGE),
        "matchers": _match(alertname=URGENT),
        "group_wait": "10s",
        "group_interval": _seconds(min(settings.remind_us, 300_000_000)),
        # Alertmanager asks at each group interval whether it is time again.
        "repeat_interval": _seconds(settings.remind_us),
    }
    for owner in Owner:
        yield {
            "receiver": receiver_of(owner, Severity.PAGE),
            "matchers": _match(owner=owner, severity=Severity.PAGE),
            "group_wait": "10s",
            "repeat_interval": "1h",
        }
    yield {
        "receiver": receiver_of(Owner.SUPPORT, Severity.TICKET),
        "matchers": _match(owner=Owner.SUPPORT),
        "group_wait": "1m",
        "routes": [
            route
            for region, teams in _teams(config.rules).items()
            for route in _region_routes(region, teams, is_timed=region in open_regions)
        ],
    }


def _region_routes(
    region: str, teams: Sequence[str], *, is_timed: bool
) -> Iterator[dict[str, Any]]:
    timed = {"active_time_intervals": [_open(region)]} if is_timed else {}
    own = [
        {"receiver": f"team-{team}", "matchers": _match(team=team), **timed}  # not inherited
        for team in teams
    ]
    if not region:
        yield from own
        return
    yield {
        "receiver": f"region-{region}",
        "matchers": _match(region=region),
        **timed,
        "routes": own,
    }


def _inhibitions() -> Iterator[dict[str, Any]]:
    yield {
        "source_matchers": [f'alertname=~"{"|".join(BLIND)}"', NO_DRILL],
        "target_matchers": [*_match(owner=Owner.SUPPORT), NO_DRILL],
    }
    yield {
        "source_matchers": [*_match(owner=Owner.SUPPORT, severity=Severity.PAGE), NO_DRILL],
        "target_matchers": [*_match(owner=Owner.SUPPORT, severity=Severity.TICKET), NO_DRILL],
        "equal": ["topic", "priority", "channel", "target"],
    }
    yield {
        # The spike says which channel: of one incident one page.
        "source_matchers": [*_match(alertname="SlaBreachSpike"), NO_DRILL],
        "target_matchers": ['alertname=~"SlaBudgetBurnFast|SlaBudgetBurn"', NO_DRILL],
        "equal": ["target"],
    }
    yield {
        "source_matchers": [*_match(alertname="SlaBudgetBurnFast"), NO_DRILL],
        "target_matchers": [*_match(alertname="SlaBudgetBurn"), NO_DRILL],
        "equal": ["priority", "channel", "target"],
    }


def _seconds(amount_us: int) -> str:
    return f"{amount_us // 1_000_000}s"
