"""The stamp beside the log: what an append shows to a reader, whichever process it is in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.stamp import StampFile
from slawatch.errors import ConfigError

NOW = 1_700_000_000_000_000
BOUND = 30_000


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[StampFile]:
    file = StampFile(tmp_path / "intake.stamp")
    yield file
    file.close()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[StampFile]:
    file = StampFile(tmp_path / "intake.stamp")
    yield file
    file.close()


def test_a_reader_claims_the_clock_less_the_bound(reader: StampFile) -> None:
    assert reader.claim(lambda: NOW, BOUND)[0] == NOW - BOUND


def test_an_append_under_way_holds_the_claim_below_its_stamp(
    writer: StampFile, reader: StampFile
) -> None:
    begun = writer.begin_append(lambda: NOW)
    assert reader.claim(lambda: NOW + 1_000_000, BOUND)[0] == NOW - 1
    writer.end_append(begun.append_number)
    assert reader.claim(lambda: NOW + 1_000_000, BOUND)[0] == NOW + 1_000_000 - BOUND


def test_a_writer_whose_clock_is_behind_is_stamped_after_what_was_claimed(
    writer: StampFile, reader: StampFile
) -> None:
    claimed, _ = reader.claim(lambda: NOW, BOUND)
    assert writer.begin_append(lambda: NOW - 5_000_000).in_flight_at == claimed + 1


def test_a_stamp_never_falls_when_the_next_writers_clock_is_behind(
    writer: StampFile, reader: StampFile
) -> None:
    writer.begin_append(lambda: NOW)
    assert reader.begin_append(lambda: NOW - 5_000_000).in_flight_at == NOW


def test_an_append_takes_only_its_own_stamp_away(writer: StampFile, reader: StampFile) -> None:
    first = writer.begin_append(lambda: NOW)
    reader.begin_append(lambda: NOW + 7)
    writer.end_append(first.append_number)
    assert reader.read().in_flight_at == NOW + 7


def test_what_was_claimed_and_read_outlives_its_process(tmp_path: Path, reader: StampFile) -> None:
    reader.claim(lambda: NOW, BOUND)
    reader.note_read(42)
    again = StampFile(tmp_path / "intake.stamp")
    assert (again.read().claimed_at, again.read().read_seq) == (NOW - BOUND, 42)
    again.close()


def test_a_file_of_zeros_as_a_power_cut_leaves_it_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "intake.stamp").write_bytes(bytes(48))
    file = StampFile(tmp_path / "intake.stamp")
    assert file.read() == (0, 0, 0, 0, 0)
    file.close()


@pytest.mark.parametrize("found", [b"something else", b"slastmp1 too short", b"slastmp2" * 6])
def test_a_file_of_another_form_is_told_not_guessed(tmp_path: Path, found: bytes) -> None:
    (tmp_path / "intake.stamp").write_bytes(found)
    with pytest.raises(ConfigError, match=r"intake.stamp' was written by another version"):
        StampFile(tmp_path / "intake.stamp")


def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "intake.stamp").mkdir()
    with pytest.raises(ConfigError, match="cannot be opened: Is a directory"):
        StampFile(tmp_path / "intake.stamp")
