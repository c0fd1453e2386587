"""Compile the modules of the hot path into the wheel, where that is asked for.

HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 asks for it. The sources are copied first: no compiled module ever
lies beside its source, where it would be imported after the source has changed.

They are compiled twice: the first build counts which way the hot path goes in a training replay,
the second keeps together what ran and moves aside what did not. What is written in C is compiled
with them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COUNT = "-fprofile-generate"
# partial: what the training never calls, as the live flow's own steps, is compiled as ever
LEARN = "-fprofile-use -fprofile-partial-training -fprofile-correction -Wno-missing-profile"
IN_C = """
import sys
from setuptools import Extension, setup

name, source = sys.argv.pop(), sys.argv.pop()
setup(name=name, ext_modules=[Extension(name, [source])], script_args=["build_ext", "--inplace"])
"""
NOT_LEARNT = (
    "the C compiler {!r} cannot learn from a training replay, gcc 10 and later can:"
    " compiled without it, which costs some percent of processor time"
)


class CompileHook(BuildHookInterface[Any]):
    """Compile `modules` with mypyc, between two builds run `training`; compile what is `in-c`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled modules to the wheel; an editable one runs its sources."""
        if version == "editable":
            return
        self._folder = Path(tempfile.mkdtemp(prefix="slawatch-compile-"))
        shutil.copytree(Path(self.root, "slawatch"), self._folder / "slawatch")
        try:
            self._build()
            self._build_c()
        except subprocess.CalledProcessError as ex:
            shutil.rmtree(self._folder)
            raise SystemExit(f"compiling failed:\n{ex.stdout}{ex.stderr}") from ex
        for built in self._folder.rglob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}"):
            if (where := built.relative_to(self._folder)).parts[0] != "build":
                build_data["force_include"][str(built)] = str(where)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - the interface's
        """Remove the copy."""
        if version != "editable":
            shutil.rmtree(self._folder, ignore_errors=True)

    def _build(self) -> None:
        if os.environ.get("MYPYC_OPT_LEVEL") == "0":  # a check that everything compiles
            self._compile("")
            return
        compiler = os.environ.get("CC") or str(sysconfig.get_config_var("CC") or "cc")
        if not can_learn(compiler):
            self._note(NOT_LEARNT.format(compiler))
            self._compile("")
            return
        self._compile(COUNT)
        train = [sys.executable, "-P", str(Path(self.root, self.config["training"]))]
        paths = {"PYTHONPATH": os.pathsep.join((str(self._folder), self.root))}
        # The same run each time, which leaves nothing in the sources.
        self._run(train, {**paths, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"})
        if not any(self._folder.rglob("*.gcda")):
            raise SystemExit("compiling failed: the training replay counted nothing")
        for pattern in ("*.o", "*.so"):  # made anew; the counts beside them stay
            for built in self._folder.rglob(pattern):
                built.unlink()
        self._compile(LEARN)

    def _build_c(self) -> None:
        """Compile each `flows/some.c` as the module `flows._some`; all of them are for Linux."""
        if sys.platform != "linux":
            return
        for source in map(Path, self.config["in-c"]):
            (self._folder / source.parent).mkdir(exist_ok=True)
            shutil.copy(Path(self.root, source), self._folder / source)
            name = f"{source.parent.name}._{source.stem}"
            self._run([sys.executable, "-c", IN_C, str(source), name], {})

    def _compile(self, flags: str) -> None:
        modules = [f"slawatch/{name}.py" for name in self.config["modules"]]
        levels = {"MYPYC_OPT_LEVEL": "2", "MYPYC_DEBUG_LEVEL": "0", **os.environ}
        given = f"{os.environ.get('CFLAGS', '')} {flags}".strip()
        command = [sys.executable, "-m", "mypyc", "--strict", *modules]
        self._run(command, {**levels, "CFLAGS": given} if given else levels)

    def _run(self, command: list[str], environment: Mapping[str, str]) -> None:
        subprocess.run(  # noqa: S603 - the compiler and the training that the build asks for
            command,
            cwd=self._folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )

    def _note(self, sentence: str) -> None:
        """Say it to whoever builds, and to `./run`, from which the installer hides it."""
        self.app.display_warning(sentence)
        if path := os.environ.get("SLAWATCH_COMPILE_NOTES"):
            Path(path).write_text(f"{sentence}\n", "utf-8")


def can_learn(compiler: str) -> bool:
    """Tell whether a C compiler takes the flags of both builds, by compiling nothing with them."""
    return all(
        subprocess.run(  # noqa: S603 - the compiler that the build asks for
            [*shlex.split(compiler), *flags.split(), "-Werror", "-xc", "-c", "-o", os.devnull, "-"],
            input=b"",
            capture_output=True,
            check=False,
        ).returncode
        == 0
        for flags in (COUNT, LEARN)
    )
