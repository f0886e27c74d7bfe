"""A backup of the store is put back: nothing is written until a person accepts it, and no value of a side is lost.

Length: each of these puts a copy back into the same site of fifty linked people, which begins here.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from syncd.core.doubt import RESTORED
from syncd.engine.cycle import Ended, plan_only, sync
from syncd.engine.resync import Met, carry_on
from syncd.model.errors import BadUsage, NeedsOperator
from syncd.model.resync import Resync
from syncd.model.run import RunState
from syncd.model.values import Side
from syncd.operations.restoring import accept_restored, mark_restored
from syncd.operations.resyncing import ask
from syncd.store import open_store
from tests.fakes import FakeChance
from tests.scenarios.steps import Steps
from tests.scenarios.test_crashes import Killed, Mortal
from tests.worlds import Both, open_both, open_world

PEOPLE = 50


@dataclass
class Site:
    """A machine with a store in a file, which can be copied and put back."""

    steps: Steps
    folder: Path
    opened: int = 0

    @property
    def both(self) -> Both:
        return self.steps.both

    @property
    def file(self) -> Path:
        return self.folder / "state.db"

    def stop(self) -> None:
        self.both.store.close()

    def start(self) -> None:
        """A new process over the file that is there now."""
        self.opened += 1
        both = self.both
        store = open_store(f"sqlite:///{self.file}", "main", clock=both.clock, chance=FakeChance(100 + self.opened))
        both.store = store
        both.world = open_world(both.hubspot, both.salesforce, both.clock, store, both.settings)

    def back_up(self, name: str = "backup.db") -> None:
        self.stop()
        for each in self.folder.glob("state.db-*"):
            assert not each.stat().st_size, "closing a store empties its log"
        shutil.copy(self.file, self.folder / name)
        self.start()

    def put_back(self, name: str = "backup.db") -> None:
        self.stop()
        for each in self.folder.glob("state.db-*"):
            each.unlink()
        shutil.copy(self.folder / name, self.file)
        self.start()

    def run(self, *, after: float = 600.0) -> Ended:
        """One cycle; who approves a first link by habit is not asked here."""
        self.both.clock.advance(after)
        return sync(self.both.world)

    def until_quiet(self) -> None:
        for _ in range(6):
            if not self.run(after=3_600.0).run.counts:
                return
        raise AssertionError("still busy")


LEASED = frozenset({"begin", "settle", "take_lease", "release_lease"})
COMPARING = frozenset({"settle", "note_restored", "take_lease"})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Fifty people linked and in step."""
    made = Site(Steps(open_both(f"sqlite:///{tmp_path}/state.db")), tmp_path)
    for n in range(PEOPLE):
        made.steps.contact(email=f"p{n}@example.com", firstname="A", city="Old", company="C")
    made.steps.cycle()
    made.until_quiet()
    yield made
    made.stop()


def pairs(site: Site) -> list[tuple[str, str]]:
    """Ids of contacts and their Leads, by number of the person."""
    rows = {row["properties"]["email"]: row for row in site.both.hubspot.export()["contacts"]}
    found = [rows[f"p{n}@example.com"] for n in range(PEOPLE)]
    return [(row["id"], row["properties"]["syncd_crm_id"]) for row in found]


def in_doubt(site: Site, contact: str, lead: str) -> None:
    """A store from before the last change of a city is put back and accepted: which city is newer, it cannot know."""
    site.back_up()
    site.steps.market(contact, city="New")
    site.until_quiet()
    site.steps.sell(lead, City="Old")
    site.put_back()
    site.run()
    assert accept_restored(site.both.store, "ann")
    site.run()
    assert site.steps.conflict().reason == RESTORED


def state(site: Site) -> list[tuple[str | None, object]]:
    """Cities on both sides, by number."""
    return [(site.steps.marketed(c, "city"), site.steps.sold(lead, "City")) for c, lead in pairs(site)]


