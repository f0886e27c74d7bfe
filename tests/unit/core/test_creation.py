"""What is made for a record that stands alone: the first rule that holds, and nothing where no rule can be decided."""

from __future__ import annotations

import pytest

from syncd.core.creation import CompiledRule, Made, NotMade, choose_made
from syncd.model.mapping import CreateRule, RecordTypeRule
from syncd.model.values import Canonical

NAMES = frozenset({"stage", "country"})
HOT = 'stage.startsWith("h")'
GERMAN = RecordTypeRule("German", 'country.startsWith("D")')


def chosen(*rules: CreateRule, **values: Canonical) -> Made | NotMade:
    """What these rules make of a record with these shared values."""
    return choose_made([CompiledRule.of(rule, NAMES) for rule in rules], values)


@pytest.mark.parametrize(("stage", "made"), [("hot", Made("Contact", after=60.0)), ("cold", Made("Lead"))])
def test_the_first_rule_that_holds_is_used(stage: str, made: Made) -> None:
    """In the order of the configuration; a rule without a condition always holds, and each waits as long as it says."""
    assert chosen(CreateRule("Contact", HOT, after=60.0), CreateRule("Lead"), stage=stage) == made


def test_nothing_is_made_without_a_rule_that_holds() -> None:
    """No rule at all, or none that fits."""
    assert chosen(stage="hot") == NotMade("no create rule")
    assert chosen(CreateRule("Lead", HOT), stage="cold") == NotMade("no create rule")


def test_a_rule_without_an_answer_makes_nothing() -> None:
    """The field it asks about is empty: passed over for a rule that holds, and else said as the reason."""
    unclear = CreateRule("Contact", HOT)
    assert chosen(unclear, stage=None) == NotMade("a create rule cannot be decided", unclear=True)
    assert chosen(unclear, CreateRule("Lead"), stage=None) == Made("Lead")


def test_the_first_record_type_that_holds_is_given() -> None:
    """Where none holds, the vendor chooses; the wait of the rule stays."""
    rule = CreateRule("Lead", after=5.0, record_types=(GERMAN, RecordTypeRule("Hot", HOT)))
    assert chosen(rule, stage="hot", country="DE") == Made("Lead", "German", 5.0)
    assert chosen(rule, stage="hot", country="FR") == Made("Lead", "Hot", 5.0)
    assert chosen(rule, stage="cold", country="FR") == Made("Lead", None, 5.0)
    assert chosen(CreateRule("Lead", record_types=(RecordTypeRule("Any"), GERMAN))) == Made("Lead", "Any")


def test_a_record_type_is_never_guessed() -> None:
    """A type is given once and for all: a condition without an answer is not passed over for the next one."""
    rule = CreateRule("Lead", record_types=(GERMAN, RecordTypeRule("Hot", HOT)))
    assert chosen(rule, stage="hot", country=None) == NotMade("a record type rule cannot be decided", unclear=True)
