import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.files import CHUNK_BYTES, HEAD_BYTES, MAX_LINE_BYTES, Oversize
from connectors.tail import LINGER_SECONDS, FileTail
from slawatch.errors import ConnectorError


class Clock:
    """A monotonic clock that is set by hand."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tail(path: Path, clock: Clock) -> Iterator[FileTail]:
    opened = FileTail(path, monotonic=clock)
    yield opened
    opened.close()


def grow(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def drain(tail: FileTail) -> list[bytes | Oversize]:
    lines = []
    for _ in range(8):
        lines += [line for _, line in tail.read()]
    return lines


def line(number: int) -> bytes:
    return b'{"event_id": "%d", "filler": "%s"}' % (number, b"x" * 300)


def test_only_complete_lines_are_handed_out(path: Path, tail: FileTail) -> None:
    grow(path, b"a\nb")
    first = drain(tail)
    grow(path, b"c\n")
    assert (first, drain(tail)) == ([b"a"], [b"bc"])


def test_a_file_that_does_not_exist_yet_is_waited_for(path: Path, tail: FileTail) -> None:
    assert (drain(tail), tail.position()) == ([], {})
    grow(path, b"a\n")
    assert drain(tail) == [b"a"]


def test_a_renamed_file_is_read_to_its_end_before_the_new_one(path: Path, tail: FileTail) -> None:
    grow(path, b"a\n")
    drain(tail)
    grow(path, b"b\n")
    old = path.rename(path.with_suffix(".jsonl.1"))
    grow(path, b"d\n")
    grow(old, b"c\n")
    assert drain(tail) == [b"b", b"c", b"d"]


def test_a_writer_that_learns_late_of_the_rename_is_still_heard(
    path: Path, tail: FileTail, clock: Clock
) -> None:
    grow(path, b"a\n")
    drain(tail)
    old = path.rename(path.with_suffix(".jsonl.1"))
    grow(path, b"b\n")
    drain(tail)
    clock.at += LINGER_SECONDS - 0.1
    grow(old, b"late\ncut")
    late = drain(tail)
    clock.at += LINGER_SECONDS
    assert (late, drain(tail), len(tail._files)) == ([b"late"], [b"cut"], 1)


def test_a_copied_and_cut_file_is_read_anew_and_the_copy_to_its_end(
    path: Path, tail: FileTail
) -> None:
    grow(path, b"".join(line(n) + b"\n" for n in range(3)))
    drain(tail)
    grow(path, line(3) + b"\n")
    shutil.copy(path, path.with_suffix(".jsonl.1"))
    path.write_bytes(b"")
    grow(path, line(4) + b"\n")
    assert drain(tail) == [line(3), line(4)]


def test_a_cut_file_that_grew_past_the_old_end_is_noticed(path: Path, tail: FileTail) -> None:
    grow(path, b"a\nb\n")
    drain(tail)
    path.write_bytes(b"c\nd\ne\nf\n")
    assert drain(tail) == [b"c", b"d", b"e", b"f"]


def test_a_cut_file_that_grew_to_exactly_the_old_end_is_noticed(path: Path, tail: FileTail) -> None:
    path.write_bytes(b"old\n")
    assert drain(tail) == [b"old"]
    path.write_bytes(b"new\n")
    assert drain(tail) == [b"new"]


def test_a_new_line_at_an_old_place_has_a_key_of_its_own(path: Path, tail: FileTail) -> None:
    grow(path, b"aa\n")
    keys = [key for key, _ in tail.read()]
    path.write_bytes(b"b\n")
    tail.read()
    keys += [key for key, _ in tail.read()]
    assert len(set(keys)) == 2


def test_a_line_that_is_read_again_has_its_old_key(path: Path, tail: FileTail) -> None:
    grow(path, b"a\nb\nc\n")
    first = tail.read()
    again = FileTail(path)
    assert again.read() == first
    again.close()


def test_an_over_long_line_does_not_shift_the_places_after_it(path: Path, tail: FileTail) -> None:
    long = b"x" * (MAX_LINE_BYTES + 5)
    grow(path, long + b"\nb\n")
    assert drain(tail) == [Oversize(len(long), b"x" * HEAD_BYTES), b"b"]
    assert tail.position()["offset"] == len(long) + 3


@given(st.lists(st.binary(max_size=4), max_size=10), st.integers(0, 10))
def test_stopping_anywhere_loses_and_repeats_no_line(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes], stop: int
) -> None:
    path = tmp_path_factory.mktemp("tail") / "log"
    tail = FileTail(path)
    lines = []
    for at, chunk in enumerate(chunks):
        if at == stop:
            position = tail.position()
            tail.close()
            tail = FileTail(path, position or None)
        grow(path, chunk)
        lines += [found for _, found in tail.read()]
    tail.close()
    assert lines == b"".join(chunks).split(b"\n")[:-1]


def resume(path: Path, position: dict[str, int]) -> list[bytes | Oversize]:
    tail = FileTail(path, position)
    lines = drain(tail)
    tail.close()
    return lines


def test_two_renames_while_we_were_down_lose_nothing(path: Path, tail: FileTail) -> None:
    grow(path, b"a\nb\n")
    drain(tail)
    grow(path, b"c\n")
    path.rename(path.with_suffix(".jsonl.2"))
    grow(path, b"d\n")
    path.rename(path.with_suffix(".jsonl.1"))
    grow(path, b"e\n")
    assert resume(path, tail.position()) == [b"c", b"d", b"e"]


def test_a_copy_and_cut_while_we_were_down_loses_nothing(path: Path, tail: FileTail) -> None:
    grow(path, line(1) + b"\n")
    drain(tail)
    grow(path, line(2) + b"\n")
    shutil.copy(path, path.with_suffix(".jsonl.1"))
    path.write_bytes(line(3) + b"\n")
    assert resume(path, tail.position()) == [line(2), line(3)]


def test_another_file_on_the_old_inode_is_read_from_its_start(path: Path, tail: FileTail) -> None:
    grow(path, b"a\n")
    drain(tail)
    path.write_bytes(b"bbb\nc\n")
    assert resume(path, tail.position()) == [b"bbb", b"c"]


def test_files_beside_it_that_are_no_rotated_form_are_left_alone(
    path: Path, tail: FileTail
) -> None:
    grow(path, b"a\n")
    drain(tail)
    path.rename(path.with_suffix(".jsonl.bak"))
    grow(path, b"b\n")
    assert resume(path, tail.position()) == [b"b"]


def test_a_backlog_larger_than_one_look_is_read_in_order(path: Path, tail: FileTail) -> None:
    count = 2 * CHUNK_BYTES // len(line(0))
    grow(path, b"".join(line(n) + b"\n" for n in range(count)))
    assert drain(tail) == [line(n) for n in range(count)]


def test_a_path_that_is_no_file_is_worth_a_retry(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConnectorError, match="file/log' cannot be opened"):
        FileTail(tmp_path / "file" / "log").read()
