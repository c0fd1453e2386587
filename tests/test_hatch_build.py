"""The compiled build learns from a training run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UV = shutil.which("uv", path=f"{os.environ['PATH']}:{ROOT}/.tools/uv/bin")
PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "slawatch"
version = "1"

[tool.hatch.build.targets.wheel.hooks.custom]
dependencies = ["mypy==2.4.1", "setuptools>=75"]
training = "training.py"
modules = ["hot"]
in-c = []
"""
HOT = """
def climb(height: int) -> int:
    if height < 0:
        raise ValueError(f"a climb goes up, got {height!r}")
    steps = 0
    while steps < height:
        steps += 1
    return steps
"""
TRAINING = """
import os
import pathlib

import slawatch.hot

slawatch.hot.climb(100_000)
pathlib.Path(os.environ["RAN"]).write_text(slawatch.hot.__file__)
"""


def build_wheel(project: Path, **environment: str) -> bytes:
    """Build a project of one hot module and return what was compiled of it."""
    if UV is None or shutil.which("gcc") is None:
        pytest.skip("a wheel is built with uv and compiled with gcc: one of them is not on PATH")
    (project / "slawatch").mkdir()
    shutil.copy(ROOT / "hatch_build.py", project)
    for name, text in (
        ("pyproject.toml", PROJECT),
        ("training.py", TRAINING),
        ("slawatch/__init__.py", ""),
        ("slawatch/hot.py", HOT),
    ):
        (project / name).write_text(text, "utf-8")
    subprocess.run(
        [UV, "build", "--quiet", "--wheel", "--python", sys.executable],
        cwd=project,
        env={**os.environ, "RAN": str(project / "ran"), **environment},
        check=True,
    )
    (wheel,) = (project / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        (name,) = (name for name in packed.namelist() if "__mypyc" in name)
        return packed.read(name)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def compiled(project: Path) -> bytes:
    return build_wheel(project)


def test_the_training_runs_what_was_compiled(project: Path, compiled: bytes) -> None:
    assert compiled
    assert (project / "ran").read_text("utf-8").endswith(".so")


def test_the_wheel_keeps_aside_what_the_training_never_reached(compiled: bytes) -> None:
    assert b"CPyDef_climb.cold" in compiled


def test_the_wheel_counts_no_more(compiled: bytes) -> None:
    assert b"__gcov" not in compiled


def test_a_compiler_that_cannot_learn_compiles_and_says_so(tmp_path: Path) -> None:
    compiler = tmp_path / "cc"
    refuse = 'case "$*" in *-fprofile-use*) exit 1;; esac'
    compiler.write_text(f'#!/bin/sh\n{refuse}\nexec gcc "$@"\n', "utf-8")
    compiler.chmod(0o755)
    notes = tmp_path / "notes"
    (project := tmp_path / "project").mkdir()
    build_wheel(project, CC=str(compiler), SLAWATCH_COMPILE_NOTES=str(notes))
    assert "cannot learn from a training replay" in notes.read_text("utf-8")
    assert not (project / "ran").exists()
