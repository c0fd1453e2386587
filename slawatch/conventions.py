"""Every metric and label name, with type, unit and help: the one source.

Prometheus conventions: base units, `_total` on counters alone, instants as
`_timestamp_seconds`, ratios from 0 to 1. `sla_` says how customers are served, `slawatch_` how
the program is.
"""

from __future__ import annotations

from slawatch.family import Family, Shown, Type
from slawatch.family import counter as _counter
from slawatch.family import gauge as _gauge
from slawatch.family import histogram as _histogram
from slawatch.family import info as _info

__all__ = ["Family", "Shown", "Type"]

MAX_URGENT = 20
"""How many tickets the one family that names tickets may hold."""


RESULTS = _counter(
    "sla_results_total",
    "channel priority target outcome",
    "Clock cycles by the outcome first published, each once; net of corrections is attainment.",
)
TEAM_RESULTS = _counter(
    "sla_team_results_total",
    "team region tier priority target outcome",
    "The same clock cycles by the team that answers for them.",
)
CORRECTIONS = _counter(
    "sla_result_corrections_total",
    "channel priority target change",
    "Changes of a published outcome by events that came later.",
)
EXCUSED = _counter(
    "sla_excused_total",
    "priority target reason",
    "Breaches that people agreed to excuse.",
)
RESTORED = _counter(
    "sla_excuses_restored_total",
    "priority target",
    "Excuses of breaches that were taken back.",
)
WARNINGS = _counter(
    "sla_warnings_total",
    "priority target level",
    "Warning levels reached, each once a cycle.",
)
DURATION = _histogram(
    "sla_duration_seconds",
    "channel target clock",
    "Duration of stopped clocks without pauses, in business or wall time; buckets hold each goal.",
)
PAUSED = _counter(
    "sla_paused_seconds_total",
    "reason",
    "Time for which clocks were paused, by reason.",
)
HELD = _counter(
    "sla_held_seconds_total",
    "team region tier status",
    "Time for which teams held tickets, by the ticket's status.",
)
HANDOVERS = _counter(
    "sla_handovers_total",
    "from to",
    "Handovers of tickets from team to team.",
)
HOPS = _histogram("sla_hops", "", "Handovers that a resolved ticket went through.")
CREATED = _counter("sla_tickets_created_total", "channel priority", "Tickets created.")
RESOLVED = _counter(
    "sla_tickets_resolved_total",
    "channel priority",
    "Tickets resolved.",
)
REOPENED = _counter(
    "sla_tickets_reopened_total",
    "channel priority",
    "Tickets reopened.",
)
REASSIGNED = _counter(
    "sla_tickets_reassigned_total",
    "category",
    "Changes of a ticket's team, by the ticket's category.",
)
PRIORITY_CHANGES = _counter(
    "sla_priority_changes_total",
    "from to",
    "Changes of a ticket's priority.",
)
ESCALATIONS = _counter(
    "sla_escalations_total",
    "tier",
    "Escalations, by the tier they went to.",
)
CSAT = _counter(
    "sla_csat_ratings_total",
    "channel score",
    "Customer ratings from 1 to 5.",
)
SURVEYS = _counter(
    "sla_surveys_total",
    "channel",
    "Surveys sent: the response rate's base.",
)
FIRST_REPLIES = _counter(
    "sla_first_replies_total",
    "channel actor",
    "First public replies to tickets, by who gave them.",
)
CONTACTS = _counter(
    "sla_contacts_total",
    "channel outcome within",
    "Contacts on live channels by how they ended and whether within the answer threshold.",
)
TICKETS = _gauge(
    "sla_tickets",
    "channel priority status",
    "Tickets that are not closed.",
    Shown.FRESH,
)
TEAM_TICKETS = _gauge(
    "sla_team_tickets",
    "team region tier status",
    "The same tickets by the team that holds them.",
    Shown.FRESH,
)
CLOCKS = _gauge(
    "sla_clocks",
    "channel priority target state",
    "Clocks that have not stopped, each in the first state that is true of it: breached, at "
    "risk, paused, running.",
    Shown.FRESH,
)
OLDEST = _gauge(
    "sla_oldest_waiting_timestamp_seconds",
    "channel priority target",
    "Start of the oldest running clock; absent when none waits.",
    Shown.FRESH_IF_ANY,
)
URGENT = _gauge(
    "sla_urgent_ticket_due_timestamp_seconds",
    "ticket target channel team",
    "When the most urgent clocks are due: at most 20.",
    Shown.FRESH_IF_ANY,
)
WAITING = _gauge(
    "sla_contacts_waiting",
    "channel",
    "Contacts on live channels that wait for an answer.",
    Shown.FRESH,
)
WAITING_PAST = _gauge(
    "sla_contacts_waiting_past_threshold",
    "channel",
    "Those of them that have waited longer than the answer threshold.",
    Shown.FRESH,
)
DIMENSIONS = ("channel", "priority", "team")
WINDOW_RESULTS = {
    dimension: _gauge(
        f"sla_{dimension}_window_results",
        f"{labels} target window outcome",
        f"Net results by {dimension} in the window that ends now, event time; never rate() it.",
        Shown.FRESH,
    )
    for dimension, labels in zip(
        DIMENSIONS, ("channel", "priority", "team region tier"), strict=True
    )
}
WINDOW_DURATIONS = {
    dimension: _gauge(
        f"sla_{dimension}_window_duration_seconds",
        f"{labels} target window q",
        f"Quantile q of business durations by {dimension} in the window; not additive.",
        Shown.FRESH_IF_ANY,
    )
    for dimension, labels in zip(
        DIMENSIONS, ("channel", "priority", "team region tier"), strict=True
    )
}
GOAL = _gauge(
    "sla_goal_seconds",
    "channel priority target",
    "Goal of a ticket of which only channel and priority are known.",
)
OBJECTIVE = _gauge(
    "sla_objective_ratio",
    "target priority",
    "Share of clocks that must meet the goal; the strictest of the channels.",
)
OBSERVABLE = _gauge(
    "sla_target_observable",
    "channel target",
    "1 where a connector can show the target's end, 0 where it is promised and not measured.",
)
EVENTS = _counter(
    "slawatch_events_total",
    "connector outcome",
    "Events read, by what became of them.",
)
INTAKE_REQUESTS = _counter(
    "slawatch_intake_requests_total",
    "connector outcome",
    "Requests to the HTTP receiver, by what became of them; from 0 after a restart.",
)
QUARANTINED = _counter(
    "slawatch_quarantined_total",
    "connector reason",
    "Events set aside, by the reason.",
)
UNKNOWN_VALUES = _counter(
    "slawatch_unknown_values_total",
    "connector key",
    "Values of optional keys that were not understood; their events count as 'other'.",
)
HEALED = _counter(
    "slawatch_healed_total",
    "connector",
    "Events that no delivery had told after the source's grace, and a sweep brought.",
)
DRIFT = _counter(
    "slawatch_drift_total",
    "connector",
    "Fields and types that no golden body and no delivery had before; from 0 after a restart.",
)
UNMATCHED = _counter("slawatch_policy_unmatched_total", "", "Tickets that no policy matched.")
OFFSETS = _counter(
    "slawatch_counter_offsets_total",
    "",
    "Counter series that came back lower after a restart and carry a fixed offset since.",
)
FLOOR_ERRORS = _counter(
    "slawatch_counter_floor_errors_total",
    "",
    "Scrapes whose counters could not be saved: after a crash those may read as reset.",
)
LOG_TIME = _gauge(
    "slawatch_log_time_timestamp_seconds",
    "",
    "Up to which arrival time everything has been judged, of the partition furthest behind.",
    Shown.IF_ANY,
)
WATERMARK = _gauge(
    "slawatch_watermark_timestamp_seconds",
    "",
    "Latest event time seen, of the partition furthest behind; absent before the first event.",
    Shown.IF_ANY,
)
BACKLOG = _gauge(
    "slawatch_intake_backlog",
    "",
    "Records in the intake log that wait to be read.",
)
DELIVERY_DELAY = _gauge(
    "slawatch_delivery_delay_seconds",
    "connector",
    "Longest delay from an event to its arrival, lately: what a source's grace must cover.",
    Shown.IF_ANY,
)
CATCHING_UP = _gauge(
    "slawatch_catching_up",
    "",
    "1 while log time is behind or history is read, and for the longest page window after.",
)
DRILL = _gauge(
    "slawatch_drill_until_timestamp_seconds",
    "drill",
    "Until when a rehearsed page stays; absent without one and while the flow is behind.",
    Shown.FRESH_IF_ANY,
)
LATENESS = _gauge(
    "slawatch_deadline_lateness_seconds",
    "",
    "How long after its instant the last deadline was passed, wall time.",
)
SNAPSHOT_BYTES = _gauge(
    "slawatch_snapshot_bytes",
    "",
    "Size of the last state snapshot; 0 before the first.",
)
SNAPSHOT_SECONDS = _gauge(
    "slawatch_snapshot_seconds",
    "",
    "Time that the last state snapshot took; 0 before the first.",
)
CALENDAR_ENDS = _gauge(
    "slawatch_calendar_ends_timestamp_seconds",
    "calendar",
    "When the dated holidays of a calendar run out; absent where it lists none.",
    Shown.IF_ANY,
)
_BEFORE = "Time of the scrape before this one; of this one if it is the first."
LAST_SCRAPE = _gauge("slawatch_last_scrape_timestamp_seconds", "", _BEFORE)
BUILD = _info(
    "slawatch_build_info",
    "version python build",
    "Version of slawatch and of Python; whether the hot path is compiled or interpreted.",
)
CONFIG = _info("slawatch_config_info", "digest", "Digest of the configuration.")