@pytest.mark.fault("F63")
def test_edits_since_the_backup_survive_it(site: Site) -> None:
    """Fifty edits both ways since the copy, synced; then edits that nobody has synced yet, some back to old values."""
    people = pairs(site)
    site.back_up()
    for n, (contact, lead) in enumerate(people):
        if n % 2:
            site.steps.market(contact, city=f"New {n}")
        else:
            site.steps.sell(lead, City=f"New {n}")
    site.until_quiet()
    assert all(mine == theirs == f"New {n}" for n, (mine, theirs) in enumerate(state(site)))
    # What an older Base takes for unchanged: a value that is back to what it was when the copy was made.
    site.steps.market(people[0][0], city="Old")
    site.steps.sell(people[1][1], City="Old")
    site.steps.market(people[2][0], city="Newest")
    before = state(site)
    written = site.steps.written()

    site.put_back()
    for _ in range(3):
        ended = site.run()
        assert ended.needs_approval
        assert ended.run.state is RunState.HELD
    assert site.steps.written() == written, "nothing is written before somebody accepts it"
    assert state(site) == before
    held = {(row.field, row.values.marketing, row.values.crm) for row in site.steps.conflicts()}
    assert held == {("city", "Old", "New 0"), ("city", "New 1", "Old"), ("city", "Newest", "New 2")}
    assert all(row.reason == RESTORED for row in site.steps.conflicts())

    assert accept_restored(site.both.store, "ann")
    for _ in range(4):
        site.run(after=3_600.0)
    assert state(site) == before, "what differs waits for a person, whatever the policy"
    assert site.steps.written() == written
    for row in site.steps.conflicts():
        assert site.both.store.resolve_conflict(row.id, "marketing" if row.values.crm != "Old" else "crm")
    site.until_quiet()
    assert state(site)[:3] == [("Old", "Old"), ("Old", "Old"), ("Newest", "Newest")]
    site.steps.market(people[4][0], city="After")
    site.until_quiet()
    assert state(site)[4] == ("After", "After")
    assert not site.steps.conflicts()


def test_what_is_in_doubt_stays_so_when_the_record_becomes_another_one(site: Site) -> None:
    """The older store cannot know whose city is newer. The Lead is converted meanwhile: nobody has decided by that."""
    contact, lead = pairs(site)[0]
    in_doubt(site, contact, lead)
    converted = str(site.both.salesforce.convert(lead, status="Closed - Converted")[0])
    for _ in range(3):
        site.run(after=3_600.0)
    shown = site.steps.marketed(contact, "city"), site.steps.sold(converted, "MailingCity", object_name="Contact")
    assert shown == ("New", "Old")
    assert site.both.store.resolve_conflict(site.steps.conflict().id, "crm")
    site.until_quiet()
    assert site.steps.marketed(contact, "city") == "Old"
    assert not site.steps.conflicts()


def test_records_made_since_the_backup_are_found_again(site: Site) -> None:
    """Nobody is made twice, and what was deleted stays deleted."""
    site.back_up()
    fresh = site.steps.contact(email="fresh@example.com", firstname="A", city="Old", company="C")
    site.until_quiet()
    lead = site.steps.marketed(fresh, "syncd_crm_id")
    dead = site.steps.contact(email="dead@example.com", firstname="A", company="C")
    site.until_quiet()
    site.both.salesforce.delete("Lead", str(site.steps.marketed(dead, "syncd_crm_id")))
    site.both.salesforce.delete("Lead", pairs(site)[7][1])
    site.until_quiet()
    site.steps.sell(str(lead), City="Elsewhere")
    site.put_back()
    leads = len(site.steps.live("Lead"))
    written = site.steps.written()
    assert site.run().needs_approval
    assert {(row.field, row.values.crm) for row in site.steps.conflicts()} == {("city", "Elsewhere")}
    assert accept_restored(site.both.store, "ann")
    for _ in range(3):
        site.run(after=3_600.0)
    assert len(site.steps.live("Lead")) == leads
    assert site.steps.marketed(fresh, "city") == "Old"
    assert site.steps.sold(str(lead), "City") == "Elsewhere"
    assert site.steps.written() == written


def test_a_store_in_use_is_never_suspected(site: Site) -> None:
    """Restarts, a kill at every step of a cycle, and cycles in between: no false alarm."""
    contact = pairs(site)[0][0]
    for n in range(1, 12):
        site.steps.market(contact, city=f"City {n}")
        site.both.world.store = Mortal(site.both.store, LEASED, [n])  # type: ignore[assignment]
        site.both.clock.advance(300)
        with contextlib.suppress(Killed):
            sync(site.both.world)
        site.stop()
        site.start()
        assert site.both.store.restored() is None
    site.until_quiet()


def test_a_choice_from_before_is_not_carried_out_again(site: Site) -> None:
    """A conflict that a person decided, carried out after the backup: its values are others by now."""
    contact, lead = pairs(site)[0]
    site.steps.market(contact, email="mine@example.com")
    site.steps.sell(lead, Email="theirs@example.com")
    site.run()
    assert site.both.store.resolve_conflict(site.steps.conflict().id, "crm")
    site.back_up()
    site.until_quiet()
    assert site.steps.marketed(contact, "email") == "theirs@example.com"
    site.steps.market(contact, email="later@example.com")
    site.put_back()
    site.run()
    assert site.steps.conflict().resolution is None
    assert accept_restored(site.both.store, "ann")
    site.run()
    site.run()
    assert site.steps.marketed(contact, "email") == "later@example.com"
    assert site.steps.sold(lead, "Email") == "theirs@example.com"


