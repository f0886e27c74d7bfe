"""Service levels and calendars that change: open handoffs and their records follow in the next cycle, others do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from syncd.core.ledger import episodes_of
from syncd.core.terms import book_for
from syncd.engine import lateness
from syncd.engine.booking import Booking
from syncd.engine.cycle import sync
from syncd.model.lifecycle import Commitments
from syncd.operations.report import Period
from syncd.operations.report_handoff import handoff
from syncd.ports.memory import TERMS_NOW
from syncd.ports.store import Settlement
from tests.scenarios.derivings import derived_config, fitted
from tests.scenarios.lifecycles import CLOSED, MQL, world_with
from tests.scenarios.signals import listening
from tests.scenarios.steps import HOUR, Steps

TIMES = ("person", "touch_due", "decision_due")


def changed(config: Path, change: Callable[[dict[str, Any]], None], name: str = "lifecycle.yaml") -> None:
    """The same configuration with a change in one file."""
    tree = yaml.safe_load((config / name).read_text(encoding="utf-8"))
    change(tree)
    (config / name).write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")


def handed_over(steps: Steps, name: str) -> str:
    """A lead of marketing's that it qualifies, and the Lead that sales sees."""
    contact = steps.contact(email=f"{name}@acme-works.com", company="Acme", lifecyclestage="lead", hs_lead_status="")
    steps.cycle()
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    lead = steps.marketed(contact, "syncd_crm_id")
    assert lead is not None
    return lead


def test_open_handoffs_follow_and_ended_ones_keep_their_terms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day becomes an hour: whoever is open is due then, on the record too, and late by it at once; counted once."""
    config = derived_config(tmp_path, "respond_by", "in_sales_hands", "grade")
    steps = fitted(config)
    steps.cycle()
    over, lead = handed_over(steps, "over"), handed_over(steps, "ann")
    steps.sell(over, by=steps.seller("SDR"), Status=CLOSED)
    steps.cycle(after=8 * HOUR)
    before = {row[0]: row[1:] for row in steps.both.store.episode_columns(TIMES)}
    ((ended,),) = [row[:1] for row in steps.both.store.episode_columns(("person", "closed_at")) if row[1] is not None]
    shown = steps.sold(lead, "Syncd_Respond_By__c")
    told: list[tuple[str, Any]] = []
    counted: list[int] = []
    emit, recount = lateness.emit, Booking.recount
    monkeypatch.setattr(lateness, "emit", lambda name, **keys: (told.append((name, keys["clock"])), emit(name, **keys)))
    monkeypatch.setattr(Booking, "recount", lambda *given: (counted.append(1), recount(*given)))
    changed(config, lambda tree: tree["handoff"].update(touch_within="1 hour"))
    steps.both.world = world_with(steps, config)
    steps.both.clock.advance(60)
    sync(steps.both.world)
    after = {row[0]: row[1:] for row in steps.both.store.episode_columns(TIMES)}
    assert after.pop(ended) == before.pop(ended)
    ((old, new),) = [(before[person], after[person]) for person in after]
    assert new[0] < old[0]
    assert new[1] == old[1]
    now = steps.sold(lead, "Syncd_Respond_By__c")
    assert now != shown
    assert str(now)[:16] == f"{_iso(new[0])}"
    assert told == [("handoff.overdue", "touch")]
    sync(steps.both.world)
    assert counted == [1]
    report = handoff(steps.both.store, Period(), now=steps.both.clock.now(), by=("grade",), promised=Commitments())
    (levels,) = (each for each in report.sections if each.key == "levels")
    assert "1 by the terms in use from 2026-03-02, 1 by the terms in use from 2026-03-02" in levels.words[-1]
    steps.both.store.close()


def test_a_calendar_that_changes_reaches_open_handoffs(tmp_path: Path) -> None:
    """New York begins to work on Saturdays only: whoever is open is due then."""
    config = derived_config(tmp_path, "respond_by", "in_sales_hands", "grade")
    steps = fitted(config)
    steps.cycle()
    handed_over(steps, "ann")
    ((before,),) = steps.both.store.member_columns(("touch_due",))
    changed(
        config,
        lambda tree: tree["calendars"]["us_east"].update(hours={"saturday": "09:00-17:30"}),
        "calendars.yaml",
    )
    steps.both.world = world_with(steps, config)
    sync(steps.both.world)
    ((after,),) = steps.both.store.member_columns(("touch_due",))
    assert after - before == 5 * 24 * HOUR * 1_000
    steps.both.store.close()


def test_what_an_older_version_counted_is_counted_anew(tmp_path: Path) -> None:
    """The first cycle after an upgrade that judges otherwise: open handoffs follow, once, and nothing has changed."""
    steps = fitted(derived_config(tmp_path, "respond_by", "in_sales_hands", "grade"))
    steps.cycle()
    handed_over(steps, "ann")
    store, now = steps.both.store, steps.both.clock.now()
    noted = store.recall(TERMS_NOW)
    assert noted is not None
    (episode,) = store.episode_columns(("touch_due",))
    ledger = [each for link in store.links("person") for each in store.ledger_of([link.id])]
    (kept,) = episodes_of(ledger, book_for(steps.both.world.booking.handoff))
    store.settle(Settlement(episodes=[replace(kept, touch_due=None)]), now)
    store.remember(TERMS_NOW, noted[0].split()[0], now)
    heard = listening()
    steps.cycle()
    assert store.episode_columns(("touch_due",)) == [episode]
    assert store.recall(TERMS_NOW)[0] == noted[0]
    assert not heard("handoff.terms_changed")
    store.close()


def test_whoever_is_counted_no_more_is_in_nobodys_hands(tmp_path: Path) -> None:
    """The teams agree that an MQL is no handoff any more, while she is one: her record shows no deadline for ever."""
    config = derived_config(tmp_path, "respond_by", "in_sales_hands", "grade")
    steps = fitted(config)
    steps.cycle()
    lead = handed_over(steps, "ann")
    (row,) = [each for each in steps.both.hubspot.export()["contacts"] if not each["archived"]]
    assert row["properties"]["syncd_in_sales_hands"] == "true"
    assert steps.sold(lead, "Syncd_Respond_By__c")
    changed(config, lambda tree: tree["handoff"].update(qualified=["evangelist"]))
    steps.both.world = world_with(steps, config)
    steps.cycle()
    assert steps.marketed(row["id"], "syncd_in_sales_hands") == "false"
    assert steps.sold(lead, "Syncd_Respond_By__c") is None
    steps.both.store.close()


def _iso(milliseconds: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(milliseconds / 1_000, UTC).isoformat()[:16]
