from __future__ import annotations

import pytest

from connectors.kit.checks import CHECKS, Check, Tier
from tests.docs.pages import read, rows

PAGE = read("docs/reference/connector-checks.md")
SECTION = PAGE.partition("## Checks\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_has_its_row_with_tier_reason_and_cure(check: Check) -> None:
    row = f"`{check.name}` | {check.tier.name.lower()} | {check.why} | {check.cure}"
    assert rows(SECTION)[check.name] == row


def test_the_page_has_no_check_that_there_is_not() -> None:
    assert rows(SECTION).keys() == {check.name for check in CHECKS}


@pytest.mark.parametrize("tier", [tier for tier in Tier if tier])
def test_every_tier_is_explained(tier: Tier) -> None:
    assert tier.name.lower() in rows(PAGE.partition("## Tiers")[2])
