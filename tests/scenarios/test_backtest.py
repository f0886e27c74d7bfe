"""What was recorded, held against a changed configuration: what would have been different, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from syncd.core.rehearsal import Fate
from syncd.core.replay import Turn
from tests.scenarios.backtests import changed, replayed, turns
from tests.scenarios.lifecycles import CLOSED, MQL, SQL, WORKING, ann
from tests.scenarios.steps import HOUR, Schema, Steps
from tests.worlds import agreed, open_both


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Both teams have agreed on who may move whom."""
    return agreed(tmp_path / "agreed")


@pytest.fixture
def steps(config: Path) -> Iterator[Steps]:
    """Two empty stand-ins over that configuration."""
    both = open_both(config=config)
    yield Steps(both)
    both.store.close()


@pytest.fixture
def worked(steps: Steps) -> tuple[str, str]:
    """A linked MQL on whom both teams have worked: values of several fields, moves, a refused move, clashes."""
    contact, lead = ann(steps, jobtitle="Head of Marketing")
    steps.market(contact, city="Bonn", by=steps.marketer("Marketing"))
    steps.cycle()
    steps.sell(lead, Title="CMO", FirstName="Ann")
    steps.cycle()
    steps.market(contact, jobtitle="VP", firstname="Anna", address="Main St 1")
    steps.sell(lead, Title="Chief", FirstName="Annie")
    steps.cycle()
    steps.sell(lead, by=steps.seller("Account Executive"), Status=WORKING)
    steps.cycle()
    steps.sell(lead, Email="ann@other-works.com")
    steps.market(contact, email="ann@more-works.com")
    steps.cycle()
    steps.market(contact, by=steps.marketer("Marketing"), **MQL)
    steps.cycle()
    return contact, lead


# -- the law -----------------------------------------------------------------------------------------------------------
def test_the_same_configuration_changes_nothing(steps: Steps, config: Path, worked: tuple[str, str]) -> None:
    """Against the configuration that made the record everything is the same, and nothing cannot be told."""
    told = replayed(steps, config, config)
    assert worked
    assert told.values > 12
    assert not told.differs
    assert not told.untold
    assert not told.moves.untold
    assert told.moves.counts
    assert {turn for each in told.fields.values() for turn in each.turns} == {Turn.SAME}


def test_a_change_that_decides_nothing_changes_nothing(
    steps: Steps, config: Path, tmp_path: Path, worked: tuple[str, str]
) -> None:
    """How a write is guarded is no matter of what is written: each value is worked out anew and is the same."""

    def guard(tree: Schema) -> None:
        for mapping in tree["fields"].values():
            mapping["confirm"] = "readback" if mapping.get("confirm") == "none" else "none"
            mapping.setdefault("clear", "to_crm" if mapping.get("direction") != "to_marketing" else "to_marketing")
            if mapping["type"] in ("opt_out", "reference"):
                del mapping["clear"]

    told = replayed(steps, config, changed(config, tmp_path, {"schema/person": guard}))
    assert worked
    assert {turn for each in told.fields.values() for turn in each.turns} <= {Turn.SAME, Turn.UNTOLD}
    assert not told.differs
    assert sum(told.untold.values()) <= 2, told.untold


def test_nothing_is_written_and_nobody_is_asked(
    steps: Steps, config: Path, tmp_path: Path, worked: tuple[str, str]
) -> None:
    """Neither vendor hears of it."""
    before = [len(kernel.calls) for kernel in (steps.both.hubspot, steps.both.salesforce)]
    replayed(steps, config, changed(config, tmp_path, {}))
    assert worked
    assert [len(kernel.calls) for kernel in (steps.both.hubspot, steps.both.salesforce)] == before


