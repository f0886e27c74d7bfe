"""Nobody is made in a stage whose entry criteria they do not meet: listed in words, made as soon as they do.

In ``tests/agreed`` an MQL needs e-mail, last name and company, and an address of a company.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from syncd.core.replay import Turn
from syncd.model.errors import BadUsage
from syncd.model.link import Topic
from syncd.model.values import Side
from syncd.operations.deciding import Choice, resolution
from tests.scenarios.backtests import changed, replayed
from tests.scenarios.lifecycles import MQL, NEW, SQL
from tests.scenarios.steps import HOUR, Schema, Steps, relived
from tests.worlds import agreed, open_both

ANN = "ann@acme-works.com"


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two empty stand-ins that were in step before, and both teams have agreed."""
    steps = Steps(open_both(config=agreed(tmp_path / "agreed")))
    steps.cycle()
    yield steps
    steps.both.store.close()


def test_nobody_is_made_before_the_criteria_are_met(steps: Steps) -> None:
    """What is missing is said in words, once; the person flows with the next cycle after it is there."""
    contact = steps.contact(email=ANN, **MQL)
    steps.cycle()
    assert not steps.live("Lead")
    conflict = steps.conflict()
    assert (conflict.topic, conflict.field, conflict.refs) == (
        Topic.WAITS, "stage", ((Side.MARKETING, conflict.refs[0][1]),),
    )  # fmt: skip
    assert "mql needs company_name to be filled" in conflict.reason
    steps.quiet()
    assert steps.conflict() == conflict
    steps.market(contact, company="Acme")
    steps.cycle()
    assert [row["Company"] for row in steps.live("Lead")] == ["Acme"]
    assert not steps.conflicts()
    steps.quiet()


def test_a_condition_is_told_in_its_own_words(steps: Steps) -> None:
    """The reason follows what is lacking now."""
    contact = steps.contact(email="ann@gmail.com", **MQL)
    steps.cycle()
    assert "company_name" in steps.conflict().reason
    steps.market(contact, company="Acme")
    steps.cycle()
    assert "The e-mail address is a company's" in steps.conflict().reason
    assert not steps.live("Lead")


def test_who_falls_back_waits_for_nothing(steps: Steps) -> None:
    """No create rule means a lead, so nobody waits any more; nor does whoever is deleted."""
    back, gone = (steps.contact(email=f"{name}@acme-works.com", **MQL) for name in ("back", "gone"))
    steps.cycle()
    assert len(steps.conflicts()) == 2
    steps.market(back, lifecyclestage="subscriber", hs_lead_status="")
    steps.both.hubspot.archive("contacts", gone)
    steps.cycle()
    assert not steps.conflicts()
    assert not steps.live("Lead")


def test_a_person_lets_one_through(steps: Steps) -> None:
    """Only the side that has the record can be taken."""
    steps.contact(email=ANN, **MQL)
    steps.cycle()
    with pytest.raises(BadUsage, match="crm side has not"):
        resolution(steps.conflict(), Choice(take="crm"))
    steps.resolve(resolution(steps.conflict(), Choice(take="marketing")))
    steps.cycle()
    assert len(steps.live("Lead")) == 1
    assert not steps.conflicts()
    steps.quiet()


def test_who_is_found_in_the_crm_meanwhile_is_linked(steps: Steps) -> None:
    """A match is no create: what was listed of it is over, and the stage is judged as at any link."""
    steps.contact(email=ANN, **MQL)
    steps.cycle()
    steps.lead(Email=ANN, Status="Open - Not Contacted")
    steps.cycle()
    assert not steps.conflicts()
    assert len(steps.live("Lead")) == 1


