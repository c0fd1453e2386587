from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from librt.strings import BytesWriter, write_i64_le

from slawatch.writing import read_numbers, write_u16, write_u32, write_u64


@given(st.integers(0, (1 << 16) - 1), st.integers(0, (1 << 32) - 1), st.integers(0, (1 << 64) - 1))
def test_numbers_are_written_as_struct_does(two: int, four: int, eight: int) -> None:
    writer = BytesWriter()
    write_u16(writer, two)
    write_u32(writer, four)
    write_u64(writer, eight)
    assert writer.getvalue() == Struct("<HIQ").pack(two, four, eight)


@pytest.mark.parametrize("number", [-1, 1 << 16])
def test_a_number_too_large_for_two_bytes_is_refused(number: int) -> None:
    with pytest.raises(OverflowError, match="two bytes"):
        write_u16(BytesWriter(), number)


@pytest.mark.parametrize("number", [-1, 1 << 32])
def test_a_number_too_large_for_four_bytes_is_refused(number: int) -> None:
    with pytest.raises(OverflowError, match="four bytes"):
        write_u32(BytesWriter(), number)


@pytest.mark.parametrize("number", [-1, 1 << 64])
def test_a_number_too_large_for_eight_bytes_is_refused(number: int) -> None:
    with pytest.raises(OverflowError, match="eight bytes"):
        write_u64(BytesWriter(), number)


@given(st.lists(st.integers(-(1 << 63), (1 << 63) - 1)))
def test_numbers_are_read_as_they_were_written(numbers: list[int]) -> None:
    writer = BytesWriter()
    for number in numbers:
        write_i64_le(writer, number)
    assert read_numbers(writer) == numbers