# -- values ------------------------------------------------------------------------------------------------------------
def test_a_policy_that_is_turned_round(steps: Steps, config: Path, tmp_path: Path, worked: tuple[str, str]) -> None:
    """Both sides changed the title and the CRM won: with the other policy HubSpot would, and Salesforce be written."""

    def turn(tree: Schema) -> None:
        tree["fields"]["title"]["policy"] = "marketing"

    told = replayed(steps, config, changed(config, tmp_path, {"schema/person": turn}))
    assert worked
    assert turns(told, "title") == {Turn.SAME: 2, Turn.OTHER_SIDE: 1}
    (example,) = told.fields["person", "title"].examples[Turn.OTHER_SIDE]
    assert (example.before, example.after, example.answer.value) == ("VP", "Chief", "VP")
    assert "title" not in {name for _, name in told.held}


def test_a_policy_that_holds(steps: Steps, config: Path, tmp_path: Path, worked: tuple[str, str]) -> None:
    """Where only one side had changed, nothing changes; where both had, a person would have been asked."""

    def hold(tree: Schema) -> None:
        tree["fields"]["first_name"] = {"type": "string", "marketing": "firstname", "crm": "FirstName"}

    told = replayed(steps, config, changed(config, tmp_path, {"schema/person": hold}))
    assert worked
    assert turns(told, "first_name") == {Turn.SAME: 1, Turn.HELD: 1}


def test_times_were_not_recorded(steps: Steps, config: Path, tmp_path: Path, worked: tuple[str, str]) -> None:
    """`newest` instead of `crm` goes by times that nobody kept: counted with the reason, not guessed."""

    def newest(tree: Schema) -> None:
        tree["fields"]["title"] |= {"policy": "newest", "tie": "crm"}

    told = replayed(steps, config, changed(config, tmp_path, {"schema/person": newest}))
    assert worked
    assert turns(told, "title") == {Turn.SAME: 2, Turn.UNTOLD: 1}
    assert sum(told.untold.values()) == 1
    assert not told.differs


def test_directions_and_fields_that_go(steps: Steps, config: Path, tmp_path: Path, worked: tuple[str, str]) -> None:
    """One way only, not mapped any more, and mapped to another vendor field whose values nobody ever read."""

    def narrow(tree: Schema) -> None:
        tree["fields"]["city"]["direction"] = "to_marketing"
        tree["fields"]["street"]["marketing"] = "street_address"
        del tree["fields"]["title"]

    def by_nothing(tree: Schema) -> None:
        tree["stages"]["mql"]["leave_within"] = "2 days"
        tree["handoff"]["touch_within"] = "1 day"

    new = changed(config, tmp_path, {"schema/person": narrow, "lifecycle": by_nothing})
    (new / "personas.yaml").unlink()
    (new / "rating.yaml").unlink()
    for case in (new / "cases").glob("person.yaml"):
        case.unlink()
    told = replayed(steps, config, new)
    assert worked
    assert turns(told, "city") == {Turn.NOT_WRITTEN: 1}
    assert turns(told, "title") == {Turn.NOT_WRITTEN: 3}
    assert turns(told, "street") == {Turn.UNTOLD: 1}
    assert told.unmapped == ("person.title",)
    assert told.untold == {"what street_address held was not recorded": 1}


def test_a_field_of_another_name_is_the_same_field(
    steps: Steps, config: Path, tmp_path: Path, worked: tuple[str, str]
) -> None:
    """What stands in the same places is the same field, whatever it is called."""

    def rename(tree: Schema) -> None:
        tree["fields"]["town"] = tree["fields"].pop("city")

    told = replayed(steps, config, changed(config, tmp_path, {"schema/person": rename}))
    assert worked
    assert turns(told, "city") == {Turn.SAME: 1}
    assert (told.unmapped, told.added) == ((), ())


