"""Tell what a decoder does beside decoding: files, sockets and processes, clocks and dice."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

_IMPURE_EVENTS = (
    "open",
    "socket.",
    "subprocess.",
    "os.",
    "urllib.",
    "sqlite3.",
    "shutil.",
    "ftplib.",
)
_CLOCKS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "localtime", "gmtime", "sleep"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "random": {"*"},
    "secrets": {"*"},
    "uuid": {"uuid1", "uuid4"},
    "os": {"urandom", "environ", "getenv"},
}


class _Watch:
    """Hear what this thread's interpreter is asked to do; a hook can never be taken away."""

    def __init__(self) -> None:
        self.heard: list[str] | None = None
        self.is_hooked = False

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.heard is not None and event.startswith(_IMPURE_EVENTS):
            what = str(arguments[0]) if arguments else ""
            self.heard.append(f"{event} {what:.80}".strip())


_watch = _Watch()


def find_io(run: Callable[[], object]) -> list[str]:
    """Run something and return the files, sockets and processes that it asked for."""
    if not _watch.is_hooked:
        sys.addaudithook(_watch.hook)
        _watch.is_hooked = True
    heard: list[str] = []
    _watch.heard = heard
    try:
        run()
    finally:
        _watch.heard = None
    return heard


def find_clocks(module_name: str, folder: Path) -> Iterator[str]:
    """Find calls of clocks and dice in a module, and in those of its folder that it imports."""
    seen: set[Path] = set()
    todo = [_find_source(module_name)]
    while todo:
        path = todo.pop()
        if path is None or path in seen or not path.is_relative_to(folder):
            continue
        seen.add(path)
        tree = ast.parse(path.read_text("utf-8"))
        yield from (f"{path.name}:{line}: {call}" for line, call in _find_calls(tree))
        todo += [_find_source(name) for name in _imported(tree)]


def _find_source(module_name: str) -> Path | None:
    module = sys.modules.get(module_name)
    origin = getattr(module, "__file__", None)
    if origin is None:
        try:
            spec = importlib.util.find_spec(module_name)
        except (ImportError, ValueError):
            return None
        origin = spec.origin if spec else None
    return Path(origin) if origin and origin.endswith(".py") else None


def _imported(tree: ast.AST) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def _find_calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
            if not {node.attr, "*"}.isdisjoint(_CLOCKS.get(name, ())):
                yield node.lineno, f"{name}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module in _CLOCKS:
            banned = _CLOCKS[node.module]
            for one in node.names:
                if not {one.name, "*"}.isdisjoint(banned):
                    yield node.lineno, f"from {node.module} import {one.name}"
