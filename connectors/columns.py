"""The columns of a row: by name or dotted path, as text, in templates, as native values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from string import Formatter
from typing import Any, NamedTuple

from connectors.mapping_model import INSTANTS, INTEGERS, MappingFile
from connectors.times import build_time_parser, write_instant
from slawatch.errors import EventError

Row = Mapping[str, object]

_REMEMBERED = 20_000
_TRUE = frozenset(("true", "1", "yes", "y", "t"))
_FALSE = frozenset(("false", "0", "no", "n", "f"))
_UNSEEN = object()
_TEXTS = (str, bool, int, float)


def find_column(row: Row, path: str) -> object:
    """Return a column by its name, or a value inside an object by its dotted path."""
    if path in row:
        return row[path]
    value: object = row
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def render_text(raw: object) -> str:
    """Write a scalar as a CSV export would: JSON's true is "true"."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw).strip()


def parse_template(template: str) -> tuple[tuple[str, str | None], ...]:
    """Split "{number}/{count}" into (text before, column) pairs; no braces: one column.

    Raises `ValueError` for what is no column in braces.
    """
    if "{" not in template and "}" not in template:
        return (("", template),)
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as ex:
        raise ValueError(f"must name columns in braces, got {template!r}: {ex}") from ex
    if any(column == "" or spec or conversion for _, column, spec, conversion in pieces):
        raise ValueError(f"must name columns in braces and nothing else, got {template!r}")
    parts = [(before, column) for before, column, _, _ in pieces]
    if all(column is None for _, column in parts):
        raise ValueError(f"must name at least one column in braces, got {template!r}")
    return tuple(parts)


class Template:
    """Render a row's columns into one text, such as an id."""

    def __init__(self, template: str) -> None:
        """Split the template once."""
        self._template = template
        self._parts = parse_template(template)

    def render(self, row: Row, empty: frozenset[str]) -> str:
        """Return the text. Raises `EventError("missing_key")` where a column is empty."""
        text = ""
        for before, column in self._parts:
            text += before
            if column is None:
                continue
            raw = find_column(row, column)
            value = render_text(raw) if isinstance(raw, _TEXTS) else ""
            if value in empty or not value:
                msg = f"column {column!r} is needed for {self._template!r}, got {raw!r:.80}"
                raise EventError("missing_key", msg)
            text += value
        return text


class _Field(NamedTuple):
    key: str
    column: str
    remembered: dict[str, object]
    convert: Callable[[str], object]


class FieldReader:
    """Read native keys from rows by a table of columns.

    What a text comes to is remembered: most columns hold few different texts.
    """

    def __init__(
        self, file: MappingFile, fields: Mapping[str, str], *, required: Iterable[str] = ()
    ) -> None:
        """Compile the table; a value of a `required` key that does not parse is an error."""
        self._empty = frozenset(file.empty)
        self._required = frozenset(required)
        self._parse_time = build_time_parser(file.times.formats, file.times.zone)
        self._fields = [
            _Field(key, column, {}, self._build_converter(file, key, column))
            for key, column in fields.items()
        ]

    def read(self, row: Row, said: dict[str, Any]) -> None:
        """Add the row's values. Raises `EventError` for required keys alone.

        An optional value that does not parse goes on as it is, so that it is counted as not
        understood, as in a native event.
        """
        for key, column, remembered, convert in self._fields:
            raw = row.get(column)
            if raw is None:
                raw = find_column(row, column)
                if raw is None:
                    continue
            if type(raw) is str:
                value = remembered.get(raw, _UNSEEN)
                if value is _UNSEEN:
                    if len(remembered) >= _REMEMBERED:
                        remembered.clear()
                    value = remembered[raw] = convert(raw)
            else:
                value = self._convert_json(key, column, raw, convert)
            if type(value) is dict:
                said.update(value)
            elif value is not None:
                said[key] = value

    def _convert_json(
        self, key: str, column: str, raw: object, convert: Callable[[str], object]
    ) -> object:
        if isinstance(raw, _TEXTS):
            return convert(render_text(raw))
        if key == "tags" and isinstance(raw, list):
            return raw
        if key in self._required:
            raise EventError("bad_type", f"column {column!r} must be a text, got {raw!r:.80}")
        return raw

    def _build_converter(self, file: MappingFile, key: str, column: str) -> Callable[[str], object]:
        values = {**file.values.get(column, {}), **file.values.get(key, {})}
        empty = self._empty
        parse = self._build_parser(key, column)

        def convert(raw: str) -> object:
            text = raw.strip()
            if text in values:
                return values[text]
            return None if text in empty else parse(text)

        return convert

    def _build_parser(self, key: str, column: str) -> Callable[[str], object]:
        if key == "occurred_at":
            return lambda text: write_instant(self._parse_time(text, column))
        if key in INSTANTS:
            return lambda text: self.try_instant(text, column)
        return _PARSERS.get(key, str)

    def try_instant(self, text: str, column: str) -> int | str:
        """Return a native instant, or the text itself: the event's parser will say it is none."""
        try:
            return write_instant(self._parse_time(text, column))
        except EventError:
            return text


def _parse_bool(text: str) -> bool | str:
    lower = text.lower()
    return True if lower in _TRUE else False if lower in _FALSE else text


def _parse_whole(text: str) -> int | str:
    number = _parse_number(text)
    if isinstance(number, float):
        return int(number) if number.is_integer() else text
    return number


def _parse_number(text: str) -> float | str:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text


def _parse_tags(text: str) -> list[str]:
    return [tag.strip() for tag in text.split(",") if tag.strip()]


_PARSERS: dict[str, Callable[[str], object]] = {
    "public": _parse_bool,
    "tags": _parse_tags,
    "handle_seconds": _parse_number,
    **dict.fromkeys(INTEGERS, _parse_whole),
}
