"""A webhook that was lost on purpose is healed by the next sweep, and counted."""

from __future__ import annotations

import time
from pathlib import Path

from tests.connectors.transports.desks import serve
from tests.e2e.monitor import Monitor, add_up, read_verdicts
from tests.e2e.test_receive import find_address
from tests.e2e.zendesk import AGENT, Zendesk, comment, post_created, write_zendesk

REPLIES = {"target": "first_response"}


def test_a_lost_webhook_is_healed_by_the_next_sweep_and_counted(tmp_path: Path) -> None:
    zendesk, state = Zendesk(), tmp_path / "state"
    with serve(zendesk.answer) as (url, _):
        policy = write_zendesk(tmp_path, url, 'sweep = "1s"')
        with Monitor(state, "--policy", policy) as monitor:
            monitor.start().wait_until_ready()
            address = find_address(monitor.messages)
            time.sleep(1 - time.time() % 1)  # so that its whole second is after the first start
            opened = int(time.time())
            assert post_created(address, 141, opened) == 200
            # The agent answers within the goal of 3 s, and no webhook tells of it.
            before = monitor.wait_for(
                lambda s: add_up(s, "sla_results_total", outcome="breached", **REPLIES) == 1,
                "a breach that is none",
            )
            assert add_up(before, "slawatch_healed_total") == 0
            zendesk.tell(141, opened + 1, AGENT, comment(AGENT))
            after = monitor.wait_for(
                lambda s: add_up(s, "slawatch_healed_total", connector="zendesk") == 1, "healed"
            )
            after = monitor.wait_for(
                lambda s: add_up(s, "sla_result_corrections_total", change="to_met", **REPLIES),
                "the correction",
            )
            assert monitor.stop() == 0, monitor.said()
    assert add_up(after, "sla_result_corrections_total", **REPLIES) == 1
    assert add_up(after, "slawatch_healed_total") == 1
    kinds = [row[3] for row in read_verdicts(state) if row[1] == "first_response"]
    assert [kind for kind in kinds if kind != "warning"] == ["breached", "to_met"]
