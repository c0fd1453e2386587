"""Numbers as bytes, little-endian: those without a sign as the one with it of the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from librt.strings import read_i64_le, write_i16_le, write_i32_le, write_i64_le

if TYPE_CHECKING:
    from librt.strings import BytesWriter

NUMBER_BYTES: Final = 8
_SMALL: Final = (1 << 62) - 1
"""What compiled code holds without an object."""


def write_u16(writer: BytesWriter, number: int) -> None:
    """Write two bytes. Raises `OverflowError` where they are too few."""
    if not 0 <= number < 1 << 16:
        raise OverflowError(f"{number} does not fit in two bytes")
    write_i16_le(writer, number if number < 1 << 15 else number - (1 << 16))


def write_u32(writer: BytesWriter, number: int) -> None:
    """Write four bytes. Raises `OverflowError` where they are too few."""
    if not 0 <= number < 1 << 32:
        raise OverflowError(f"{number} does not fit in four bytes")
    write_i32_le(writer, number if number < 1 << 31 else number - (1 << 32))


def write_u64(writer: BytesWriter, number: int) -> None:
    """Write eight bytes. Raises `OverflowError` where they are too few."""
    if 0 <= number <= _SMALL:
        write_i64_le(writer, number)
        return
    if not 0 <= number < 1 << 64:
        raise OverflowError(f"{number} does not fit in eight bytes")
    write_i64_le(writer, number if number < 1 << 63 else number - (1 << 64))


def read_numbers(writer: BytesWriter) -> list[int]:
    """Return the numbers of eight bytes, with a sign, that were written."""
    row = writer.getvalue()
    return [read_i64_le(row, at) for at in range(0, len(row), NUMBER_BYTES)]
