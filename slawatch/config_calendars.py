"""Calendars by name and region, built from their tables."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

from slawatch.calendars import Calendar
from slawatch.config_files import Stack
from slawatch.config_model import CalendarTable, CalendarVersion, Document, Region
from slawatch.config_values import REGIONAL, build_week, hint
from slawatch.errors import ConfigError
from slawatch.holiday_sources import country_holidays, load_ics
from slawatch.schedule import Schedule, wall_to_utc

ALWAYS = "24x7"
"""The calendar of wall time, which needs no table."""

HOLIDAY_YEARS = range(2010, 2036)
"""The years a country's holidays are looked up for: fixed, so that the same files give the same
rules whenever they are read. Tables by moon and decree end around 2035 in the package."""

KeyPath = tuple[str | int, ...]
Versions = list[tuple[int | None, Schedule]]


class CalendarShelf:
    """Build each calendar once a region, and note what is wrong with any."""

    def __init__(self, stack: Stack, document: Document) -> None:
        """Build every calendar for the desk itself; regions follow on demand."""
        self._stack = stack
        self._tables = document.calendars
        self._regions = document.regions
        self._desk_zone = document.desk.zone or "UTC"
        self._country_holidays: dict[tuple[str, str | None], _Holidays] = {}
        self._ics: dict[str, frozenset[date]] = {}
        self._built: dict[tuple[str, str], Calendar] = {(ALWAYS, ""): Calendar.always_open(ALWAYS)}
        self.versions: dict[str, Versions] = {}
        if ALWAYS in self._tables:
            stack.complain(("calendars", ALWAYS), "is built in and always open: use another name")
        for name in self._tables:
            if name != ALWAYS and not stack.is_broken("calendars", name):
                self.get(name, "")

    def names(self) -> list[str]:
        """Return the names that a goal may use."""
        return [ALWAYS, *self._tables]

    def is_known(self, name: str) -> bool:
        """Tell whether a goal may use a name, rightly built or not."""
        return name in self.names() or self._stack.is_broken("calendars", name)

    def explain_unknown(self, name: str) -> str:
        """Return the sentence about a calendar that is not there."""
        return f"no calendar has the name {name!r}{hint(name, self.names())}"

    def regions_of(self, name: str) -> list[str]:
        """Return the regions in which a calendar differs from the desk's."""
        table = self._tables.get(name)
        if table is None:
            return []
        says = [(version.zone, version.country) for version in (table, *table.versions)]
        return [
            region
            for region, own in self._regions.items()
            if any(
                (zone == REGIONAL and own.zone not in (None, self._desk_zone))
                or (country == REGIONAL and own.country is not None)
                for zone, country in says
            )
        ]

    def get(self, name: str, region: str) -> Calendar:
        """Return a calendar as a region has it; "" is the desk.

        Of a calendar that could not be built, one that is always open stands in.
        """
        if region not in self.regions_of(name):
            region = ""
        key = (name, region)
        if key not in self._built and self._stack.is_broken("calendars", name):
            self._built[key] = Calendar.always_open(name)
        if key not in self._built:
            shown = f"{name}@{region}" if region else name
            versions = self._lay_out(name, region)
            try:
                self._built[key] = Calendar(shown, versions)
                self.versions[shown] = versions
            except ConfigError as ex:
                for problem in ex.problems:
                    self._stack.complain(("calendars", name), problem.message)
                self._built[key] = Calendar.always_open(name)
        return self._built[key]

    def _lay_out(self, name: str, region: str) -> Versions:
        table = self._tables.get(name) or CalendarTable(hours={"mon-sun": ((0, 86_400),)})
        own = self._regions.get(region, Region())
        rules: CalendarVersion = table
        versions: Versions = [(None, self._build((name,), rules, own))]
        for number, dated in enumerate(table.versions):
            said = dated.model_dump(include=dated.model_fields_set - {"valid_from"})
            rules = rules.model_copy(update=said)
            schedule = self._build((name, "versions", number), rules, own)
            midnight = datetime.combine(dated.valid_from, datetime.min.time())
            versions.append((wall_to_utc(midnight, schedule.zone), schedule))
        return versions

    def _build(self, path: KeyPath, rules: CalendarVersion, own: Region) -> Schedule:
        zone = rules.zone or self._desk_zone
        if zone == REGIONAL:
            zone = own.zone or self._desk_zone
        week = build_week({})
        try:
            if rules.hours is None:
                raise ValueError('is required, for example hours = { mon-fri = "09:00-18:00" }')
            week = build_week(rules.hours)
        except ValueError as ex:
            self._stack.complain(("calendars", *path, "hours"), str(ex))
        holidays, working_days = self._holidays(path, rules, own)
        return Schedule(
            zone=zone,
            week=week,
            holidays=holidays | frozenset(rules.holidays or ()),
            annual_holidays=frozenset(rules.annual_holidays or ()),
            overrides=rules.overrides or {},
            breaks=rules.breaks or {},
            working_days={**working_days, **(rules.working_days or {})},
        )

    def _holidays(self, path: KeyPath, rules: CalendarVersion, own: Region) -> _Holidays:
        days: frozenset[date] = frozenset()
        for file in rules.holidays_ics or ():
            try:
                if file not in self._ics:
                    self._ics[file] = load_ics(Path(file))
                days |= self._ics[file]
            except ConfigError as ex:
                for problem in ex.problems:
                    key = ("calendars", *path, "holidays_ics")
                    self._stack.complain(key, f"{file!r} {problem.message}")
        country, subdivision = rules.country, rules.subdivision
        if country == REGIONAL:
            country, subdivision = own.country, own.subdivision
        if country is None:
            return days, {}
        if (country, subdivision) not in self._country_holidays:
            self._country_holidays[country, subdivision] = self._look_up(path, country, subdivision)
        known, working_days = self._country_holidays[country, subdivision]
        return days | known, working_days

    def _look_up(self, path: KeyPath, country: str, subdivision: str | None) -> _Holidays:
        with warnings.catch_warnings():
            # The package warns of years that it does not know; they have no holidays then.
            warnings.simplefilter("ignore", UserWarning)
            try:
                return country_holidays(country, subdivision, HOLIDAY_YEARS)
            except ConfigError as ex:
                for problem in ex.problems:
                    self._stack.complain(("calendars", *path, problem.key), problem.message)
        return frozenset(), {}


_Holidays = tuple[frozenset[date], Mapping[date, int]]
