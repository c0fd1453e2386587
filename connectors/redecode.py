"""Decode anew what is in the intake log: after a decoder was mended.

The records stand in the log once more, with a revision, and behind them that these were all. Acts
of a later revision take the place of those with the same id, wherever they stand in their ticket;
acts that the revision did not tell are taken back. What that changes is corrected as for any late
event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from connectors.intake import IntakeLog, Pending, Record
from connectors.marks import mark, read_marks
from slawatch.events import MAX_AHEAD_US

_READ = 2000


def redecode(
    log: IntakeLog,
    source: str,
    from_seq: int,
    concerns: Callable[[Record], bool] = lambda _: False,
) -> tuple[int, int]:
    """Append a source's records from one on once more; return the revision and how many.

    With them those of other sources that `concerns` its tickets: what they told stays told. Only
    while nothing else writes. The revision is the number that the first of them gets, so it
    always grows. After a crash in the middle start it again: that is one more revision, and the
    one without an end takes nothing back.
    """
    last_seq, _ = log.last()
    revision = last_seq + 1
    count = 0
    since: int | None = None
    for records in _read(log, from_seq, last_seq):
        if since is None:
            since = _find_since(records[0], from_seq)
        first = [
            one for one in records if not one.is_completion and not read_marks(one.body)[0].revision
        ]
        own = [_revise(record, revision) for record in first if record.source == source]
        others = [record for record in first if record.source != source and concerns(record)]
        log.append([*own, *(_revise(record, revision) for record in others)])
        count += len(own)
    if count:
        end = mark(b"{}", revision=str(revision), since=str(since))
        log.append([Pending(source, f"redecode:{revision}:end", end)])
    return revision, count


def _find_since(first: Record, from_seq: int) -> int:
    """Return since when every act of a ticket must be told by the records from this one on.

    0 where there was never a record before it. What an earlier one told happened at most so long
    after that had been received.
    """
    return 0 if first.seq == 1 and from_seq <= 1 else first.received_at + MAX_AHEAD_US


def _read(log: IntakeLog, seq: int, last_seq: int) -> Iterator[list[Record]]:
    after = seq - 1
    while records := [r for r in log.read_after(after, _READ) if r.seq <= last_seq]:
        after = records[-1].seq
        yield records


def _revise(record: Record, revision: int) -> Pending:
    key = f"redecode:{revision}:{record.seq}"
    return Pending(record.source, key, mark(record.body, revision=str(revision)))
