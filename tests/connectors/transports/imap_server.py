"""A real IMAP server, dovecot, on a free port; its mails lie in a folder of the test."""

from __future__ import annotations

import imaplib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from tests.e2e.monitor import poll
from tests.servers import require_program

USER, PASSWORD = "help@desk.example", "geheim-ß"

_CONFIG = """\
protocols = imap
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
first_valid_uid = 1
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
"""


def find_free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


class ImapServer:
    """Be a server that can be stopped and started again over the same mails."""

    def __init__(self, program: str, folder: Path) -> None:
        nobody = os.getuid() or 65534
        self.port = find_free_port()
        self._command = [program, "-F", "-c", str(folder / "dovecot.conf")]
        self._folder = folder
        text = _CONFIG.format(
            folder=folder, port=self.port, password=PASSWORD, uid=nobody, gid=nobody
        )
        (folder / "dovecot.conf").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        poll(self._answers, f"dovecot answers: {self._folder}/log")
        return self

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
            self._process = None

    def _answers(self) -> bool:
        try:
            with self.connect():
                return True
        except (OSError, imaplib.IMAP4.error):
            return False

    @contextmanager
    def connect(self) -> Iterator[imaplib.IMAP4]:
        connection = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        proof = f"\0{USER}\0{PASSWORD}".encode()
        connection.authenticate("PLAIN", lambda _: proof)
        yield connection
        connection.logout()

    def deliver(self, folder: str, *names: str) -> None:
        """Put a mail for each name into a folder, made where it is not there."""
        with self.connect() as connection:
            connection.create(f'"{folder}"')
            for name in names:
                status, _ = connection.append(f'"{folder}"', "", "", write_mail(name))
                assert status == "OK"

    def begin_anew(self, folder: str) -> None:
        """Drop a folder and make it again: its UIDs begin anew."""
        with self.connect() as connection:
            assert connection.delete(f'"{folder}"')[0] == "OK"
            assert connection.create(f'"{folder}"')[0] == "OK"


def write_mail(name: str) -> bytes:
    """Return a mail; one named `accepted…` answers an invitation."""
    if name.startswith("accepted"):
        kind = 'Content-Type: multipart/mixed; boundary="b"\r\n'
        calendar = "text/calendar; charset=utf-8; method=REPLY"
        part = f"--b\r\nContent-Type: {calendar}\r\n\r\nBEGIN:VCALENDAR\r\n--b--\r\n"
        return _write_head(name) + f"{kind}\r\n{part}".encode()
    return _write_head(name) + b"\r\nA text that stays on the server.\r\n"


def _write_head(name: str) -> bytes:
    return (
        f"From: {name}@client.example\r\nTo: {USER}\r\nSubject: {name}\r\n"
        f"Date: Tue, 3 Mar 2026 10:00:00 +0100\r\nMessage-ID: <{name}@client.example>\r\n"
    ).encode()


@contextmanager
def serve_imap() -> Iterator[ImapServer]:
    """Run a server, or skip where there is none."""
    program = require_program("dovecot")
    # not under tmp_path: the server's own users must be able to reach it
    folder = Path(tempfile.mkdtemp(prefix="slawatch-imap-"))
    folder.chmod(0o755)
    for name in ("mail", "home", "state"):
        (folder / name).mkdir()
        if os.getuid() == 0:
            os.chown(folder / name, 65534, 65534)
    server = ImapServer(program, folder)
    try:
        yield server.start()
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
