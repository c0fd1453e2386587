"""Lines of native JSON, many at once: each is parsed, or known by its form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from slawatch.cutting import Cutter
from slawatch.errors import EventError
from slawatch.events import NO_EXTRAS, NO_HASH, Event, Extras, hash_bytes
from slawatch.parsing import parse_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slawatch.parsing import Vocabulary

AHEAD: Final = "the event lies more than 5 minutes ahead of the clock"
_FORMS: Final = 16_384
_NAMES: Final = 16_384
_CHANCES: Final = 4


class Form:
    """Be what all lines of a form say, by an event of one, and how their tickets' keys begin."""

    __slots__ = ("act", "keys", "prefix")

    def __init__(self, act: Event, prefix: str, keys: dict[bytes, str]) -> None:
        """Take an event, and the keys of tickets that are known by their ids."""
        self.act = act
        self.prefix = prefix
        self.keys = keys


class LineParser:
    """Parse lines of native JSON, by their forms where that is quicker: once this is compiled.

    `loads` raises `ValueError` for what is no JSON. What happened after `latest_at` is rejected as
    `future`.
    """

    def __init__(
        self,
        loads: Callable[[Any], object],
        source: str,
        vocabulary: Vocabulary,
        latest_at: int,
        *,
        by_form: bool,
    ) -> None:
        """Know no form yet."""
        self._loads = loads
        self._source = source
        self._vocabulary = vocabulary
        self._latest_at = latest_at
        self._chances = _CHANCES if by_form else 0
        self._cutter = Cutter()
        self._forms: dict[bytes, Form] = {}
        self._keys: dict[str, dict[bytes, str]] = {}
        self._people: dict[bytes, str] = {}

    def parse(self, lines: Sequence[object]) -> tuple[list[Event | ValueError | EventError], int]:
        """Return what each line is, and how many failed: those are the error that says why."""
        parsed: list[Event | ValueError | EventError] = []
        known: list[Event] = []
        ids: list[bytes] = []
        failed = missed = 0
        for line in lines:
            if self._chances and isinstance(line, bytes):
                event = self._parse_known(line)
                if event is not None:
                    parsed.append(event)
                    known.append(event)
                    ids.append(self._cutter.event_id)
                    continue
                missed += 1
            told = self._parse(line)
            parsed.append(told)
            failed += not isinstance(told, Event)
        for i, event_id in enumerate(ids):  # in a loop of its own it takes less than one by one
            known[i].id_hash = hash_bytes(event_id)
        if self._chances:  # where most lines are of no known form, cutting them is in vain
            self._chances = self._chances - 1 if 2 * missed > len(lines) else _CHANCES
        return parsed, failed

    def _parse(self, line: object) -> Event | ValueError | EventError:
        try:
            event = parse_event(self._loads(line), None, self._source, self._vocabulary)
        except (ValueError, EventError) as ex:
            return ex
        if event.occurred_at > self._latest_at:
            return EventError("future", AHEAD)
        if self._chances and isinstance(line, bytes):
            self._learn(line, event)
        return event

    def _parse_known(self, line: bytes) -> Event | None:
        """Return an event but for the hash of its id, `None` for a line of no known form."""
        cutter = self._cutter
        if not cutter.cut(line):
            return None
        form = self._forms.get(cutter.form)
        if form is None or cutter.occurred_at > self._latest_at:
            return None
        act = form.act
        extras = act.extras
        if cutter.handle_us >= 0:
            score = None if extras is None else extras.score
            extras = Extras(None, None, None, cutter.handle_us, score)
        key = form.keys.get(cutter.ticket_id)
        if key is None:
            key = self._name(form, cutter.ticket_id)
        assignee = act.assignee
        if cutter.assignee is not None:
            assignee = self._people.get(cutter.assignee)
            if assignee is None:
                assignee = self._meet(cutter.assignee)
        return Event(
            cutter.occurred_at,
            cutter.sequence or act.sequence,
            act.rank,
            NO_HASH,
            act.kind,
            act.actor,
            act.public,
            act.attrs,
            extras,
            assignee,
            key,
            key,
            cutter.occurred_at,
            act.marks,
            act.connector,
        )

    def _name(self, form: Form, ticket_id: bytes) -> str:
        key = form.prefix + ticket_id.decode()
        if len(form.keys) >= _NAMES:
            form.keys.clear()
        form.keys[ticket_id] = key
        return key

    def _meet(self, person: bytes) -> str:
        if len(self._people) >= _NAMES:
            self._people.clear()
        name = self._people[person] = person.decode()
        return name

    def _learn(self, line: bytes, event: Event) -> None:
        """Know the form of a line that was parsed, if nothing else of it varies."""
        cutter = self._cutter
        if event.case != event.key or not cutter.cut(line):
            return
        if (event.extras or NO_EXTRAS)[:3] != NO_EXTRAS[:3]:
            return
        prefix = event.key.removesuffix(cutter.ticket_id.decode())
        if len(self._forms) >= _FORMS:
            self._forms.clear()
        self._forms[cutter.form] = Form(event, prefix, self._keys.setdefault(prefix, {}))
