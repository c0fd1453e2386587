"""The shape of a configuration file, as pydantic models.

Every key is optional here, because a file says only what differs; what must not be missing in the
end is checked when the rules are built. Fields named as in the file carry parsed values:
durations in microseconds, shares from 0 to 1, windows in seconds of the day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    StringConstraints,
)

from slawatch.config_values import (
    parse_actor,
    parse_annual_date,
    parse_date,
    parse_days,
    parse_duration,
    parse_kind,
    parse_level,
    parse_pause_reason,
    parse_positive_duration,
    parse_priority,
    parse_regional_zone,
    parse_share,
    parse_weekday,
    parse_windows,
    parse_zone,
)
from slawatch.events import OTHER, Actor, Kind
from slawatch.policy import (
    Adopt,
    Blame,
    Level,
    OnCalendarChange,
    OnChange,
    OnRelax,
    Reopen,
    Restart,
)
from slawatch.schedule import Window

MAX_LEVELS = 16
"""A clock keeps which of its levels have fired in 16 bits."""


def _as_list(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    return value if isinstance(value, list) else [value]


def _wrap(key: str) -> Callable[[Any], Any]:
    """Return what turns a bare value into a table with that one key."""

    def wrap(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
        return value if isinstance(value, dict) else {key: value}

    return wrap


def _check_days(text: str) -> str:
    parse_days(text)
    return text


def _check_ticket_url(url: str) -> str:
    if "{ticket_id}" in url:
        return url
    raise ValueError(f"must hold {{ticket_id}}, got {url!r}")


def _check_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and parts.netloc and not (parts.query or parts.fragment):
        return url
    raise ValueError(f"must be an address such as 'https://desk.example/hooks', got {url!r}")


Text = Annotated[str, StringConstraints(strict=True, min_length=1)]
Texts = Annotated[list[Text], BeforeValidator(_as_list)]
Duration = Annotated[int, PlainValidator(parse_duration)]
PositiveDuration = Annotated[int, PlainValidator(parse_positive_duration)]
Share = Annotated[float, PlainValidator(parse_share)]
Windows = Annotated[tuple[Window, ...], PlainValidator(parse_windows)]
Day = Annotated[date, PlainValidator(parse_date)]
Zone = Annotated[str, PlainValidator(parse_zone)]
RegionalZone = Annotated[str, PlainValidator(parse_regional_zone)]
Priority = Annotated[str, PlainValidator(parse_priority)]
Kinds = Annotated[
    list[Annotated[Kind, PlainValidator(parse_kind)]],
    BeforeValidator(_as_list),
    Field(min_length=1),
]
Levels = Annotated[
    list[Annotated[Level, PlainValidator(parse_level)]], Field(max_length=MAX_LEVELS)
]
ByPriority = BeforeValidator(_wrap(OTHER))
Calendars = Annotated[dict[Priority, Text], ByPriority]


class Table(BaseModel):
    """Be a table that knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Desk(Table):
    """Be what holds for the whole desk."""

    zone: Zone | None = None
    region: Text | None = None
    channels: list[Text] | None = None
    categories: list[Text] | None = None
    grace: Duration | None = None
    retention: PositiveDuration | None = None
    expire: PositiveDuration | None = None
    answer_within: PositiveDuration | None = None
    blame: Blame | None = None


class Server(Table):
    """Be where the monitor listens, and which token its wall asks for."""

    host: Text | None = None
    port: Annotated[StrictInt, Field(ge=0, le=65535)] | None = None
    token_file: Text | None = None


class State(Table):
    """Be where and how the monitor keeps its state."""

    folder: Text | None = None
    snapshot_interval: PositiveDuration | None = None
    shards: Annotated[StrictInt, Field(ge=1, le=256)] | None = None


class Intake(Table):
    """Be where the HTTP receiver listens, how it is reached, and how much it takes in."""

    host: Text | None = None
    port: Annotated[StrictInt, Field(ge=0, le=65535)] | None = None
    max_backlog: Annotated[StrictInt, Field(ge=1)] | None = None
    public_url: Annotated[Text, AfterValidator(_check_url)] | None = None
    max_body: Annotated[StrictInt, Field(ge=1024, le=64 * 1024 * 1024)] | None = None
    tls_certificate: Text | None = None
    tls_key: Text | None = None
    client_ca: Text | None = None


class Connectors(Table):
    """Be where connectors of one's own lie."""

    folders: Texts = []


class Paging(Table):
    """Be how often an emergency is heard again, and when managers hear of a page."""

    remind: PositiveDuration | None = None
    escalate: PositiveDuration | None = None


class Links(Table):
    """Be where the links of alerts lead: the address of Grafana, and of the runbooks' folder."""

    grafana: Annotated[Text, AfterValidator(_check_url)] | None = None
    runbooks: Annotated[Text, AfterValidator(_check_url)] | None = None


class Channel(Table):
    """Be a way by which customers come."""

    aliases: list[Text] = []
    live: StrictBool = False
    bot: StrictBool = False


class PriorityAliases(Table):
    """Be the other names of a priority."""

    aliases: list[Text] = []


class Region(Table):
    """Be a region: its zone and whose holidays it keeps."""

    zone: Zone | None = None
    country: Text | None = None
    subdivision: Text | None = None


