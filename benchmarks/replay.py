"""Replay a million generated events with full semantics beside `orjson.loads` of the same lines.

    uv run python -m benchmarks.replay [--events 1000000] [--rounds 3] [--slawatch COMMAND]

Both run in processes of their own, interleaved; the figures are medians. CPU seconds are user and
system time of the process, memory its peak. One event is replayed before, so that the modules are
compiled to bytecode, as they are wherever the program was started once.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import orjson

from connectors.demo import demo_events

START_AT = 1_767_603_600_000_000
"""Monday 2026-01-05 09:00 UTC."""
YEAR_US = 366 * 86_400_000_000

_LOADS = """
import sys, orjson
loads = orjson.loads
with open(sys.argv[1], "rb") as file:
    for line in file:
        loads(line)
"""


class Cost(NamedTuple):
    """Be what one process used."""

    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int


def write_log(path: Path, count: int) -> int:
    """Write `count` events of the demo desk as native JSON lines; return the bytes."""
    with path.open("wb") as file:
        for number, event in enumerate(demo_events(1, START_AT, START_AT + YEAR_US)):
            if number == count:
                break
            file.write(orjson.dumps(event) + b"\n")
        return file.tell()


def measure(command: list[str], bytecode: Path) -> Cost:
    """Run a command to its end and return what it used."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(bytecode)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)  # noqa: S603 - our own commands
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{command} failed")
    return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - began, usage.ru_maxrss * 1024)


def replay_command(program: str, log: Path, state: Path) -> list[str]:
    """Return the command that replays a log with recovery on."""
    command = [program, "replay", str(log), "--policy", "demo"]
    return [*command, "--order", "file", "--state", str(state)]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--slawatch",
        default=str(Path(sys.executable).with_name("slawatch")),
        help="the command, as .tools/compiled/bin/slawatch",
    )
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events.jsonl"
        print(subprocess.check_output([options.slawatch, "--version"], text=True), end="")  # noqa: S603 - our own
        size = write_log(log, options.events)
        print(f"{options.events:,} events, {size / options.events:.0f} bytes each")
        loads, replays = [], []
        bytecode = Path(folder) / "bytecode"
        write_log(one := Path(folder) / "one.jsonl", 1)
        for name in ("first", "second"):
            command = replay_command(options.slawatch, one, Path(folder) / name)
            started = measure(command, bytecode)
        print(f"start and end alone: {started.cpu_seconds:.2f} s cpu")
        for number in range(options.rounds):
            loads.append(measure([sys.executable, "-c", _LOADS, str(log)], bytecode))
            command = replay_command(options.slawatch, log, Path(folder) / f"state-{number}")
            replays.append(measure(command, bytecode))
            ratio = replays[-1].cpu_seconds / loads[-1].cpu_seconds
            print(
                f"round {number + 1}: loads {loads[-1].cpu_seconds:.2f} s cpu, "
                f"replay {replays[-1].cpu_seconds:.2f} s cpu, ratio {ratio:.1f}"
            )
        base = statistics.median(cost.cpu_seconds for cost in loads)
        cpu = statistics.median(cost.cpu_seconds for cost in replays)
        wall = statistics.median(cost.wall_seconds for cost in replays)
        peak = statistics.median(cost.peak_bytes for cost in replays)
        ratio = statistics.median(
            replay.cpu_seconds / load.cpu_seconds
            for replay, load in zip(replays, loads, strict=True)
        )
        print(f"orjson.loads   {base:.2f} s cpu")
        print(f"slawatch       {cpu:.2f} s cpu, {wall:.2f} s wall, {peak / 1e6:.0f} MB peak")
        by_wall, by_cpu = options.events / wall, options.events / cpu
        print(f"events/s       {by_wall:,.0f} wall, {by_cpu:,.0f} a cpu second")
        print(f"ratio          {ratio:.1f}")


if __name__ == "__main__":
    main()
