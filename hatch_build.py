"""Compile the modules of the hot path into the wheel, where that is asked for.

HATCH_BUILD_HOOK_ENABLE_CUSTOM=1 asks for it. The sources are copied first: no compiled module ever
lies beside its source, where it would be imported after the source has changed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EXTENSION = """
from setuptools import Extension, setup
part = Extension("flows._huge_pages", ["flows/huge_pages.c"])
setup(name="slawatch-parts", packages=[], ext_modules=[part], script_args=["build_ext", "-i"])
"""


class CompileHook(BuildHookInterface[Any]):
    """Compile `modules` with mypyc and, for Linux, the part that is written in C."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the compiled modules to the wheel; an editable one runs its sources."""
        if version == "editable":
            return
        self._folder = Path(tempfile.mkdtemp(prefix="slawatch-compile-"))
        shutil.copytree(Path(self.root, "slawatch"), self._folder / "slawatch")
        self._compile("-m", "mypyc", "--strict", *self._modules())
        if sys.platform == "linux":
            Path(self._folder, "flows").mkdir()
            shutil.copy(Path(self.root, "flows", "huge_pages.c"), self._folder / "flows")
            self._compile("-c", EXTENSION)
        for built in self._folder.rglob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}"):
            if (where := built.relative_to(self._folder)).parts[0] != "build":
                build_data["force_include"][str(built)] = str(where)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def _modules(self) -> list[str]:
        return [f"slawatch/{name}.py" for name in self.config["modules"]]

    def _compile(self, *arguments: str) -> None:
        done = subprocess.run(  # noqa: S603 - the compiler that the build asks for
            [sys.executable, *arguments],
            cwd=self._folder,
            env={"MYPYC_OPT_LEVEL": "2", "MYPYC_DEBUG_LEVEL": "0", **os.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(self._folder)
            raise SystemExit(f"compiling failed:\n{done.stdout}{done.stderr}")

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - the interface's
        """Remove the copy."""
        if version != "editable":
            shutil.rmtree(self._folder, ignore_errors=True)
