"""The kit's checks: what a connector must keep, why, and how to mend it.

docs/reference/connector-checks.md has a section for each. A check yields a sentence for each thing
wrong and nothing where all is well; `applies` says whether it has anything to look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

from connectors.kit import decoding, judging, proof
from connectors.kit.subject import Subject


class Tier(IntEnum):
    """Be how good a connector is: computed, never claimed. Each has all of those below."""

    NONE = 0
    BRONZE = 1
    SILVER = 2
    GOLD = 3


@dataclass(frozen=True, slots=True)
class Check:
    """Be one check. `tier` is the lowest that a connector without it cannot have."""

    name: str
    tier: Tier
    why: str
    cure: str
    run: Callable[[Subject], Iterable[str]]
    applies: Callable[[Subject], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Outcome:
    """Be what a check found; `problems` is `None` where it does not apply."""

    check: Check
    problems: tuple[str, ...] | None


CHECKS = (
    Check(
        "golden-events",
        Tier.BRONZE,
        "bodies must give the events that a person wrote down, not those the decoder gave",
        "read the body beside docs/reference/events.md; mend the decoder, or the expected line",
        decoding.find_other_events,
    ),
    Check(
        "deterministic",
        Tier.BRONZE,
        "a restart decodes again: other events would count an act twice, or lose it",
        "keep nothing between two calls; sort sets before you make ids of them",
        decoding.find_changing_events,
    ),
    Check(
        "parses",
        Tier.BRONZE,
        "an event that the parser refuses is quarantined, and its ticket is judged without it",
        "give every event event_id, ticket_id, type and occurred_at, see docs/reference/events.md",
        decoding.find_refused_events,
    ),
    Check(
        "aware-times",
        Tier.BRONZE,
        "seconds read as milliseconds are 1970, a local time read as UTC is hours late",
        "read instants with connectors.reading.instant: name the unit, and the zone of local times",
        decoding.find_odd_times,
    ),
    Check(
        "unique-ids",
        Tier.BRONZE,
        "two acts with one id are one act: the second is dropped as a duplicate",
        "build event_id of the ticket, the act's own number or instant, and the type",
        decoding.find_shared_ids,
    ),
    Check(
        "no-escape",
        Tier.BRONZE,
        "a body that breaks the decoder is lost to its ticket and hides among defects",
        "read foreign values with connectors.reading; raise EventError and nothing else",
        decoding.find_escapes,
    ),
    Check(
        "same-ids-again",
        Tier.SILVER,
        "a delivery comes again with another signature and another time of sending",
        "take ids from the body or a header that names the act, never from the time of sending",
        decoding.find_new_ids,
    ),
    Check(
        "unknown-types",
        Tier.SILVER,
        "systems add types: one that concerns no clock must cost nothing and count as nothing",
        "write a golden body of a type that concerns no clock, with an empty .events.jsonl",
        decoding.find_no_silent_body,
    ),
    Check(
        "pure",
        Tier.SILVER,
        "a decoder that asks files, the network, the clock or chance decodes otherwise next time",
        "take everything from the payload; what a person configures comes by options",
        decoding.find_impurity,
    ),
    Check(
        "cheap",
        Tier.SILVER,
        "a slow decoder holds up every source: log time waits for it",
        "read what you need and no more; compile patterns once, at the top of the module",
        decoding.find_cost,
    ),
    Check(
        "no-personal-data",
        Tier.SILVER,
        "ids go to the wall, to exemplars and to the table of verdicts",
        "mark a person as connectors.opaque.Opaque; leave names, addresses and texts out",
        decoding.find_personal_data,
    ),
    Check(
        "signature",
        Tier.SILVER,
        "whoever can post can make tickets late; a proof that is never wrong is none",
        "describe it with connectors.signature.Signature, with the vendor's template and headers",
        proof.find_weak_proof,
        proof.is_signed,
    ),
    Check(
        "no-dead-clocks",
        Tier.GOLD,
        "a clock that no act of this source can stop could only breach",
        "add a golden body of the act that stops it; if there is none, say so in `blind`",
        judging.find_dead_clocks,
    ),
    Check(
        "whole-story",
        Tier.GOLD,
        "a ticket that never opens or never ends in the golden bodies has not been tried",
        "add golden bodies until a ticket is opened, answered and ended",
        judging.find_missing_acts,
    ),
    Check(
        "page",
        Tier.GOLD,
        "an operator must know what is seen, what is not, and what to switch on at the vendor's",
        "write the page: what each act becomes, what cannot be seen, how to switch it on",
        judging.find_missing_page,
    ),
)


def run_checks(subject: Subject, names: Iterable[str] | None = None) -> list[Outcome]:
    """Run the checks and return what they found, in their order."""
    wanted = None if names is None else frozenset(names)
    return [
        Outcome(check, tuple(check.run(subject)) if check.applies(subject) else None)
        for check in CHECKS
        if wanted is None or check.name in wanted
    ]


def compute_tier(outcomes: Iterable[Outcome]) -> Tier:
    """Return the tier: the one below the lowest check that found something."""
    failed = [outcome.check.tier for outcome in outcomes if outcome.problems]
    return Tier(min(failed) - 1) if failed else Tier.GOLD
