"""What waits still of a direction that is declared no more stands in the way of no other."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.engine import activities
from syncd.model.values import stamp
from tests.scenarios.lifecycles import world_with
from tests.scenarios.signals import engage, engagements, keyed_engagements, signalling, tasks
from tests.scenarios.steps import HOUR, Steps

TO_MARKETING: dict[str, Any] = {"to_marketing": {"sorts": {"meeting": "meeting"}}}


def test_a_meeting_is_copied_though_another_direction_waits_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Salesforce refuses a copy, for want of a field, and nobody wants such copies any more: as many as are read again
    at once are still due. A meeting of sales is read again at its end all the same.
    """
    monkeypatch.setattr(activities, "DUE_AT_ONCE", 1)
    both = signalling(tmp_path, {"activities": {"to_crm": {}, **TO_MARKETING}})
    keyed_engagements(both)
    steps = Steps(both)
    contact, lead = steps.pair()
    steps.cycle()
    engage(steps, "calls", contact, hs_call_title="Call")
    assert steps.counts()["refused.crm"] == 1
    config = both.settings.directory
    (config / "signals.yaml").write_text(yaml.safe_dump({"activities": TO_MARKETING}), encoding="utf-8")
    both.world = world_with(steps, config)
    end = stamp(both.clock.now() + timedelta(hours=30))
    event = {"WhoId": lead, "Subject": "Demo", "StartDateTime": end, "EndDateTime": end}
    both.salesforce.insert("Event", event)
    steps.cycle()
    for _ in range(2):
        steps.cycle(after=32 * HOUR)
    assert [row["hs_meeting_title"] for row, _ in engagements(steps, "meetings")] == ["Demo"]
    assert tasks(steps) == []
    steps.quiet()
    both.store.close()
