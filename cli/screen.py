"""The terminal summary of `slawatch up`: attainment by channel and target, and where to look."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.live import Live as LiveDisplay
from rich.table import Table
from rich.text import Text

from cli.console import OUT
from flows.live import Live
from flows.store import Contents, Results
from slawatch.config import Settings
from slawatch.policy import Rules
from slawatch.views import View, merge

WINDOW = "8h"
_REFRESH_SECONDS = 1.0
_PLAIN_SECONDS = 10.0
_STALE_US = 5_000_000


class Screen:
    """Show how the desk does: a live table on a terminal, a line now and then elsewhere."""

    def __init__(self, rules: Rules, beside: Mapping[str, str], *, is_terminal: bool) -> None:
        """Take the rules, for objectives and the order of channels, and URLs of what runs beside.

        Those may come later: they are read when they are shown.
        """
        self._beside = beside
        self._rules = rules
        self._is_terminal = is_terminal

    def watch(self, live: Live) -> None:
        """Show until the monitor stops."""
        if not self._is_terminal:
            while not live.stop.wait(_PLAIN_SECONDS):
                OUT.print(self.summarize(live.store.read()), highlight=False)
            return
        with LiveDisplay(console=OUT, refresh_per_second=2) as display:
            while not live.stop.is_set():
                display.update(self.render(live))
                time.sleep(_REFRESH_SECONDS)

    def summarize(self, contents: Contents) -> str:
        """Return the state in one line."""
        results = _results(contents)
        met = sum(row[WINDOW][0] for key, row in results.items() if key[0] == "priority")
        breached = sum(row[WINDOW][1] for key, row in results.items() if key[0] == "priority")
        view = merge(contents.views.values())
        share = f"{met / (met + breached):.1%}" if met + breached else "no results"
        return f"last {WINDOW}: {share} met, {breached} breached; {_open(view)} tickets open"

    def render(self, live: Live) -> RenderableType:
        """Return the whole screen."""
        contents = live.store.read()
        view = merge(contents.views.values())
        head = self._head(contents, view, live.wall.now())
        return Group(head, self._table(_results(contents)), self._where(live, view))

    def _table(self, results: Results) -> Table:
        """Lay out targets by channels: names of channels are the shorter ones."""
        shown = {key[1:] for key in results if key[0] == "channel"}
        channels = [name for name in self._rules.channels if any(name == c for c, _ in shown)]
        title = f"attainment of the last {WINDOW} in %, ! is below the objective"
        table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=0, pad_edge=False)
        table.add_column("target")
        for channel in channels:
            table.add_column(channel, justify="right", no_wrap=True, min_width=6)
        for target in self._rules.targets:
            row = [self._cell(results, channel, target.name) for channel in channels]
            if any(cell.plain for cell in row):
                table.add_row(target.name.replace("_", " "), *row)
        return table

    def _head(self, contents: Contents, view: View, now: int) -> Text:
        log_at = contents.log_at
        text = Text("slawatch  ")
        text.append(_clock(log_at) if log_at else "starting")
        if not log_at or now - log_at > _STALE_US:
            text.append("  catching up", "yellow")
        breached = sum(count for key, count in view.clocks.items() if key[3] == "breached")
        at_risk = sum(count for key, count in view.clocks.items() if key[3] == "at_risk")
        text.append(f"\n{_open(view)} tickets open  ")
        text.append(f"{breached} clocks breached  ", "red" if breached else "")
        text.append(f"{at_risk} at risk", "yellow" if at_risk else "")
        return text

    def _cell(self, results: Results, channel: str, target: str) -> Text:
        met, breached = results.get(("channel", channel, target), {}).get(WINDOW, (0, 0))
        if not met + breached:
            return Text("")
        share = met / (met + breached)
        objective = self._objective(target)
        style = "blue" if share >= objective else "yellow" if share >= objective - 0.05 else "red"
        mark = " " if share >= objective else "!"
        return Text(f"{math.floor(share * 1000) / 10:.1f}{mark}", style)

    def _where(self, live: Live, view: View) -> Text:
        options = live.options
        ticket = view.urgent[0].ticket if view.urgent else "TICKET"
        flags = "" if options.state == Settings().folder else f" --state {options.state}"
        rows = {
            "wall": live.wall_url,
            "metrics": f"{live.url}metrics",
            **self._beside,
            "why": f"./run explain {ticket}{flags}",
            "stop": "Ctrl-C; the state is kept, the next start goes on where it was",
        }
        width = max(map(len, rows))
        return Text("\n".join(f"{name:<{width}}  {row}" for name, row in rows.items()))

    def _objective(self, target: str) -> float:
        goals = [p.goals[target].objective_ratio for p in self._rules.policies if target in p.goals]
        return max(goals, default=0.95)


def _results(contents: Contents) -> Results:
    for part in contents.totals.values():
        return part.results
    return {}


def _open(view: View) -> int:
    return sum(count for key, count in view.tickets.items() if key[2] != "resolved")


def _clock(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
