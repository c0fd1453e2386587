"""IMAP: a mailbox's folders, mail by mail, by UID from the last one stored.

Only headers are fetched, and nothing on the server changes (EXAMINE, BODY.PEEK).
"""

from __future__ import annotations

import base64
import imaplib
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from connectors.connector import Secrets
from connectors.intake import LogWriter, Pending
from connectors.mail import CALENDAR_ANSWERS, FOLDER_HEADER, PART_HEADER, SENT
from connectors.payload import Payload, hash_body, pack_payload
from connectors.pump import store
from connectors.transports.pulling import keep_trying, load_kept, save_kept
from slawatch.errors import ConfigError, ConnectorError

TIMEOUT_SECONDS = 30.0
BATCH_MAILS = 100
SECONDS_A_DAY = 86_400

OPTIONS: Mapping[str, Any] = {
    "host": None,
    "port": None,
    "tls": "implicit",
    "user": None,
    "folders": ["INBOX"],
    "sent": [],
    "interval_seconds": 60,
    "since_days": 7,
}

_PORTS = {"implicit": 993, "starttls": 143, "none": 143}
_UID = re.compile(rb"\bUID (\d+)")
_CALENDAR = re.compile(rb'"TEXT"\s+"CALENDAR"\s+\(([^)]*)\)', re.IGNORECASE)
_METHOD = re.compile(rb'"METHOD"\s+"([A-Z]+)"', re.IGNORECASE)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PRINTABLE = re.compile(r"([^\x20-\x7e]+)")


class Mail(NamedTuple):
    """Be a mail of a folder: its headers, and what is `told` beside them."""

    uid: int
    headers: bytes
    told: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ImapMailbox:
    """Be a mailbox and how it is read; the mail of `sent` folders is the desk's own.

    A folder seen for the first time, or whose UIDs began anew, is read `since_days` back.
    """

    host: str
    port: int
    tls: str
    user: str
    password: str
    folders: tuple[str, ...]
    sent: tuple[str, ...]
    interval_seconds: float
    since_days: int

    def pump(
        self, writer: LogWriter, source: str, stop: threading.Event, position_path: Path
    ) -> None:
        """Store new mails until told to stop, over as many connections as that takes."""
        kept = load_kept(position_path)

        def save() -> None:
            save_kept(position_path, kept)

        def run(note_success: Callable[[], None]) -> None:
            with self._connect() as connection:
                while not stop.is_set():
                    self._look(_Folders(connection, kept, save), writer, source, stop)
                    note_success()
                    stop.wait(self.interval_seconds)

        keep_trying(source, stop, run)

    def _look(
        self, folders: _Folders, writer: LogWriter, source: str, stop: threading.Event
    ) -> None:
        since = time.time() - self.since_days * SECONDS_A_DAY
        for name in (*self.folders, *self.sent):
            headers = {FOLDER_HEADER: SENT} if name in self.sent else {}
            for mails in folders.read(name, since):
                pending = [
                    # its headers, not its UID: UIDs begin anew, and folders hold copies
                    Pending(
                        source,
                        hash_body(Payload(one.headers)),
                        pack_payload(Payload(one.headers, {**headers, **one.told})),
                    )
                    for one in mails
                ]
                if not store(pending, writer, stop):
                    return
                folders.note(name, mails[-1].uid)

    @contextmanager
    def _connect(self) -> Iterator[imaplib.IMAP4]:
        try:
            connection = self._open()
        except (OSError, imaplib.IMAP4.error) as ex:
            raise ConnectorError(f"{self.host}:{self.port} cannot be reached: {ex}") from ex
        try:
            self._log_in(connection)
            yield connection
        except (OSError, imaplib.IMAP4.error) as ex:
            raise ConnectorError(f"{self.host}:{self.port} broke off: {ex}") from ex
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                connection.logout()

    def _open(self) -> imaplib.IMAP4:
        if self.tls == "implicit":
            context = ssl.create_default_context()
            return imaplib.IMAP4_SSL(
                self.host, self.port, ssl_context=context, timeout=TIMEOUT_SECONDS
            )
        connection = imaplib.IMAP4(self.host, self.port, timeout=TIMEOUT_SECONDS)
        if self.tls == "starttls":
            connection.starttls(ssl.create_default_context())
        return connection

    def _log_in(self, connection: imaplib.IMAP4) -> None:
        try:
            if "AUTH=PLAIN" in connection.capabilities:  # carries every letter, LOGIN ASCII alone
                proof = f"\0{self.user}\0{self.password}".encode()
                connection.authenticate("PLAIN", lambda _: proof)
            else:
                connection.login(self.user, self.password)
        except imaplib.IMAP4.error as ex:
            msg = f"{self.host} refuses {self.user!r}: look at the source's user and password"
            raise ConnectorError(msg) from ex


