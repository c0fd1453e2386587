"""Marks of a record: set, read, and never in the decoder's way."""

from __future__ import annotations

import pytest

from connectors.marks import BY_SWEEP, OF_OPEN, OF_PAST, Marks, mark, read_marks
from connectors.payload import Payload, pack_payload
from slawatch.events import CAME_BY_SWEEP, CAME_OF_OPEN, CAME_OF_PAST


@pytest.mark.parametrize(
    ("came", "bit", "is_old_news"),
    [
        pytest.param(BY_SWEEP, CAME_BY_SWEEP, False, id="sweep"),
        pytest.param(OF_PAST, CAME_OF_PAST, True, id="past"),
        pytest.param(OF_OPEN, CAME_OF_OPEN, True, id="open"),
    ],
)
def test_how_a_record_came_is_read_back(came: str, bit: int, *, is_old_news: bool) -> None:
    marks, plain = read_marks(mark(b"{}", came=came))
    assert (marks, plain, marks.is_old_news) == (Marks(0, bit), b"{}", is_old_news)


def test_a_record_keeps_its_headers_and_its_other_mark() -> None:
    body = pack_payload(Payload(b"{}", {"x-topic": "a"}, {"q": "1"}))
    marks, plain = read_marks(mark(mark(body, came=OF_PAST), revision="7"))
    assert (marks, plain) == (Marks(7, CAME_OF_PAST), body)


def test_the_end_of_a_revision_is_read_back() -> None:
    assert read_marks(mark(b"{}", revision="7", since="9")) == (Marks(7, since=9), b"{}")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{}", id="alone"),
        pytest.param(pack_payload(Payload(b"{}", {"x-topic": "a"})), id="with-headers"),
        pytest.param(b"\x1eH1 4 [1,2", id="no-envelope"),
        pytest.param(b"\x1eH1 5 [1,2]", id="an-envelope-of-no-headers"),
    ],
)
def test_a_first_delivery_has_none(body: bytes) -> None:
    assert read_marks(body) == (Marks(), body)


def test_marks_that_cannot_be_read_are_none() -> None:
    forged = pack_payload(
        Payload(b"{}", {"x-slawatch-revision": "x", "x-slawatch-came": "from afar"})
    )
    assert read_marks(forged) == (Marks(), b"{}")
