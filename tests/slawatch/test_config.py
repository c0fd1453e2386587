from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from slawatch.config import SHIPPED, Settings, SourceSettings, load_config
from slawatch.config_files import DEFAULTS
from slawatch.events import CHANNELS, PRIORITIES
from slawatch.series import count_series
from tests.configs import DAY_US, load, pick, write


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_loads_without_a_doubt(name: str) -> None:
    assert load_config([name]).warnings == ()


def test_nothing_named_is_the_default() -> None:
    assert load_config().rules.digest == load_config(["default"]).rules.digest


@pytest.mark.parametrize(
    ("target", "seconds"),
    [
        ("first_response", (900, 3600, 14_400, 28_800)),
        ("next_response", (1800, 7200, 28_800, 57_600)),
        ("escalation_response", (900, 1800, 7200, 14_400)),
        ("resolution", (14_400, 28_800, 86_400, 259_200)),
        ("periodic_update", (1800, 7200)),
    ],
)
def test_the_default_promises(target: str, seconds: tuple[int, ...]) -> None:
    goals: dict[str, int] = {}
    for policy in pick(load_config(), "default"):
        goals |= policy.goals[target].goal_us
    goals.pop("", None)
    assert goals == {
        name: amount * 1_000_000 for name, amount in zip(PRIORITIES, seconds, strict=False)
    }


def test_the_default_counts_urgent_round_the_clock_and_the_rest_in_business_hours() -> None:
    urgent, rest = pick(load_config(), "default")
    assert urgent.match.priorities == {"urgent"}
    assert urgent.goals["resolution"].calendar.always
    assert rest.match.priorities == frozenset()
    assert rest.goals["resolution"].calendar.name == "business"


def test_the_chain_is_promised_on_phone_and_chat_alone() -> None:
    rules = load_config().rules
    channels = [p.match.channels for p in rules.policies if "acknowledge" in p.goals]
    assert frozenset().union(*channels) == {"phone", "chat"}


def test_twelve_channels_and_six_teams_stay_within_the_series_budget(tmp_path: Path) -> None:
    config = load(tmp_path, 'include = ["demo"]\n[channels.sms]\n[channels.fax]\n[channels.kiosk]')
    assert len(config.rules.channels) == 12
    assert len(config.rules.teams) == 6
    assert not count_series(config.rules).is_over


def test_the_demo_has_its_teams_in_two_regions() -> None:
    teams = load_config(["demo"]).rules.teams
    assert {(team.region, team.tier) for team in teams.values()} == {
        (region, tier) for region in ("north", "south") for tier in (1, 2, 3)
    }


def test_the_demo_counts_business_hours_in_the_zone_of_the_region() -> None:
    policies = pick(load_config(["demo"]), "default")
    calendars = {
        tuple(policy.match.regions): policy.goals["resolution"].calendar
        for policy in policies
        if not policy.match.priorities
    }
    sunday_2330_utc = 1_767_569_400_000_000
    assert calendars["south",].is_open(sunday_2330_utc)
    assert not calendars[()].is_open(sunday_2330_utc)


def test_the_label_policy_is_one_clock() -> None:
    rules = load_config(["uci-label"]).rules
    (target,) = rules.targets
    (policy,) = rules.policies
    assert (target.reopen, target.on_relax, target.pauses) == ("last_stop", "retract", frozenset())
    seconds = {name: us // 1_000_000 for name, us in policy.goals["resolution"].goal_us.items()}
    assert seconds == {"urgent": 23_040, "high": 360, "normal": 552_120, "low": 1_244_160}


def test_the_label_policy_differs_from_the_defaults_in_two_options() -> None:
    label, defaults = (load_config([n]).rules for n in ("uci-label", "uci-label-defaults"))
    assert [policy.goals["resolution"].goal_us for policy in label.policies] == [
        policy.goals["resolution"].goal_us for policy in defaults.policies
    ]
    (target,) = defaults.targets
    assert (target.reopen, target.on_relax) == ("continue", "keep")


def test_a_file_says_only_what_differs(tmp_path: Path) -> None:
    rules = load(tmp_path, '[calendars.business]\nhours = { mon-fri = "08:00-20:00" }').rules
    assert [target.name for target in rules.targets] == [
        target.name for target in load_config().rules.targets
    ]
    assert rules.digest != load_config().rules.digest


def test_a_later_file_beats_an_earlier_one(tmp_path: Path) -> None:
    low = write(tmp_path, '[server]\nport = 1\nhost = "::1"', "low.toml")
    high = write(tmp_path, "[server]\nport = 2", "high.toml")
    settings = load_config([low, high]).settings
    assert (settings.host, settings.port) == ("::1", 2)


def test_an_included_file_lies_below_and_is_found_beside(tmp_path: Path) -> None:
    write(tmp_path, "[server]\nport = 1\n[state]\nshards = 4", "base.toml")
    settings = load(tmp_path, 'include = ["base.toml"]\n[server]\nport = 2').settings
    assert (settings.port, settings.shards) == (2, 4)


def test_without_what_ships_a_file_stands_alone(tmp_path: Path) -> None:
    rules = load(tmp_path, "[channels.fax]", shipped=False).rules
    assert (rules.channels, rules.targets, rules.policies) == (("fax",), (), ())


def test_settings_are_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        [server]
        host = "0.0.0.0"
        port = 9000
        [state]
        folder = "/var/lib/slawatch"
        snapshot_interval = "2m"
        shards = 4
        [sources.zendesk]
        ticket_url = "https://example.zendesk.com/agent/tickets/{ticket_id}"
        """,
    ).settings
    url = "https://example.zendesk.com/agent/tickets/{ticket_id}"
    folder = Path("/var/lib/slawatch")
    expected = Settings("0.0.0.0", 9000, folder, 120.0, 4, {"zendesk": url})  # noqa: S104 - read, not listened on
    assert replace(settings, sources={}) == expected


def test_how_a_source_is_heard_is_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        [intake]
        port = 0
        max_backlog = 500
        [connectors]
        folders = "channels"
        [sources.eu]
        connector = "zendesk"
        shadow = true
        auth = { secret_file = "eu.key" }
        options = { subdomain = "acme" }
        [sources.file]
        """,
    ).settings
    eu = SourceSettings(
        "zendesk", shadow=True, auth={"secret_file": "eu.key"}, options={"subdomain": "acme"}
    )
    assert settings.sources["eu"] == eu
    assert settings.sources["file"] == SourceSettings("file", grace_us=1_000_000)
    assert (settings.intake_port, settings.intake_max_backlog) == (0, 500)
    assert settings.connector_folders == (Path("channels"),)