def test_who_waits_on_the_sales_side_and_is_found_in_marketing_waits_no_more(tmp_path: Path) -> None:
    """The other way round: a Lead of whom no contact is made yet, until somebody enters that contact."""

    def both_ways(tree: Schema) -> None:
        tree["create"]["marketing"] = [{"object": "contacts", "when": "stage == 'mql'"}]

    steps = Steps(relived(tmp_path, lambda _: None, person=both_ways))
    steps.cycle()
    lead = steps.lead(Email="ann@gmail.com", Status="Open - Not Contacted")
    steps.cycle()
    assert (steps.conflict().topic, steps.contacts()) == (Topic.WAITS, [])
    contact = steps.contact(email="ann@gmail.com", lifecyclestage="lead", hs_lead_status="NEW")
    steps.cycle()
    assert steps.marketed(contact, "syncd_crm_id") == lead
    assert all(len(each.refs) == 2 for each in steps.conflicts())
    steps.both.store.close()


def test_a_changed_agreement_lets_people_through(tmp_path: Path) -> None:
    """Whoever waits is looked at again when the lifecycle is another one."""
    steps = Steps(open_both(f"sqlite:///{tmp_path}/state.db", config=agreed(tmp_path / "strict")))
    steps.cycle()
    steps.contact(email=ANN, **MQL)
    steps.cycle()
    assert len(steps.conflicts()) == 1

    def looser(tree: Schema) -> None:
        tree["stages"]["mql"].pop("entry")

    other = relived(tmp_path / "loose", looser)
    steps.both.world.connection = other.world.connection
    steps.both.world.verify = other.world.verify
    steps.both.world.terms.clear()
    steps.cycle(after=HOUR)
    assert len(steps.live("Lead")) == 1
    assert not steps.conflicts()
    other.store.close()
    steps.both.store.close()


def test_at_the_first_link_too(tmp_path: Path) -> None:
    """The preview makes nobody who is not ready."""
    steps = Steps(open_both(config=agreed(tmp_path / "agreed")))
    steps.contact(email=ANN, **MQL)
    steps.contact(email="bob@acme-works.com", company="Acme", **MQL)
    steps.cycle()
    assert len(steps.live("Lead")) == 1
    assert steps.conflict().topic is Topic.WAITS
    steps.quiet()
    steps.both.store.close()


def test_a_backtest_tells_of_criteria_that_grow(steps: Steps, tmp_path: Path) -> None:
    """Criteria that grow would have kept one of two from being made; what was not recorded cannot be told."""
    config = tmp_path / "agreed" / "config"
    steps.contact(email="ann@acme-works.com", company="Acme", phone="+49 30 901820")
    steps.contact(email="bob@acme-works.com", company="Acme")
    steps.cycle()

    def wanting(field: str) -> dict[str, Callable[[Schema], None]]:
        return {"lifecycle": lambda tree: tree["stages"]["mql"]["entry"]["filled"].append(field)}

    told = replayed(steps, config, changed(config, tmp_path, wanting("phone")))
    assert dict(told.creations["person"].turns) == {Turn.SAME: 1, Turn.HELD: 1}
    told = replayed(steps, config, changed(config, tmp_path, wanting("owner")))
    assert dict(told.creations["person"].turns) == {Turn.UNTOLD: 2}


def test_who_waited_was_not_complete(steps: Steps) -> None:
    """Nobody is carried over with empty entry fields, so it is the wait that tells what marketing sent: also of
    somebody whom sales knows already, and not of whoever waits for a condition.
    """
    known, lead = steps.pair(email="known@acme-works.com", company="", **SQL)
    late, whole = (steps.contact(email=f"{name}@acme-works.com") for name in ("late", "whole"))
    free = steps.contact(email="free@gmail.com", company="Acme")
    steps.market(whole, company="Acme", **MQL)
    steps.market(late, **MQL)
    steps.market(free, **MQL)
    steps.sell(lead, Status=NEW)
    steps.cycle()
    assert len(steps.conflicts()) == 3
    steps.both.clock.advance(HOUR)
    steps.market(late, company="Acme")
    steps.market(known, company="Acme")
    steps.market(free, email="free@acme-works.com")
    steps.cycle()
    steps.cycle()
    assert not steps.conflicts()
    told = {
        linked.link.refs.marketing.id: complete
        for person, complete in steps.both.store.episode_columns(("person", "complete"))
        for linked in steps.both.store.by_link([person]).values()
    }
    assert told == {whole: "yes", free: "yes", late: "no", known: "no"}
