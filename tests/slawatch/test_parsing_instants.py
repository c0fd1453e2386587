"""Instants of native events: RFC 3339 with an offset, or epoch milliseconds, to microseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slawatch.errors import EventError
from slawatch.parsing import parse_instant

AT = 1_767_603_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        pytest.param("2026-01-05T09:00:00Z", 0, id="zulu"),
        pytest.param("2026-01-05 09:00:00+00:00", 0, id="blank-for-T"),
        pytest.param("2026-01-05T10:30:00+01:30", 0, id="east"),
        pytest.param("2026-01-05T00:00:00-09:00", 0, id="west"),
        pytest.param("2026-01-05T09:00:00.5Z", 500_000, id="tenth"),
        pytest.param("2026-01-05T09:00:00.123Z", 123_000, id="milliseconds"),
        pytest.param("2026-01-05T09:00:00.123456Z", 123_456, id="microseconds"),
        pytest.param("2026-01-05T09:00:00.123456999Z", 123_456, id="nanoseconds-are-cut"),
        pytest.param(AT // 1000, 0, id="epoch-milliseconds"),
        pytest.param(AT / 1000 + 0.25, 250, id="epoch-fraction-of-a-millisecond"),
        pytest.param(0, -AT, id="epoch"),
    ],
)
def test_an_instant_is_microseconds_utc(text: object, us: int) -> None:
    assert parse_instant(text, "occurred_at") == AT + us


@pytest.mark.parametrize(
    "value",
    [-1, 10**18, -0.5, 1e300, float("nan"), float("inf"), True, [], "", "09:00Z", "2026-13-01"],
)
def test_what_is_no_instant_is_a_bad_time(value: object) -> None:
    with pytest.raises(EventError) as raised:
        parse_instant(value, "opened_at")
    assert raised.value.reason == "bad_time"
    assert "'opened_at'" in str(raised.value)


@given(
    st.integers(1, (1 << 40)).map(
        lambda ms: _EPOCH + timedelta(milliseconds=7 * ms, microseconds=ms)
    ),
    st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_any_instant_with_an_offset_is_parsed_exactly(instant: datetime, zone: timezone) -> None:
    at = instant.astimezone(zone)
    since = instant - _EPOCH
    assert parse_instant(at.isoformat(), "x") == since // timedelta(microseconds=1)
