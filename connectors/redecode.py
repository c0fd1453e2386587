"""Decode anew what is in the intake log: after a decoder was mended.

The records stand in the log once more, with a revision. Acts of a later revision take the place of
those with the same id, wherever they stand in their ticket; what that changes is corrected as for
any late event. An act that the mended decoder no longer gives stays as it was.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.intake import IntakeLog, Pending, Record
from connectors.marks import mark, read_marks

_READ = 2000


def redecode(log: IntakeLog, source: str, from_seq: int) -> tuple[int, int]:
    """Append a source's records from one on once more; return the revision and how many.

    Only while nothing else writes. The revision is the number that the first of them gets, so it
    always grows. After a crash in the middle start it again: that is one more revision.
    """
    last_seq, _ = log.last()
    revision = last_seq + 1
    count = 0
    for records in _read(log, from_seq, last_seq):
        count += log.append(
            [
                _revise(record, revision)
                for record in records
                if record.source == source
                and not record.is_completion
                and not read_marks(record.body)[0].revision
            ]
        ).accepted
    return revision, count


def _read(log: IntakeLog, seq: int, last_seq: int) -> Iterator[list[Record]]:
    after = seq - 1
    while records := [r for r in log.read_after(after, _READ) if r.seq <= last_seq]:
        after = records[-1].seq
        yield records


def _revise(record: Record, revision: int) -> Pending:
    key = f"redecode:{revision}:{record.seq}"
    return Pending(record.source, key, mark(record.body, revision=str(revision)))
