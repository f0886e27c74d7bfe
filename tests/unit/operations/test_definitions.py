"""Definitions that change: remembered term by term with the day, and shown word by word in both forms of the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from syncd.bootstrap.defining import definitions_of
from syncd.model.lifecycle import Lifecycle, Stage
from syncd.model.mapping import Policy
from syncd.model.values import Pair
from syncd.operations.definitions import DEFINITIONS, Term, Words, history, note_definitions, word_by_word
from syncd.operations.glossary import glossary
from syncd.operations.page_html import html
from syncd.operations.page_markdown import markdown
from syncd.settings.accounts import ConnectionSettings
from syncd.settings.loading import load
from syncd.store import SqlStore, open_store
from tests.fakes import START, FakeChance, FakeClock
from tests.worlds import ROOT, config_environment

SYSTEMS = Pair("HubSpot", "Salesforce")
MEANS = Term("stage", "mql", "definition")


@pytest.fixture(scope="module")
def settings() -> ConnectionSettings:
    """The example configuration."""
    return load(ROOT / "config", config_environment()).connection(None)


@pytest.fixture
def store() -> Iterator[SqlStore]:
    """An empty store."""
    opened = open_store("sqlite://", "main", clock=FakeClock(), chance=FakeChance(1))
    yield opened
    opened.close()


def meaning(settings: ConnectionSettings, text: str) -> ConnectionSettings:
    """The same, but for what an MQL is."""

    def changed(stage: Stage) -> Stage:
        return replace(stage, definition=text) if stage.key == "mql" else stage

    assert settings.lifecycle is not None
    lifecycle: Lifecycle = replace(settings.lifecycle, stages=tuple(map(changed, settings.lifecycle.stages)))
    return replace(settings, lifecycle=lifecycle)


def pages(settings: ConnectionSettings, store: SqlStore) -> tuple[str, str]:
    """The page as HTML and as Markdown."""
    assert settings.lifecycle is not None
    assert settings.teams is not None
    kind = next(each for each in settings.connection.kinds if each.kind == "person")
    told = history(store, definitions_of(settings))
    page = glossary(settings.lifecycle, settings.teams, kind, systems=SYSTEMS, history=told)
    return html(page), markdown(page)


def test_nothing_has_changed_the_first_time(settings: ConnectionSettings, store: SqlStore) -> None:
    """What is found there is where it begins; the same files again are no change."""
    assert history(store, definitions_of(settings)) == ()
    for days in range(2):
        assert note_definitions(store, START + timedelta(days=days), definitions_of(settings)) == ()
    assert history(store, definitions_of(settings)) == ()
    assert all("Word by word" not in page for page in pages(settings, store))


def test_a_first_definition_is_no_change(settings: ConnectionSettings, store: SqlStore) -> None:
    """Whoever begins without a lifecycle and declares one later has changed nothing by it."""
    note_definitions(store, START, {})
    assert note_definitions(store, START, definitions_of(settings)) == ()
    assert history(store, definitions_of(settings)) == ()


def test_a_changed_definition_is_dated(settings: ConnectionSettings, store: SqlStore) -> None:
    """On the page and on the stage's card: the day, and which words went and came."""
    before = meaning(settings, "Fits what we sell and asked for a demo.")
    after = meaning(settings, "Fits what we sell and asked for a price.")
    note_definitions(store, START, definitions_of(before))
    at = START + timedelta(days=3)
    (change,) = note_definitions(store, at, definitions_of(after))
    assert (change.at, change.term) == (at, MEANS)
    page, text = pages(after, store)
    day = f"Changed {at:%Y-%m-%d}"
    assert f"<dt>{day}</dt>" in page
    assert "definition: Fits what we sell and asked for a <del>demo.</del> <ins>price.</ins>" in page
    assert f"- **{day}:** definition: Fits what we sell and asked for a ~~demo.~~ **price.**" in text
    assert "## Word by word" in text


def test_what_nobody_works_with_yet(settings: ConnectionSettings, store: SqlStore) -> None:
    """The files say something that no cycle has begun to work with: shown as such, and not remembered by looking."""
    note_definitions(store, START, definitions_of(settings))
    after = meaning(settings, "Somebody else.")
    for _ in range(2):
        page, text = pages(after, store)
        assert "not in force yet" in page
        assert "not in force yet" in text
    assert history(store, definitions_of(settings)) == ()