class TeamTable(Table):
    """Be a team of the desk."""

    region: Text | None = None
    tier: Annotated[StrictInt, Field(ge=1, le=9)] = 1


class SourceTable(Table):
    """Be a connector: its grace, what it shows, and where a ticket can be looked at."""

    grace: Duration | None = None
    shows: Annotated[dict[str, Kinds], BeforeValidator(_wrap(""))] | None = None
    ticket_url: Annotated[Text, AfterValidator(_check_ticket_url)] | None = None
    connector: Text | None = None
    shadow: StrictBool = False
    sweep: PositiveDuration | None = None
    auth: dict[Text, Any] = {}
    options: dict[Text, Any] = {}


class CalendarVersion(Table):
    """Be opening rules. A later version keeps what it does not say."""

    zone: RegionalZone | None = None
    hours: dict[Annotated[str, AfterValidator(_check_days)], Windows] | None = None
    holidays: list[Day] | None = None
    annual_holidays: list[Annotated[tuple[int, int], PlainValidator(parse_annual_date)]] | None = (
        None
    )
    holidays_ics: Texts | None = None
    country: Text | None = None
    subdivision: Text | None = None
    overrides: dict[Day, Windows] | None = None
    breaks: dict[Day, Windows] | None = None
    working_days: dict[Day, Annotated[int, PlainValidator(parse_weekday)]] | None = None


class DatedVersion(CalendarVersion):
    """Be the rules from a day on."""

    valid_from: Day


class CalendarTable(CalendarVersion):
    """Be a calendar: its first rules and those that came later."""

    versions: list[DatedVersion] = []


class ConditionTable(Table):
    """Be a condition over events."""

    type: Kinds
    actor: Annotated[
        list[Annotated[Actor, PlainValidator(parse_actor)]], BeforeValidator(_as_list)
    ] = []
    public: StrictBool | None = None
    min_tier: Annotated[StrictInt, Field(ge=1, le=9)] = 0
    tier: Literal["clock"] | None = None


Conditions = Annotated[
    list[Annotated[ConditionTable, BeforeValidator(_wrap("type"))]], BeforeValidator(_as_list)
]


class TargetTable(Table):
    """Be the definition of a clock."""

    start: Conditions = []
    stop: Conditions = []
    cancel: Conditions = []
    reset: Conditions = []
    after: Text | None = None
    cycles: StrictBool = False
    pauses: list[Annotated[str, PlainValidator(parse_pause_reason)]] = []
    reopen: Reopen = Reopen.FIRST_ONLY
    on_relax: OnRelax = OnRelax.KEEP
    on_change: OnChange = OnChange.RECOMPUTE
    on_calendar_change: OnCalendarChange = OnCalendarChange.SPLIT_AT_CHANGE
    restart: Restart = Restart.IGNORE
    adopt: Adopt = Adopt.NEVER


class MatchTable(Table):
    """Say for which tickets a policy is. Keys as in an event, and two classes of channels."""

    priority: Annotated[list[Priority], BeforeValidator(_as_list)] = []
    channel: Texts = []
    customer_tier: Texts = []
    region: Texts = []
    team: Texts = []
    tags: Texts = []
    source: Texts = []
    live: StrictBool | None = None
    bot: StrictBool | None = None


class GoalTable(Table):
    """Be a promise: durations by priority, and what differs from the policy."""

    goal: Annotated[dict[Priority, PositiveDuration], ByPriority]
    calendar: Calendars | None = None
    objective: Share | None = None
    warnings: Levels | None = None


def _read_goal(value: Any) -> Any:  # noqa: ANN401 - whatever stands in the file
    """Take `false` as no goal, a duration as that of every priority, a table as by priority."""
    if value is False:
        return None
    if isinstance(value, dict) and not GoalTable.model_fields.keys().isdisjoint(value):
        return value
    return {"goal": value}


Goals = dict[Text, Annotated[GoalTable | None, BeforeValidator(_read_goal)]]


class ChainTable(Table):
    """Be a chain of stages, each of which starts when the one before it stops."""

    stages: Annotated[list[Text], Field(min_length=1)] | None = None
    goals: Goals = {}
    calendar: Calendars | None = None
    objective: Share | None = None
    warnings: Levels | None = None


class PolicyTable(Table):
    """Be a policy."""

    name: Text
    match: MatchTable | None = None
    extends: Text | None = None
    calendar: Calendars | None = None
    objective: Share | None = None
    warnings: Levels | None = None
    # false takes an inherited chain away.
    chain: Annotated[Text | None, BeforeValidator(lambda value: value or None)] = None
    goals: Goals = {}


class Document(Table):
    """Be a whole file, or all files laid over one another."""

    include: Texts = []
    desk: Desk = Desk()
    server: Server = Server()
    state: State = State()
    intake: Intake = Intake()
    connectors: Connectors = Connectors()
    links: Links = Links()
    paging: Paging = Paging()
    channels: dict[Text, Channel] = {}
    priorities: dict[Text, PriorityAliases] = {}
    regions: dict[Text, Region] = {}
    teams: dict[Text, TeamTable] = {}
    sources: dict[Text, SourceTable] = {}
    calendars: dict[Text, CalendarTable] = {}
    targets: dict[Text, TargetTable] = {}
    chains: dict[Text, ChainTable] = {}
    policies: list[PolicyTable] = []