def test_a_clash_that_would_not_have_been_one(
    steps: Steps, config: Path, tmp_path: Path, worked: tuple[str, str]
) -> None:
    """Two addresses wait for a person; with a policy one of them would have been written."""

    def decide(tree: Schema) -> None:
        tree["fields"]["email"]["policy"] = "crm"

    told = replayed(steps, config, changed(config, tmp_path, {"schema/person": decide}))
    assert worked
    tally = told.held["person", "email"]
    assert dict(tally.turns) == {Turn.DECIDED: 1}
    (example,) = tally.examples[Turn.DECIDED]
    assert example.answer.value == "ann@other-works.com"


# -- creations ---------------------------------------------------------------------------------------------------------
def test_records_that_would_not_have_been_made(steps: Steps, config: Path, tmp_path: Path) -> None:
    """A stricter rule makes one of two; a rule over what does not flow there cannot be told."""
    steps.contact(email="ann@acme-works.com", company="Acme")
    steps.contact(email="bob@other-works.com", company="Bob")
    steps.cycle()

    def strict(tree: Schema) -> None:
        tree["create"]["crm"][0]["when"] += " && domain(email) != 'other-works.com'"

    told = replayed(steps, config, changed(config, tmp_path, {"schema/person": strict}))
    assert dict(told.creations["person"].turns) == {Turn.SAME: 1, Turn.NOT_WRITTEN: 1}
    assert turns(told, "email") == {Turn.SAME: 1, Turn.NOT_WRITTEN: 1}

    def owned(tree: Schema) -> None:
        tree["create"]["crm"][0]["when"] += " && owner != null"

    told = replayed(steps, config, changed(config, tmp_path, {"schema/person": owned}))
    assert dict(told.creations["person"].turns) == {Turn.UNTOLD: 2}


def test_another_default(steps: Steps, config: Path, tmp_path: Path) -> None:
    """A new record was given a default for what nobody had filled in: it would have been another."""
    steps.contact(email="ann@acme-works.com", **SQL)  # a stage that asks for no company
    steps.cycle()

    def other(tree: Schema) -> None:
        tree["fields"]["company_name"]["create_default"] = {"crm": "unknown"}

    told = replayed(steps, config, changed(config, tmp_path, {"schema/person": other}))
    assert turns(told, "company_name") == {Turn.ANOTHER: 1}
    assert turns(told, "last_name") == {Turn.SAME: 1}


# -- moves -------------------------------------------------------------------------------------------------------------
def test_a_transition_for_another_team(steps: Steps, config: Path, tmp_path: Path, worked: tuple[str, str]) -> None:
    """Sales moved her on, and marketing was refused: with the transitions turned round, each is the other way."""

    def turn(tree: Schema) -> None:
        tree["transitions"] = [each for each in tree["transitions"] if each["from"] not in (["lead", "mql"], "sql")]
        tree["transitions"] += [
            {"from": ["lead", "mql"], "to": "sql", "by": "marketing"},
            {"from": "sql", "to": "mql", "by": "marketing"},
            {"from": "sql", "to": "disqualified", "by": "sales", "reasons": "rejected"},
        ]

    told = replayed(steps, config, changed(config, tmp_path, {"lifecycle": turn}))
    assert worked
    assert dict(told.moves.counts) == {
        ("mql", "sql", Fate.ALLOWED, Fate.REFUSED): 1,
        ("sql", "mql", Fate.REFUSED, Fate.ALLOWED): 1,
    }
    assert turns(told, "stage")[Turn.NOT_WRITTEN] == 1
    assert dict(told.held["person", "stage"].turns) == {Turn.DECIDED: 1}


def test_a_person_of_another_team(steps: Steps, config: Path, tmp_path: Path, worked: tuple[str, str]) -> None:
    """Who was refused is known by name and role: if that role counts for sales, the move is allowed."""

    def both(tree: Schema) -> None:
        tree["teams"]["sales"]["roles"].append("Marketing")

    told = replayed(steps, config, changed(config, tmp_path, {"teams": both}))
    assert worked
    assert told.moves.counts["sql", "mql", Fate.REFUSED, Fate.ALLOWED] == 1
    assert told.moves.teams_changed


