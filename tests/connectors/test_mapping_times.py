from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.times import build_time_parser, write_instant
from slawatch.errors import EventError
from slawatch.parsing import parse_instant

SECOND = 1_000_000
FEB_29 = 1_456_708_560 * SECOND  # 2016-02-29 01:16 UTC


@pytest.mark.parametrize(
    ("pattern", "zone", "text", "expected"),
    [
        pytest.param("%d/%m/%Y %H:%M", "UTC", "29/2/2016 01:16", FEB_29, id="not padded"),
        pytest.param("%d/%m/%Y %H:%M", "UTC", "29/02/2016 1:16", FEB_29, id="padded"),
        pytest.param("%m/%d/%Y %H:%M", "UTC", "2/29/2016 01:16", FEB_29, id="month first"),
        pytest.param("%Y%m%d%H%M%S", "UTC", "20160229011600", FEB_29, id="no separators"),
        pytest.param("%d.%m.%Y", "UTC", "29.2.2016", FEB_29 - 4560 * SECOND, id="a day alone"),
        pytest.param("%d %b %Y %I:%M %p", "UTC", "29 Feb 2016 01:16 AM", FEB_29, id="words"),
        pytest.param(
            "%Y-%m-%d %H:%M:%S.%f", "UTC", "2016-02-29 01:16:00.25", FEB_29 + 250_000, id="fraction"
        ),
        pytest.param(
            "%Y-%m-%d %H:%M%z", "Asia/Tokyo", "2016-02-29 02:16+0100", FEB_29, id="offset"
        ),
        pytest.param("%Y-%m-%d %H:%M", "Asia/Kathmandu", "2016-02-29 07:01", FEB_29, id="zone"),
        pytest.param("rfc3339", "UTC", "2016-02-29T02:16:00.000001+01:00", FEB_29 + 1, id="rfc"),
        pytest.param("epoch_s", "UTC", "1456708560.5", FEB_29 + 500_000, id="epoch seconds"),
        pytest.param("epoch_ms", "UTC", "1456708560000", FEB_29, id="epoch milliseconds"),
        pytest.param("epoch_s", "UTC", "-1", -SECOND, id="before 1970"),
        pytest.param(
            "%Y-%m-%d %H:%M",
            "Europe/Berlin",
            "2016-03-27 02:30",
            1_459_042_200 * SECOND,
            id="in a gap: forward by the gap",
        ),
        pytest.param(
            "%Y-%m-%d %H:%M",
            "Europe/Berlin",
            "2016-10-30 02:30",
            1_477_787_400 * SECOND,
            id="ambiguous: the first",
        ),
    ],
)
def test_instants_are_read(pattern: str, zone: str, text: str, expected: int) -> None:
    assert build_time_parser([pattern], zone)(text, "at") == expected


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param("%d/%m/%Y %H:%M", "2/29/2016 01:16", id="month first"),
        pytest.param("%d/%m/%Y %H:%M", "29/2/2015 01:16", id="no such day"),
        pytest.param("%d/%m/%Y %H:%M", "29/2/2016 24:16", id="no such hour"),
        pytest.param("%d/%m/%Y %H:%M", "29/2/2016 01:16:00", id="more than the pattern"),
        pytest.param("%d/%m/%Y %H:%M", "29/2/2016 0\u0661:16", id="digits of another script"),
        pytest.param("%d/%m/%Y %H:%M", "1/1/0000 00:00", id="the year 0"),
        pytest.param("rfc3339", "2016-02-29T01:16:00", id="no offset"),
        pytest.param("epoch_s", "inf", id="infinite"),
        pytest.param("epoch_s", "9" * 15, id="beyond the year 9999"),
        pytest.param("epoch_s", "1e9999999", id="an exponent"),
    ],
)
def test_what_is_no_such_instant_is_a_bad_time(pattern: str, text: str) -> None:
    with pytest.raises(EventError, match="column 'at' must be written as") as caught:
        build_time_parser([pattern], "UTC")(text, "at")
    assert caught.value.reason == "bad_time"


def test_the_first_format_that_fits_is_taken() -> None:
    parse = build_time_parser(["%Y-%m-%d %H:%M", "epoch_s"], "UTC")
    assert parse("2016-02-29 01:16", "") == parse("1456708560", "") == FEB_29


AT = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001 - drawn as UTC


@given(AT.map(lambda at: at.replace(microsecond=0, tzinfo=UTC)))
def test_plain_patterns_read_what_strftime_writes(at: datetime) -> None:
    text = f"{at.day}/{at.month}/{at.year:04} {at.hour}:{at.minute:02}:{at.second}"
    expected = round(at.timestamp()) * SECOND
    assert build_time_parser(["%d/%m/%Y %H:%M:%S"], "UTC")(text, "") == expected


@given(st.integers(-62_000_000_000, 250_000_000_000), st.integers(0, SECOND - 1))
def test_the_native_parser_reads_what_is_written(seconds: int, us: int) -> None:
    at = seconds * SECOND + us
    assert parse_instant(write_instant(at), "occurred_at") == at
