"""Pieces of Prometheus' alert templates: what a page must answer at 3 a.m.

Each returns template code that runs when the alert is evaluated. Rules cannot share a `define`,
so each annotation has its own copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dashboards import promql as p
from dashboards.rules.records import Level, usual_breaches, window_breaches
from slawatch import conventions as c
from slawatch import labels as v

LARGEST = 3
"""How many contributors and tickets a page names: what fits on a lock screen."""
_CLOCK = '.Format "2006-01-02 15:04 MST"'
_TICKET_ID = "{ticket_id}"

VALUE = '{{ $value | printf "%.0f" }}'
SHARE = "{{ $value | humanizePercentage }}"
DURATION = "{{ $value | humanizeDuration }}"


def label(name: str) -> str:
    """Return the value of one of the alert's labels."""
    return f"{{{{ $labels.{name} }}}}"


def named(value: str, area: str, texts: Mapping[str, str]) -> str:
    """Return a label's value as the texts call it, and as it is where they have no word for it."""
    words = {
        key.removeprefix(f"{area}__"): text
        for key, text in texts.items()
        if key.startswith(f"{area}__")
    }
    if not words:
        return f"{{{{ {value} }}}}"
    cases = (f"if eq {value} {p.quote(name)} }}}}{word}" for name, word in words.items())
    return "{{ " + "{{ else ".join(cases) + f"{{{{ else }}}}{{{{ {value} }}}}{{{{ end }}}}"


def instant(value: str) -> str:
    """Return a template value in seconds as a readable instant, UTC."""
    return f"({value} | toTime){_CLOCK}"


def ask(query: str, labels: Iterable[str]) -> str:
    """Return a template's query with the alert's own labels put in; `%s` marks their places."""
    values = " ".join(f"$labels.{name}" for name in labels)
    return f"query (printf {p.quote(query.replace('%s', '%q'))} {values})"


def matchers(labels: Iterable[str]) -> str:
    """Return the matchers that `ask` fills."""
    return ",".join(f"{name}=%s" for name in labels)


def since(alert: str, labels: tuple[str, ...], now: str) -> str:
    """Return since when the alert's condition holds; `now` before Prometheus has noted it."""
    pins = ",".join((f'alertname="{alert}"', *(f"{name}=%s" for name in labels)))
    query = ask(f"min(ALERTS_FOR_STATE{{{pins}}})", labels)
    found = f"{{{{ {instant('. | first | value')} }}}}"
    return f"{{{{ with {query} }}}}{found}{{{{ else }}}}{now}{{{{ end }}}}"


def number(query: str, labels: tuple[str, ...], none: str, show: str = 'printf "%.0f"') -> str:
    """Return the first value of a query, or `none`."""
    found = f"{{{{ . | first | value | {show} }}}}"
    return f"{{{{ with {ask(query, labels)} }}}}{found}{{{{ else }}}}{none}{{{{ end }}}}"


def goal(labels: tuple[str, ...], none: str, to: str) -> str:
    """Return the goal that the policy sets, or the range of the goals that the labels leave."""
    family = f"{c.GOAL.name}{{{matchers(labels)}}}"
    least = number(f"min({family})", labels, none, "humanizeDuration")
    most = ask(f"max({family}) > min({family})", [*labels, *labels])
    upper = "{{ . | first | value | humanizeDuration }}"
    return f"{least}{{{{ with {most} }}}} {to} {upper}{{{{ end }}}}"


def usual(level: Level, none: str) -> str:
    """Return what is usual at this hour of the week, or `none` while there is no history."""
    record = f"{usual_breaches(level)}{{{matchers(level.labels)}}}"
    return number(record, level.labels, none, 'printf "%.1f"')


def largest(query: str, labels: tuple[str, ...], name: str, texts: Mapping[str, str]) -> str:
    """Return the largest series of a query, by one label: "email 12, chat 3"."""
    ranked = ask(f"sort_desc(topk({LARGEST}, ({query}) > 0))", labels)
    found = named(f".Labels.{name}", name, texts)
    row = f'{{{{ if $i }}}}, {{{{ end }}}}{found} {{{{ .Value | printf "%.0f" }}}}'
    return f"{{{{ range $i, $_ := {ranked} }}}}{row}{{{{ else }}}}{texts['none']}{{{{ end }}}}"


def teams(texts: Mapping[str, str]) -> str:
    """Return the teams with the most breaches of the alert's target in the last hour."""
    family = c.WINDOW_RESULTS["team"].name
    pins = f'target=%s,window="1h",outcome="{v.BREACHED}"'
    return largest(f"sum by (team) ({family}{{{pins}}})", ("target",), "team", texts)


def found_by(name: str, labels: tuple[str, ...], texts: Mapping[str, str]) -> str:
    """Return by one label the breaches found in the last hour, net of corrections."""
    query = p.net_breached("1h", name, **dict.fromkeys(labels, "%s")).replace('"%s"', "%s")
    # The labels stand in each of the three selectors that the net is made of.
    return largest(f"round({query})", labels * 3, name, texts)


def channels_now(texts: Mapping[str, str]) -> str:
    """Return the channels with the most breaches of the alert's target in the last hour."""
    query = window_breaches(Level.CHANNEL).replace("{", "{target=%s,", 1)
    return largest(query, ("target",), "channel", texts)


def tickets(labels: tuple[str, ...], urls: Mapping[str, str], texts: Mapping[str, str]) -> str:
    """Return the most urgent tickets, a line each, with links where their source has them."""
    found = ask(f"sort(bottomk({LARGEST}, {c.URGENT.name}{{{matchers(labels)}}}))", labels)
    until = f"{texts['due']} {{{{ {instant('.Value')} }}}}"
    row = f"\n- {{{{ .Labels.ticket }}}} ({named('.Labels.target', 'target', texts)}), {until}"
    none = texts["no_ticket"]
    return f"{{{{ range {found} }}}}{row}{_links(urls)}{{{{ else }}}} {none}{{{{ end }}}}"


def _links(urls: Mapping[str, str]) -> str:
    """Return the code that writes the link of the source that a ticket is of."""
    parts = []
    for source, url in sorted(urls.items()):
        pattern = p.quote(f"^{p.escape(source)}/")
        ticket_id = f'{{{{ .Labels.ticket | reReplaceAll {pattern} "" | urlquery }}}}'
        link = url.replace(_TICKET_ID, ticket_id)
        parts.append(f"if match {pattern} .Labels.ticket }}}} {link}")
    return "{{ " + "{{ else ".join(parts) + "{{ end }}" if parts else ""
