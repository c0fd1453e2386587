"""Ask our calendar what a business-time case asks, and read what it expects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from slawatch.calendars import Calendar, day_span, wall_to_utc
from slawatch.schedule import to_local
from tests.conformance.cases import Case, amount_us, build_calendar, parse_at, parse_local

Answer = int | bool | str | list[tuple[int, int]]

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000

# SEMANTICS takes the other side of these: a reversed interval is the negative of the interval
# (so that `between` adds up), and no time elapsed is 0, not ERPNext's 1 second.
OTHER_SIDE = {"reversed-interval-is-zero", "zero-elapsed-stored-as-1-second"}
OUR_SIDE = {"reversed-interval-is-negative"}

# These libraries count working days from the date alone, as we do. The others first roll a
# closed start, or roll a result that falls on closed time, each in its own way.
OUR_DAYS = {"days:moment", "days:dayjs", "days:glpi"}


def ask(case: Case) -> Answer:
    """Return our answer to a case, in microseconds where it is a time."""
    match case["op"]:
        case "wall_to_utc":
            return wall_to_utc(parse_local(case["local"]), case["tz"])
        case "holiday_span":
            return [day_span(date.fromisoformat(case["date"]), case["tz"])]
        case "windows":
            count = len(case["expect"]["windows"])
            return _calendar(case).windows(parse_at(case["start"]), count, case["direction"])
    return _ask_calendar(case, _calendar(case), parse_at(case["start"]))


def wanted(expect: Case) -> Answer:
    """Return what a case expects, in our units."""
    if "seconds" in expect:
        return amount_us(expect["seconds"])
    if "windows" in expect:
        return [(parse_at(start), parse_at(end)) for start, end in expect["windows"]]
    if "start" in expect:
        return [(parse_at(expect["start"]), parse_at(expect["end"]))]
    if "at" in expect:
        return parse_at(expect["at"])
    (key,) = expect.keys() - {"unit", "rounding", "precision"}
    answer: Answer = expect[key]
    return answer


def shown(case: Case, answer: Answer, expect: Case) -> Answer:
    """Return our answer with the precision that a case shows."""
    if not isinstance(answer, int):
        return answer
    if "units" in expect:
        assert (expect["unit"], expect["rounding"]) == ("hour", "toward-zero")
        return int(abs(answer) // HOUR_US * (1 if answer >= 0 else -1))
    if "date" in expect:
        return to_local(answer, case["calendar"]["tz"]).date().isoformat()
    if expect.get("precision") == "minute":
        return answer // MINUTE_US * MINUTE_US
    return answer


def our_side(case: Case) -> Answer:
    """Return what SEMANTICS says where a case takes the other side."""
    if "expect_plain" in case:
        return wanted(case["expect_plain"])
    swapped = {**case, "start": case["end"], "end": case["start"]}
    forward = ask(swapped)
    assert isinstance(forward, int)
    return -forward


def boundary_answers(case: Case) -> list[Answer]:
    """Return what the other conventions about an opening or closing instant would answer."""
    calendar, start = _calendar(case), parse_at(case["start"])
    closing = not calendar.is_open(start) and calendar.prev_open(start) == start
    amount = amount_us(case.get("amount_s", 0))
    answers: dict[str, Callable[[], list[Answer]]] = {
        "add": lambda: [calendar.add_last(start, amount)],
        "sub": lambda: [calendar.prev_open(calendar.sub(start, amount) - 1)],
        "is_open": lambda: [closing or (calendar.is_open(start) and calendar.is_open(start - 1))],
        "next_open": lambda: [start] if closing else [],
        "prev_open": lambda: [calendar.prev_open(start - 1)],
        "between": lambda: [0] if case["end"] < case["start"] else [],
    }
    return answers.get(case["op"], list)()


def is_optional(case: Case) -> bool:
    """Say whether a case steps working days from or to where libraries differ."""
    if not case["op"].endswith("_days") or case.get("convention") in OUR_DAYS:
        return False
    calendar, start = _calendar(case), parse_at(case["start"])
    return not (calendar.is_open(start) and calendar.is_open(_step_days(case, calendar, start)))


def _ask_calendar(case: Case, calendar: Calendar, start: int) -> Answer:
    op: str = case["op"]
    amount = amount_us(case.get("amount_s", 0) + case.get("then_amount_s", 0))
    answers: dict[str, Callable[[], Answer]] = {
        "between": lambda: calendar.between(start, parse_at(case["end"])),
        "add": lambda: calendar.add(start, amount),
        "sub": lambda: calendar.sub(start, amount),
        "is_open": lambda: calendar.is_open(start),
        "next_open": lambda: calendar.next_open(start),
        "prev_open": lambda: calendar.prev_open(start),
        "add_days": lambda: calendar.add_last(_step_days(case, calendar, start), amount),
        "sub_days": lambda: calendar.add_last(_step_days(case, calendar, start), amount),
    }
    if op == "add" and amount == 0 and case.get("zero") == "roll":
        return calendar.next_open(start)
    return answers[op]()


def _step_days(case: Case, calendar: Calendar, start: int) -> int:
    return calendar.add_days(start, case["days"] if case["op"] == "add_days" else -case["days"])


def _calendar(case: Case) -> Calendar:
    return build_calendar(case["calendar"], case["id"])