def test_entry_criteria_that_grow(steps: Steps, config: Path, tmp_path: Path) -> None:
    """A stage that wants a phone number: whoever came in without one would wait."""
    contact, _ = ann(steps)
    steps.market(contact, by=steps.marketer("SDR"), **SQL)
    steps.cycle()

    def want(tree: Schema) -> None:
        tree["stages"]["sql"]["entry"]["filled"].append("phone")

    told = replayed(steps, config, changed(config, tmp_path, {"lifecycle": want}))
    assert dict(told.moves.counts) == {("mql", "sql", Fate.ALLOWED, Fate.WAITS): 1}
    assert turns(told, "stage")[Turn.HELD] == 1


def test_stages_of_other_names(steps: Steps, config: Path, tmp_path: Path) -> None:
    """A stage that is called otherwise is the same stage: told by how it looks in either system."""
    contact, lead = ann(steps)
    steps.market(contact, by=steps.marketer("SDR"), **SQL)
    steps.cycle()
    steps.sell(lead, by=steps.seller("SDR"), Status=CLOSED)
    steps.cycle()

    def rename(text: str) -> str:
        return "working" if text == "sql" else text

    def stages(tree: Schema) -> None:
        tree["stages"] = {rename(key): each for key, each in tree["stages"].items()}
        for each in tree["transitions"]:
            for end in ("from", "to"):
                each[end] = [rename(one) for one in ([each[end]] if isinstance(each[end], str) else each[end])]
        for meaning, each in tree["handoff"].items():
            if isinstance(each, list):
                tree["handoff"][meaning] = [rename(one) for one in each]

    def values(tree: Schema) -> None:
        tree["fields"]["stage"]["values"] = {rename(key): row for key, row in tree["fields"]["stage"]["values"].items()}
        tree["create"]["crm"][0]["when"] = "stage in ['mql', 'working', 'opportunity', 'customer']"

    new = changed(config, tmp_path, {"lifecycle": stages, "schema/person": values})
    told = replayed(steps, config, new)
    assert {(start, end, was, now) for start, end, was, now in told.moves.counts} == {
        ("mql", "sql", Fate.ALLOWED, Fate.ALLOWED),
        ("sql", "disqualified", Fate.ALLOWED, Fate.ALLOWED),
    }
    assert not told.moves.untold


# -- profiles and what is gone -----------------------------------------------------------------------------------------
def test_personas_and_grades(steps: Steps, config: Path, tmp_path: Path) -> None:
    """Who would be somebody else by the changed definitions, as people stand now."""
    ann(steps, jobtitle="Head of Marketing")

    def narrow(tree: Schema) -> None:
        tree["personas"][0]["when"] = "title == 'CMO'"

    told = replayed(steps, config, changed(config, tmp_path, {"personas": narrow}))
    assert told.profiles.people == 1
    assert dict(told.profiles.personas) == {("marketing_leader", "(none)"): 1}
    ((was, now),) = told.profiles.grades
    assert was < now, "she was called sooner before"


def test_who_was_forgotten_is_counted(steps: Steps, config: Path, worked: tuple[str, str]) -> None:
    """Their values were destroyed with their key: counted, and nothing of it is replayed."""
    contact, lead = worked
    steps.both.hubspot.gdpr_delete("contacts", contact)
    steps.sell(lead, Title="Head")
    steps.cycle()
    steps.cycle()
    told = replayed(steps, config, config)
    assert told.aside["of people who were forgotten: their values were destroyed"] >= 5
    assert len(told.forgotten) == 1
    assert told.values == 0


def test_only_the_last_days(steps: Steps, config: Path, worked: tuple[str, str]) -> None:
    """What is older than asked for is not replayed."""
    assert worked
    steps.both.clock.advance(5 * 24 * HOUR)
    assert replayed(steps, config, config, days=4).rows == 0
    assert replayed(steps, config, config, days=6).rows > 5
