"""The shape of a mapping file, checked by pydantic."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from slawatch.config_values import hint
from slawatch.events import ACTORS, KINDS, STATUSES

RFC3339, EPOCH_S, EPOCH_MS = "rfc3339", "epoch_s", "epoch_ms"
INSTANTS = ("opened_at", "waiting_since", "promised_at")
INTEGERS = ("sequence", "tier", "score")
FIELDS = (
    *("event_id", "ticket_id", "occurred_at", "sequence", "actor", "channel", "priority", "tier"),
    *("team", "region", "customer_tier", "category", "assignee", "tags", "origin", "status"),
    *("public", "reason", "handle_seconds", "score", "case", *INSTANTS),
)
"""The keys of a native event that a column may fill; source and type have keys of their own."""

_PROBE = datetime(2024, 11, 28, 13, 45, 58, tzinfo=UTC)

Text = Annotated[str, StringConstraints(min_length=1)]
Scalar = str | bool | int | float


def _check_kind(value: str) -> str:
    if value not in KINDS:
        raise ValueError(f"must be a type of event, got {value!r}{hint(value, KINDS)}")
    return value


def _check_actor(value: str) -> str:
    if value not in ACTORS:
        raise ValueError(f"must be an actor, got {value!r}{hint(value, ACTORS)}")
    return value


def _check_field(value: str) -> str:
    if value not in FIELDS:
        raise ValueError(f"is no key of a native event that a mapping fills{hint(value, FIELDS)}")
    return value


def _check_encoding(value: str) -> str:
    """Refuse what cannot be cut into lines as bytes."""
    try:
        cut = 'a,"\n'.encode(value)
    except LookupError as ex:
        raise ValueError(f"is unknown, got {value!r}") from ex
    if value != "utf-8-sig" and cut != b'a,"\n':
        raise ValueError(f"must write ASCII as single bytes, got {value!r}")
    return value


def _check_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as ex:
        raise ValueError(f"must be an IANA name such as 'Europe/Berlin', got {value!r}") from ex
    return value


def _check_format(value: str) -> str:
    """Write an instant in the pattern and read it back: its day must survive."""
    if value in (RFC3339, EPOCH_S, EPOCH_MS):
        return value
    try:
        read = datetime.strptime(_PROBE.strftime(value), value)  # noqa: DTZ007 - the day alone
    except ValueError as ex:
        wanted = f"a strptime pattern, {RFC3339!r}, {EPOCH_S!r} or {EPOCH_MS!r}"
        raise ValueError(f"must be {wanted}, got {value!r}") from ex
    if read.date() != _PROBE.date():
        raise ValueError(f"must hold year, month and day, got {value!r}")
    return value


def _as_act(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


Kind = Annotated[str, AfterValidator(_check_kind)]
FieldName = Annotated[str, AfterValidator(_check_field)]


class Strict(BaseModel):
    """Refuse keys that the reference does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Act(Strict):
    """Be the act that a value, a condition or a filled time column stands for.

    `fields` are read from the row for this act alone, beside those of the whole file.
    """

    type: Kind
    actor: Annotated[str, AfterValidator(_check_actor)] | None = None
    public: bool | None = None
    reason: str | None = None
    fields: dict[FieldName, Text] = {}


class Condition(Act):
    """Be an act that a row is when every named column has the value, or one of the values."""

    when: dict[Text, str | list[str]]


class Created(Strict):
    """Give a ticket's first row a `created` act of its own, at the instant of the column."""

    at: Text
    actor: Annotated[str, AfterValidator(_check_actor)] = "customer"


class Times(Strict):
    """Say how instants are written, tried in this order, and the zone of those without offset."""

    formats: Annotated[list[Annotated[str, AfterValidator(_check_format)]], Field(min_length=1)] = [
        RFC3339
    ]
    zone: Annotated[str, AfterValidator(_check_zone)] = "UTC"


def _check_template(value: str) -> str:
    if "{body}" not in value:
        raise ValueError(f"must hold {{body}}: what is not signed can be forged, got {value!r}")
    return value


Header = Annotated[str, StringConstraints(min_length=1, to_lower=True)]


class SignatureTable(Strict):
    """Be how a delivery is signed; the keys are those of `connectors.signature.Signature`."""

    header: Header
    template: Annotated[str, AfterValidator(_check_template)] = "{body}"
    algorithm: Text = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    separator: str = ""
    timestamp_header: Annotated[str, StringConstraints(to_lower=True)] = ""
    timestamp_unit: Literal["s", "ms", "rfc3339"] = "s"
    id_header: Annotated[str, StringConstraints(to_lower=True)] = ""
    tolerance_seconds: Annotated[int, Field(ge=1)] = 300
    secret_prefix: str = ""
    secret_base64: bool = False


class PushTable(Strict):
    """Be how a delivery arrives where the mapping is a connector."""

    signature: SignatureTable | None = None
    dedup_header: Header | None = None


ActOrType = Annotated[Act, BeforeValidator(_as_act)]


class MappingFile(Strict):
    """Be a whole mapping file."""

    source: Annotated[str, StringConstraints(min_length=1, pattern=r"^[^/]+$")]
    kind: Literal["event", "update", "wide"]
    format: Literal["csv", "json", "jsonl"] = "csv"
    encoding: Annotated[str, AfterValidator(_check_encoding)] = "utf-8"
    delimiter: Annotated[str, StringConstraints(pattern=r'^[^"\r\n]$')] = ","
    rows: Text | None = None
    empty: list[str] = [""]
    times: Times = Times()
    fields: dict[FieldName, Text]
    constants: dict[FieldName, Scalar] = {}
    values: dict[str, dict[str, Scalar | dict[FieldName, Scalar]]] = {}
    created: Created | None = None
    type_column: Text | None = None
    types: dict[str, ActOrType] = {}
    acts: list[Condition] = []
    unmatched: Literal["reject", "skip"] = "reject"
    columns: dict[Text, ActOrType] = {}
    title: Text | None = None
    channel: Text | None = None
    ticket_url: Text | None = None
    push: PushTable | None = None
    shows: list[Kind] | dict[str, list[Kind]] | None = None


CLOSED_VALUES = {"status": tuple(sorted(STATUSES)), "actor": tuple(ACTORS)}
"""What the values of a value map may be, where the product's own set is closed."""
