"""The receiver as one of the intake log's inputs: a server that stores what it is sent."""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from connectors.intake import LogWriter
from connectors.listener import Server, listen
from connectors.receiver.app import Poke, Receiver, build_app
from connectors.receiver.commits import Commits
from connectors.receiver.counts import RequestCounts
from connectors.receiver.inlets import Inlet
from connectors.receiver.limits import Limits
from connectors.receiver.protocol import GuardedProtocol
from slawatch.config import Settings
from slawatch.errors import ConfigError, Problem

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Be the files of TLS. Clients must not show a certificate; one they show must be `ca`'s."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class HttpReceiver:
    """Listen from the beginning, so that a port that is taken stops the start; serve in `pump`."""

    def __init__(
        self,
        inlets: Mapping[str, Inlet],
        host: str = "127.0.0.1",
        port: int = 9465,
        *,
        limits: Limits | None = None,
        tls: TlsFiles | None = None,
        public_url: str = "",
        is_alone: bool = False,
    ) -> None:
        """Take the inlets by source. One that is alone in its process serves its own metrics.

        `pokes`, by source, are told of its deliveries once they are stored.

        Raises `ConfigError` for an address or a certificate that cannot be used.
        """
        self.counts = RequestCounts(inlets)
        self.pokes: dict[str, Poke] = {}
        self._inlets = inlets
        self._limits = limits or Limits()
        self._public_url = public_url
        self._is_alone = is_alone
        self._tls = None if tls is None else build_tls(tls)
        self._listener = listen(host, port)
        self.host, self.port = self._listener.getsockname()[:2]

    @property
    def url(self) -> str:
        """Return where it listens."""
        scheme = "http" if self._tls is None else "https"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}"

    def pump(self, writer: LogWriter, stop: threading.Event) -> None:
        """Store what is sent until told to stop; requests under way are answered."""
        # What strangers send is none of an operator's business: their requests are counted.
        logging.getLogger(f"{GuardedProtocol.__module__}.http").setLevel(logging.ERROR)
        with Commits(writer, self._limits.append_seconds) as commits:
            receiver = Receiver(
                self._inlets,
                commits,
                self.counts.note,
                self._limits,
                public_url=self._public_url,
                pokes=self.pokes,
            )
            server = Server(
                build_app(receiver, self.counts.render if self._is_alone else None),
                self._listener,
                name="intake",
                build_protocol=lambda config, state: GuardedProtocol(
                    config, state, self._limits, receiver.begin
                ),
                tls=self._tls,
                tls_seconds=self._limits.header_seconds,
            )
            stop.wait()
            server.stop()

    def close(self) -> None:
        """Give the port back, where `pump` never ran."""
        self._listener.close()


def open_receiver(
    settings: Settings, inlets: Mapping[str, Inlet], *, is_alone: bool = False
) -> HttpReceiver:
    """Open the receiver that the settings describe. Raises `ConfigError`."""
    certificate, key = settings.intake_tls_certificate, settings.intake_tls_key
    tls = None
    if certificate is not None and key is not None:
        tls = TlsFiles(certificate, key, settings.intake_client_ca)
    elif certificate or key or settings.intake_client_ca:
        message = "TLS needs both: intake.tls_certificate and intake.tls_key"
        raise ConfigError([Problem("", "intake.tls_certificate", message)])
    return HttpReceiver(
        inlets,
        settings.intake_host,
        settings.intake_port,
        limits=replace(Limits(), max_body=settings.intake_max_body),
        tls=tls,
        public_url=settings.intake_public_url,
        is_alone=is_alone,
    )


def build_tls(files: TlsFiles) -> ssl.SSLContext:
    """Build what a server needs; a certificate that is renewed is taken up while it runs."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    load = _loader(context, files)
    try:
        load()
        if files.client_ca is not None:
            context.load_verify_locations(files.client_ca)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as ex:
        reason = ex.reason if isinstance(ex, ssl.SSLError) else ex.strerror
        paths = ", ".join(repr(str(path)) for path in (files.certificate, files.key))
        message = f"{paths} (and client_ca) cannot be used for TLS: {reason}"
        raise ConfigError([Problem("", "intake.tls_certificate", message)]) from ex

    def look(_socket: object, _name: object, _context: object) -> None:
        """Look for a renewed certificate before a handshake: the next one gets it."""
        try:
            load()
        except (OSError, ssl.SSLError) as ex:
            LOGGER.warning("certificate kept as it was path=%s error=%s", files.certificate, ex)

    context.sni_callback = look
    return context


def _loader(context: ssl.SSLContext, files: TlsFiles) -> Callable[[], None]:
    loaded: list[tuple[int, int]] = []

    def load() -> None:
        versions = [
            (found.st_mtime_ns, found.st_ino)
            for found in (files.certificate.stat(), files.key.stat())
        ]
        if versions != loaded:
            loaded[:] = versions
            # A pair that does not fit, half renewed, must not take the old one's place.
            for one in (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), context):
                # Without a password OpenSSL would ask for one on the terminal.
                one.load_cert_chain(files.certificate, files.key, password="")

    return load
