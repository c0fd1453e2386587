"""Configuration: TOML files and what ships, as the rules and settings of a run.

Everything wrong is said at once, each with its file and key; what is only doubtful is a warning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slawatch.config_build import build_rules, build_vocabulary
from slawatch.config_files import SHIPPED, Stack, read_stack
from slawatch.config_model import Document
from slawatch.errors import ConfigError, Problem
from slawatch.parsing import Vocabulary
from slawatch.policy import Rules

__all__ = ["SHIPPED", "Config", "Settings", "SourceSettings", "load_config"]


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Be how one source is heard. `connector` defaults to the source's name.

    What `auth` and `options` may hold is the connector's business, and checked there. The verdicts
    of a `shadow` source are given and enter no SLA metric. `grace_us` is that of the file, if any.
    With `sweep_us` its system is asked so often for what lost deliveries left behind.
    """

    connector: str
    shadow: bool = False
    auth: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    grace_us: int | None = None
    sweep_us: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Be how the program runs; nothing here changes a verdict.

    `ticket_urls` are templates by source that hold ``{ticket_id}``. `folder` is relative to where
    the program is started.
    """

    # Only this machine may ask, until somebody says otherwise.
    host: str = "127.0.0.1"
    # The default of OpenTelemetry's Prometheus exporter; Prometheus' own is 9090.
    port: int = 9464
    folder: Path = Path("slawatch-state")
    # A minute is read again in seconds; snapshots every 10 s wrote 13.8 MB/s for 62 MB of state.
    snapshot_interval_seconds: float = 60.0
    # A snapshot holds the process for the largest shard's time; routing costs a list a shard.
    shards: int = 16
    ticket_urls: Mapping[str, str] = field(default_factory=dict)
    intake_host: str = "127.0.0.1"
    intake_port: int = 9465
    # At 1,000 bytes a record a gigabyte of disk, and a minute or two of reading.
    intake_max_backlog: int = 1_000_000
    # How vendors reach the receiver: its path comes before /in, and some sign the whole address.
    intake_public_url: str = ""
    intake_max_body: int = 1024 * 1024
    intake_tls_certificate: Path | None = None
    intake_tls_key: Path | None = None
    intake_client_ca: Path | None = None
    connector_folders: tuple[Path, ...] = ()
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    token_file: Path | None = None
    # What an alert links to: as the stack on this machine has it.
    grafana_url: str = "http://127.0.0.1:3000"
    # Nobody forgets an emergency for longer; managers hear of a page that half an hour did not end.
    remind_us: int = 900_000_000
    escalate_us: int = 1_800_000_000
    runbooks_url: str = "http://127.0.0.1:9464/runbooks"


@dataclass(frozen=True, slots=True)
class Config:
    """Be everything that files say. `files` were read, lowest first."""

    rules: Rules
    vocabulary: Vocabulary
    settings: Settings
    warnings: tuple[Problem, ...] = ()
    files: tuple[str, ...] = ()


def load_config(names_or_paths: Sequence[str | Path] = (), *, shipped: bool = True) -> Config:
    """Load names of what ships ("default", "demo", "uci-label") and paths, later over earlier.

    A file that includes nothing is laid over "default", unless `shipped` is false. Raises
    `ConfigError` with every problem.
    """
    names = list(names_or_paths) or (["default"] if shipped else [])
    stack = read_stack(names, shipped=shipped)
    document = _read_document(stack)
    vocabulary = build_vocabulary(stack, document)
    rules, warnings = build_rules(stack, document, vocabulary)
    if stack.problems:
        raise ConfigError(list(dict.fromkeys(stack.problems)))
    return Config(
        rules,
        vocabulary,
        _build_settings(document),
        tuple(dict.fromkeys(warnings)),
        tuple(layer.label for layer in stack.layers),
    )


def _read_document(stack: Stack) -> Document:
    policies = [entry.data for entry in stack.policies]
    return Document.model_validate({**stack.tables, "policies": policies})


def _build_settings(document: Document) -> Settings:
    server, state, links = document.server, document.state, document.links
    said = {
        "host": server.host,
        "port": server.port,
        "token_file": _path(server.token_file),
        "folder": _path(state.folder),
        "snapshot_interval_seconds": (
            None if state.snapshot_interval is None else state.snapshot_interval / 1_000_000
        ),
        "shards": state.shards,
        "ticket_urls": {
            name: source.ticket_url
            for name, source in document.sources.items()
            if source.ticket_url is not None
        },
        "grafana_url": links.grafana and links.grafana.rstrip("/"),
        "remind_us": document.paging.remind,
        "escalate_us": document.paging.escalate,
        "runbooks_url": links.runbooks and links.runbooks.rstrip("/"),
        "intake_host": document.intake.host,
        "intake_port": document.intake.port,
        "intake_max_backlog": document.intake.max_backlog,
        "intake_public_url": document.intake.public_url,
        "intake_max_body": document.intake.max_body,
        "intake_tls_certificate": _path(document.intake.tls_certificate),
        "intake_tls_key": _path(document.intake.tls_key),
        "intake_client_ca": _path(document.intake.client_ca),
        "connector_folders": tuple(map(Path, document.connectors.folders)),
        "sources": {
            name: SourceSettings(
                source.connector or name,
                source.shadow,
                source.auth,
                source.options,
                source.grace,
                source.sweep,
            )
            for name, source in document.sources.items()
        },
    }
    return Settings(**{key: value for key, value in said.items() if value is not None})  # type: ignore[arg-type]  # the keys are the fields


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)
