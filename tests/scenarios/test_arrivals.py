"""How long qualified people took to reach the CRM, as whole cycles tell it: once each, and never of a first link."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.observe.log import listen, unlisten
from tests.scenarios.handoffs import episodes, qualified
from tests.scenarios.lifecycles import CLOSED, MQL, NEW, WORKING
from tests.scenarios.steps import HOUR, Steps
from tests.worlds import agreed, open_both


@pytest.fixture
def told() -> Iterator[list[tuple[str, int]]]:
    """Who became visible, and after how many milliseconds."""
    heard: list[tuple[str, int]] = []

    def hear(event: str, keys: object) -> None:
        if event == "handoff.visible":
            assert isinstance(keys, dict)
            assert set(keys) <= {"link", "ms", "connection", "run", "cycle", "side", "kind", "page"}
            heard.append((str(keys["link"]), int(keys["ms"])))

    listen(hear)
    yield heard
    unlisten(hear)


@pytest.fixture
def steps(tmp_path: Path) -> Iterator[Steps]:
    """Two empty stand-ins; nothing is linked yet."""
    both = open_both(config=agreed(tmp_path / "agreed"))
    yield Steps(both)
    both.store.close()


def test_each_handoff_is_told_once_with_its_delay(steps: Steps, told: list[tuple[str, int]]) -> None:
    """The delay is the system clock of the episode; what sales does later, and a full compare, tell nothing again."""
    steps.cycle()
    contact, lead, _ = qualified(steps)
    ((system,),) = episodes(steps, "system")
    (link,) = (each.id for each in steps.both.store.links("person"))
    assert isinstance(system, int)
    assert told == [(link, system)]
    assert system >= HOUR * 1000
    steps.sell(lead, by=steps.seller("SDR"), Status=WORKING)
    steps.cycle()
    steps.quiet()
    assert len(told) == 1
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    steps.cycle()
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    assert [link for link, _ in told] == [link, link], "the second handoff is another one"


def test_a_first_link_is_nobodys_delay(steps: Steps, told: list[tuple[str, int]]) -> None:
    """People who were qualified before there was syncd are delivered by it, and are not late by it."""
    steps.contact(email="old@acme-works.com", company="Acme", **MQL)
    steps.both.clock.advance(30 * 24 * HOUR)
    steps.cycle()
    steps.cycle()
    assert [each for (each,) in episodes(steps, "delivered_at") if each is not None]
    assert told == []
    qualified(steps)
    assert len(told) == 1, "from then on everybody counts"


def test_whom_sales_had_before_is_not_told(steps: Steps, told: list[tuple[str, int]]) -> None:
    """Somebody whom sales qualified itself was never on the way."""
    steps.cycle()
    lead = steps.lead(Email="own@acme-works.com", Status=NEW)
    steps.sell(lead, by=steps.seller("BDR"), Status=WORKING)
    steps.cycle()
    steps.cycle()
    assert told == []
