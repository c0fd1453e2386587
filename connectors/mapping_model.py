"""The shape of a mapping file, checked by pydantic."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Scalar = str | int | float | bool


class Strict(BaseModel):
    """Refuse keys that the reference does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Created(Strict):
    """Give a ticket's first row a `created` act of its own."""

    at: str
    actor: Literal["customer", "agent", "bot", "system"] = "customer"


class Act(Strict):
    """Be the act that a value of the type column, or a filled time column, stands for."""

    type: str
    actor: Literal["customer", "agent", "bot", "system"] | None = None
    public: bool | None = None
    reason: str | None = None


class Times(Strict):
    """Say how instants are written: strptime patterns, "rfc3339", "epoch_s" or "epoch_ms"."""

    formats: Annotated[list[str], Field(min_length=1)] = ["rfc3339"]
    zone: str = "UTC"


class MappingFile(Strict):
    """Be a whole mapping file."""

    source: Annotated[str, Field(min_length=1, pattern=r"^[^/]+$")]
    kind: Literal["event", "update", "wide"]
    format: Literal["csv", "json", "jsonl"] = "csv"
    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    empty: list[str] = [""]
    times: Times = Times()
    fields: dict[str, str]
    constants: dict[str, Scalar] = {}
    values: dict[str, dict[str, str | dict[str, Scalar] | None]] = {}
    created: Created | None = None
    type_column: str | None = None
    types: dict[str, str | Act] = {}
    columns: dict[str, str | Act] = {}
    shows: list[str] | dict[str, list[str]] | None = None

    @model_validator(mode="after")
    def _check_kind(self) -> MappingFile:
        needs = {"event": ("ticket_id", "occurred_at"), "update": ("ticket_id", "occurred_at")}
        missing = [key for key in needs.get(self.kind, ("ticket_id",)) if key not in self.fields]
        if missing:
            raise ValueError(f"fields.{missing[0]} is required for kind {self.kind!r}")
        if self.kind == "event" and not self.type_column and "type" not in self.fields:
            raise ValueError("kind 'event' needs type_column, or fields.type")
        if self.kind == "wide" and not self.columns:
            raise ValueError("kind 'wide' needs [columns]: time column = type of the act")
        return self