def test_killed_while_it_compares_it_begins_again(site: Site) -> None:
    """Nothing is written and nothing is held twice, wherever the process dies."""
    site.back_up()
    for contact, _ in pairs(site):
        site.steps.market(contact, city="New")
    site.until_quiet()
    site.steps.market(pairs(site)[0][0], city="Old")
    site.put_back()
    written = site.steps.written()
    for n in range(1, 60):
        site.both.clock.advance(300)
        site.both.world.store = Mortal(site.both.store, COMPARING, [n])  # type: ignore[assignment]
        try:
            ended = sync(site.both.world)
        except Killed:
            site.stop()
            site.start()
            continue
        assert ended.needs_approval
        break
    assert n > 3, "there was something to kill"
    assert site.steps.written() == written
    assert len(site.steps.conflicts()) == 1
    known = site.both.store.restored()
    assert known is not None
    assert known.compared is not None


def test_nothing_else_writes_meanwhile(site: Site) -> None:
    """A resync is refused, a plan shows what is in doubt, accepting before the compare is refused."""
    site.back_up()
    contact = pairs(site)[0][0]
    site.steps.market(contact, city="New")
    site.until_quiet()
    site.steps.market(contact, city="Old")
    site.put_back()
    with pytest.raises(BadUsage, match="not compared yet"):
        accept_restored(site.both.store, "ann")
    plan = plan_only(site.both.world).plan
    held = [action.conflict.reason for action in plan.actions() if hasattr(action, "conflict")]
    assert held == [RESTORED]
    site.run()
    wanted = Resync(kinds=("person",), sides=(Side.MARKETING,), records=(), where="", since=None, until=None, fields=())
    request = ask(site.both.world, wanted)
    with pytest.raises(NeedsOperator, match="older copy"):
        carry_on(site.both.world, request, Met(), leave_off=lambda: False)
    site.both.store.cancel(request.id, site.both.clock.now())


@pytest.mark.parametrize("content", ["", "{", "[]", '{"main": 3}', '{"main": {"a": 1}}', "\udcff"])
def test_a_witness_that_cannot_be_read_is_made_anew(site: Site, content: str) -> None:
    """Cut, empty or of another shape: said in the log, and work goes on."""
    witness = site.folder / "state.db.generation"
    witness.write_bytes(content.encode(errors="surrogateescape"))
    assert not site.run().needs_approval
    assert json.loads(witness.read_text())["main"]["generation"] > 1
    assert witness.stat().st_mode & 0o777 == 0o600


def test_without_a_witness_it_is_adopted(site: Site) -> None:
    """After an upgrade, or moved to another machine without it."""
    site.back_up()
    site.until_quiet()
    site.put_back()
    (site.folder / "state.db.generation").unlink()
    assert not site.run().needs_approval


def test_another_store_in_its_place_is_told(site: Site, tmp_path: Path) -> None:
    """The store of another machine counts more; it is another one all the same. One without a link is just new."""
    other = tmp_path / "other"
    other.mkdir()
    elsewhere = Site(Steps(open_both(f"sqlite:///{other}/state.db", seed=8)), other)
    elsewhere.steps.contact(email="x@example.com", company="C")
    elsewhere.steps.cycle()
    for _ in range(30):
        elsewhere.run()
    elsewhere.stop()
    shutil.copy(other / "state.db", site.folder / "backup.db")
    site.put_back()
    found = site.both.store.restored()
    assert found is not None
    assert "another store" in found.why


def test_a_copy_that_went_its_own_way_is_told(site: Site) -> None:
    """The copy was used elsewhere and counts as much or more: its history is another one."""
    site.back_up("fork.db")
    contact = pairs(site)[0][0]
    site.steps.market(contact, city="Here")
    site.until_quiet()
    here = json.loads((site.folder / "state.db.generation").read_text())
    site.back_up("ours.db")
    site.put_back("fork.db")
    (site.folder / "state.db.generation").unlink()  # on the other machine
    for n in range(8):
        site.steps.market(contact, city=f"There {n}")
        site.run(after=3_600.0)
    (site.folder / "state.db.generation").write_text(json.dumps(here))
    site.stop()
    site.start()
    found = site.both.store.restored()
    assert found is not None
    assert "another history" in found.why


def test_an_empty_store_is_a_new_beginning(site: Site) -> None:
    """The file was moved away on purpose: the first link has an approval of its own."""
    site.stop()
    for each in site.folder.glob("state.db*"):
        if each.suffix != ".generation":
            each.unlink()
    site.start()
    assert site.both.store.restored() is None
    ended = site.run()
    assert ended.plan is not None


def test_a_person_may_say_it(site: Site) -> None:
    """As on PostgreSQL, whose server may be anywhere: the same compare follows."""
    site.back_up()
    contact = pairs(site)[0][0]
    site.steps.market(contact, city="New")
    site.until_quiet()
    site.steps.market(contact, city="Old")
    site.put_back()
    (site.folder / "state.db.generation").unlink()
    assert mark_restored(site.both.store, site.both.clock.now(), "ann")
    assert site.run().needs_approval
    assert site.steps.conflict().values.crm == "New"
