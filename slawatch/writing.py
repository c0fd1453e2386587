"""Write numbers without a sign, little-endian: as those with one that have the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from librt.strings import write_i16_le, write_i32_le, write_i64_le

if TYPE_CHECKING:
    from librt.strings import BytesWriter

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