class _Folders:
    """Read folders over one connection; `kept` maps a folder to its UIDVALIDITY and last UID."""

    def __init__(
        self, connection: imaplib.IMAP4, kept: dict[str, Any], save: Callable[[], None]
    ) -> None:
        self._connection = connection
        self._kept = kept
        self._save = save

    def read(self, name: str, since: float) -> Iterator[list[Mail]]:
        """Yield the folder's new mails in batches."""
        validity = self._examine(name)
        kept = self._kept.get(name, {})
        if kept.get("validity") != validity:
            self._kept[name] = {"validity": validity, "uid": 0}
        last = self._kept[name]["uid"]
        criteria = [f"UID {last + 1}:*"] if last else ["SINCE", _write_date(since)]
        answer = self._ask("SEARCH", *criteria)
        # `n:*` always holds the last mail, though it be before n
        uids = sorted(
            uid for uid in map(int, b" ".join(filter(None, answer)).split()) if uid > last
        )
        for start in range(0, len(uids), BATCH_MAILS):
            if mails := self._fetch(uids[start : start + BATCH_MAILS]):
                yield mails

    def note(self, name: str, uid: int) -> None:
        """Keep that everything up to this UID is stored."""
        self._kept[name]["uid"] = uid
        self._save()

    def _examine(self, name: str) -> int:
        status, answer = self._connection.select(_quote(name), readonly=True)
        if status != "OK":
            raise ConnectorError(f"folder {name!r} cannot be read: {_text(answer)}")
        validity = self._connection.response("UIDVALIDITY")[1]
        found = validity[0] if validity else None
        if not isinstance(found, bytes):
            raise ConnectorError(f"folder {name!r} has no UIDVALIDITY")
        return int(found)

    def _fetch(self, uids: Sequence[int]) -> list[Mail]:
        """Fetch headers; a mail that is gone meanwhile is left out."""
        numbers = ",".join(map(str, uids))
        answer = self._ask("FETCH", numbers, "(UID BODY.PEEK[HEADER])")
        answers = self._find_answers(numbers)
        mails = []
        for number, part in enumerate(answer):
            if not isinstance(part, tuple):
                continue
            behind = answer[number + 1] if number + 1 < len(answer) else b""
            found = _UID.search(part[0] + (behind if isinstance(behind, bytes) else b""))
            if found is not None:
                uid = int(found[1])
                mails.append(Mail(uid, part[1], answers.get(uid, {})))
        return sorted(mails, key=lambda mail: mail.uid)

    def _find_answers(self, numbers: str) -> dict[int, Mapping[str, str]]:
        """Return what tells an answer to an invitation, by UID: headers do not tell a part."""
        told: dict[int, Mapping[str, str]] = {}
        line = b""
        for part in self._ask("FETCH", numbers, "(UID BODYSTRUCTURE)"):
            line += b" ".join(part) if isinstance(part, tuple) else part or b""
            if isinstance(part, tuple):  # a string of its own: the mail's line goes on
                continue
            uid, calendar = _UID.search(line), _CALENDAR.search(line)
            method = _METHOD.search(calendar[1]) if calendar else None
            if uid and method and method[1].decode().lower() in CALENDAR_ANSWERS:
                said = f"text/calendar; method={method[1].decode().lower()}"
                told[int(uid[1])] = {PART_HEADER: said}
            line = b""
        return told

    def _ask(self, command: str, *arguments: str) -> list[Any]:
        status, answer = self._connection.uid(command, *arguments)
        if status != "OK":
            raise ConnectorError(f"UID {command} was refused: {_text(answer)}")
        return answer


def _text(answer: Sequence[object]) -> str:
    return " ".join(one.decode("utf-8", "replace") for one in answer if isinstance(one, bytes))


def _write_date(at: float) -> str:
    date = datetime.fromtimestamp(at, UTC)
    return f"{date.day:02}-{_MONTHS[date.month - 1]}-{date.year}"


def _quote(name: str) -> str:
    """Write a folder's name as IMAP has it: modified UTF-7 (RFC 3501), in quotes."""
    parts = _PRINTABLE.split(name.replace("&", "&-"))
    parts[1::2] = [f"&{_to_base64(part)}-" for part in parts[1::2]]
    return '"' + "".join(parts).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _to_base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")


def build_mailbox(options: Mapping[str, Any], secrets: Secrets) -> ImapMailbox | None:
    """Return the mailbox that a source's options describe; the secret is its password.

    `None` where they describe none, as its mail is posted. Raises `ConfigError`.
    """
    said = {**OPTIONS, **options}
    if said["host"] is None and said["user"] is None:
        return None
    for key in ("host", "user"):
        if not isinstance(said[key], str) or not said[key]:
            raise ConfigError(f"options.{key} is required to read a mailbox")
    if not secrets:
        raise ConfigError("auth must name the mailbox's password, as secret_file or secret_env")
    if said["tls"] not in _PORTS:
        allowed = ", ".join(map(repr, _PORTS))
        raise ConfigError(f"options.tls must be one of {allowed}, got {said['tls']!r}")
    return ImapMailbox(
        said["host"],
        said["port"] or _PORTS[said["tls"]],
        said["tls"],
        said["user"],
        secrets[0],
        tuple(said["folders"]),
        tuple(said["sent"]),
        float(said["interval_seconds"]),
        int(said["since_days"]),
    )