def test_changes_add_up(settings: ConnectionSettings, store: SqlStore) -> None:
    """Each change stays, oldest first; what is taken back is a change again."""
    one, other = meaning(settings, "One."), meaning(settings, "Other.")
    for day, each in enumerate((one, other, one)):
        note_definitions(store, START + timedelta(days=day), definitions_of(each))
    found = history(store, definitions_of(one))
    assert [(change.before, change.after) for change in found] == [("One.", "Other."), ("Other.", "One.")]


def test_all_that_both_teams_agreed_on_is_defined(settings: ConnectionSettings) -> None:
    """Stages, how they look, moves, reasons, the handoff, teams, personas, rating; people are counted and not named."""
    assert settings.teams is not None
    teams = replace(settings.teams, teams=tuple(replace(team, users=("a@b.c",)) for team in settings.teams.teams))
    found = definitions_of(replace(settings, teams=teams))
    sorts = {"stage", "move", "reason", "handoff", "team", "persona", "rating", "grade", "calendar", "field"}
    assert {term.sort for term in found} == sorts
    assert found[Term("stage", "mql", "in crm")] == "Open - Not Contacted"
    assert found[Term("team", "sales", "people named one by one")] == "1"
    assert not any("a@b.c" in text for text in found.values())
    assert found[Term("field", "person.title", "both changed it")] == "crm"
    assert found[Term("calendar", "us_east", "zone")] == "America/New_York"
    assert found[Term("calendar", "berlin", "hours")].endswith("friday 09:00-15:00")
    assert found[Term("calendar", "us_east", "closed on")] == "12-24, 12-31"


def test_a_changed_calendar_is_dated(settings: ConnectionSettings, store: SqlStore) -> None:
    """Within which hours somebody answers is part of what both agreed on; whose they are is counted."""
    note_definitions(store, START, definitions_of(settings))
    zoned = replace(settings.calendars.by_key["us_east"], zone="America/Chicago")
    users = {"kim@example.com": "us_east"}
    calendars = replace(settings.calendars, by_key={**settings.calendars.by_key, "us_east": zoned}, users=users)
    changed = note_definitions(store, START + timedelta(days=1), definitions_of(replace(settings, calendars=calendars)))
    told = {(each.term, each.before, each.after) for each in changed}
    assert told == {
        (Term("calendar", "us_east", "zone"), "America/New_York", "America/Chicago"),
        (Term("calendar", "us_east", "owners named one by one"), None, "1"),
    }
    assert "calendar us_east, zone" in pages(replace(settings, calendars=calendars), store)[0]


def test_a_changed_mapping_is_dated_and_no_word_of_the_glossary(settings: ConnectionSettings, store: SqlStore) -> None:
    """Who wins in a field is configuration and no word of both teams."""
    note_definitions(store, START, definitions_of(settings))
    kinds = tuple(
        replace(kind, fields=tuple(replace(each, policy=Policy.HOLD, tie=None) for each in kind.fields))
        for kind in settings.connection.kinds
    )
    changed = replace(settings, connection=replace(settings.connection, kinds=kinds))
    found = note_definitions(store, START + timedelta(days=1), definitions_of(changed))
    assert (Term("field", "person.title", "both changed it"), "crm", "hold") in {
        (each.term, each.before, each.after) for each in found
    }
    assert "person.title" not in pages(changed, store)[0]


def test_a_store_of_before_learns_the_calendars(settings: ConnectionSettings, store: SqlStore) -> None:
    """Calendars and the mapping were not remembered once: that they are now is no change; the next one is."""
    note_definitions(store, START, definitions_of(settings))
    kept, at = store.recall(DEFINITIONS) or (b"", START)
    content = orjson.loads(kept)
    content["in_force"] = [row for row in content["in_force"] if row[0] not in ("calendar", "field")]
    del content["sorts"]
    store.remember(DEFINITIONS, orjson.dumps(content), at)
    assert history(store, definitions_of(settings)) == ()
    assert note_definitions(store, START, definitions_of(settings)) == ()
    calendars = replace(settings.calendars, default="berlin")
    (change,) = note_definitions(store, START, definitions_of(replace(settings, calendars=calendars)))
    assert (change.before, change.after) == ("us_east", "berlin")


@pytest.mark.parametrize(
    ("before", "after", "runs"),
    [
        ("a b c", "a x c", (Words("", "a"), Words("-", "b"), Words("+", "x"), Words("", "c"))),
        ("a b", "a b c", (Words("", "a b"), Words("+", "c"))),
        (None, "a", (Words("+", "a"),)),
        ("a", None, (Words("-", "a"),)),
    ],
)
def test_word_by_word(before: str | None, after: str | None, runs: tuple[Words, ...]) -> None:
    """What stayed, went and came, in the order of the sentence."""
    assert word_by_word(before, after) == runs