def test_how_people_are_paged_is_read(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        """
        [links]
        grafana = "https://boards.example.org/"
        runbooks = "https://wiki.example.org/slawatch"
        [paging]
        remind = "10m"
        escalate = "1h"
        """,
    ).settings
    assert settings.grafana_url == "https://boards.example.org"
    assert settings.runbooks_url == "https://wiki.example.org/slawatch"
    assert (settings.remind_us, settings.escalate_us) == (600_000_000, 3_600_000_000)


def test_the_desk_is_read(tmp_path: Path) -> None:
    rules = load(
        tmp_path,
        """
        [desk]
        zone = "Asia/Shanghai"
        region = "east"
        channels = ["phone", "email"]
        categories = ["billing"]
        grace = "5s"
        retention = "3d"
        expire = "30d"
        answer_within = "30s"
        blame = "longest"
        [teams.l2]
        tier = 2
        """,
    ).rules
    assert (rules.zone, rules.channels, rules.categories) == (
        "Asia/Shanghai",
        ("phone", "email"),
        ("billing",),
    )
    assert (rules.grace_us, rules.retention_us, rules.expire_us) == (
        5_000_000,
        3 * DAY_US,
        30 * DAY_US,
    )
    assert (rules.answer_within_us, rules.blame) == (30_000_000, "longest")
    assert (rules.teams["l2"].region, rules.teams["l2"].tier) == ("east", 2)


def test_a_source_shows_acts_by_channel(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
        [sources.mail]
        grace = "61s"
        shows = ["created", "replied"]
        [sources.pbx]
        shows = { phone = ["created", "abandoned"], chat = "created" }
        """,
    )
    mail, pbx = config.rules.sources["mail"], config.rules.sources["pbx"]
    assert (mail.grace_us, set(mail.shows), pbx.grace_us) == (61_000_000, {""}, 1_000_000)
    assert {channel: len(kinds) for channel, kinds in pbx.shows.items()} == {"phone": 2, "chat": 1}


@pytest.mark.parametrize(
    ("said", "meant"),
    [("phone", "phone"), ("Phone", "phone"), ("VOICE", "phone"), ("WhatsApp", "whatsapp")],
)
def test_a_channel_has_aliases_in_any_case(tmp_path: Path, said: str, meant: str) -> None:
    config = load(tmp_path, '[channels.whatsapp]\nbot = true\naliases = ["WhatsApp"]')
    assert config.vocabulary.channels[said] == meant
    assert "whatsapp" in config.rules.bot_channels


def test_aliases_are_added_to_those_that_ship(tmp_path: Path) -> None:
    config = load(tmp_path, '[priorities.urgent]\naliases = ["Prio 1"]')
    assert {config.vocabulary.priorities[word] for word in ("Prio 1", "P1", "1 - Critical")} == {
        "urgent"
    }


def test_the_digest_is_that_of_the_meaning(tmp_path: Path) -> None:
    terse = '[[policies]]\nname = "a"\nmatch = { tags = "vip" }\ngoals.resolution = "90m"'
    wordy = """
        [server]
        port = 1
        [[policies]]
        goals = { resolution = { goal = { other = "1h30m" } } }
        match = { tags = ["vip"] }
        name = "a"
        """
    assert load(tmp_path, terse).rules.digest == load(tmp_path, wordy).rules.digest


def test_the_digest_is_the_same_in_every_run() -> None:
    digests = {load_config(["demo"]).rules.digest for _ in range(3)}
    assert len(digests) == 1
    assert len(digests.pop()) == 16


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[calendars.business]\nannual_holidays = ["12-25"]', id="a holiday"),
        pytest.param('[targets.resolution]\npauses = ["customer"]', id="a target"),
        pytest.param('[channels.email]\naliases = ["post"]', id="an alias"),
        pytest.param("[teams.l9]\ntier = 3", id="a team"),
        pytest.param('[desk]\ngrace = "2s"', id="a grace"),
    ],
)
def test_the_digest_changes_with_the_rules(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).rules.digest != load_config().rules.digest


def test_the_shipped_channels_are_those_of_the_native_event() -> None:
    assert set(load_config().rules.channels) == set(CHANNELS)


@pytest.mark.parametrize("file", sorted(SHIPPED.values()))
def test_a_shipped_file_says_what_it_is_for(file: str) -> None:
    text = (DEFAULTS / file).read_text()
    assert text.startswith("# ")
    assert tomllib.loads(text)


def test_the_default_warns_twice_after_the_breach() -> None:
    goal = pick(load_config(), "default")[0].goals["resolution"]
    assert [level.name for level in goal.levels] == ["50", "75", "90", "+1h", "+4h"]
    assert goal.objective_ratio == pytest.approx(0.95)
