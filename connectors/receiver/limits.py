"""What the receiver allows a stranger: sizes, counts and deadlines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bound what one connection, and all of them together, may cost.

    Headers, body and the answer's linger together end within 15 seconds. `held_bytes` are the
    bodies of all requests under way.
    """

    header_seconds: float = 5.0
    body_seconds: float = 8.0
    idle_seconds: float = 30.0
    # How long what comes after an early answer or a refusal is read and thrown away, so that
    # the sender, which still writes, sees the answer and not a reset.
    linger_seconds: float = 1.0
    # A vendor gives up after 3 s at the strictest: by then it has an answer.
    append_seconds: float = 2.5
    max_header_bytes: int = 16 * 1024
    max_headers: int = 100
    max_body: int = 1024 * 1024
    held_bytes: int = 64 * 1024 * 1024
    # As many again are told at once that there is no room; more are closed.
    connections: int = 512