FAMILIES: tuple[Family, ...] = (
    RESULTS,
    TEAM_RESULTS,
    CORRECTIONS,
    EXCUSED,
    RESTORED,
    WARNINGS,
    DURATION,
    PAUSED,
    HELD,
    HANDOVERS,
    HOPS,
    CREATED,
    RESOLVED,
    REOPENED,
    REASSIGNED,
    PRIORITY_CHANGES,
    ESCALATIONS,
    CSAT,
    SURVEYS,
    FIRST_REPLIES,
    CONTACTS,
    TICKETS,
    TEAM_TICKETS,
    CLOCKS,
    OLDEST,
    URGENT,
    WAITING,
    WAITING_PAST,
    *WINDOW_RESULTS.values(),
    *WINDOW_DURATIONS.values(),
    GOAL,
    OBJECTIVE,
    OBSERVABLE,
    INTAKE_REQUESTS,
    EVENTS,
    QUARANTINED,
    UNKNOWN_VALUES,
    HEALED,
    DRIFT,
    UNMATCHED,
    OFFSETS,
    FLOOR_ERRORS,
    LOG_TIME,
    WATERMARK,
    BACKLOG,
    DELIVERY_DELAY,
    CATCHING_UP,
    DRILL,
    LATENESS,
    SNAPSHOT_BYTES,
    SNAPSHOT_SECONDS,
    CALENDAR_ENDS,
    LAST_SCRAPE,
    BUILD,
    CONFIG,
)
"""In the order of a scrape."""
