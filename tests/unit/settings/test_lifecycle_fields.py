"""Where the lifecycle and the mapping meet: the field of the reasons, and users who are no people."""

from __future__ import annotations

import pytest

from syncd.model.lifecycle import SYSTEM, Team
from tests.unit.settings.conftest import Folder
from tests.unit.settings.test_lifecycle_file import LIFECYCLE, TEAMS

WORDS = "{marketing: Could not wait, crm: Hot}", "{marketing: Known to sales, crm: Known}"
ENUM = """\
  reason:
    type: enum
    marketing: reason
    crm: {Lead: Reason__c}
    values:
      hot: {marketing: hot, crm: Hot}
      known: {marketing: known, crm: Known}
"""
TEXT = "  reason: {type: string, marketing: reason, crm: {Lead: Reason__c}}\n"


def agreed(folder: Folder, *, field: str = ENUM, old: str = "", new: str = "") -> None:
    """A lifecycle with reasons in a field of their own, in which one thing is otherwise."""
    folder.write("teams.yaml", TEAMS)
    folder.person("crm: {Lead: Status}\n", "crm: {Lead: Status}\n    policy: lifecycle\n")
    folder.rated()
    mapping = folder.path / "schema" / "person.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8") + field, encoding="utf-8")
    lifecycle = "reason_field: reason\n" + LIFECYCLE
    assert old in lifecycle
    folder.write("lifecycle.yaml", lifecycle.replace(old, new) if old else lifecycle)


def same_words(text: str) -> str:
    """The lifecycle in which each reason reads alike on both sides."""
    return text.replace(WORDS[0], "{marketing: Hot, crm: hot}").replace(WORDS[1], "{marketing: Known, crm: Known}")


def test_a_list_of_values_and_a_text_can_hold_reasons(folder: Folder) -> None:
    """An enum knows them by key, whatever the words; a text by words that are the same on both sides."""
    agreed(folder)
    lifecycle = folder.load().connection(None).lifecycle
    assert lifecycle is not None
    assert lifecycle.reason_field == "reason"


def test_a_text_holds_the_words_themselves(folder: Folder) -> None:
    """Which must not differ between the sides, since the text travels as it stands."""
    agreed(folder, field=TEXT)
    flaws = folder.flaws()
    assert len(flaws) == 2
    assert "the reason hot has other words on each side" in flaws[0]
    folder.write("lifecycle.yaml", same_words((folder.path / "lifecycle.yaml").read_text(encoding="utf-8")))
    folder.load()


FLAWS = [
    # field of the mapping                            in lifecycle.yaml                         what is told
    (ENUM, "reason_field: reason", "reason_field: reasn", "there is no shared field 'reasn' that could hold a reason"),
    (ENUM, "reason_field: reason", "reason_field: stage", "there is no shared field 'stage' that could hold a reason"),
    (ENUM, "reason_field: reason", "reason_field: email", "the field email is of type email"),
    (ENUM + "    direction: to_crm\n", "", "", "the field reason goes to_crm only"),
    (ENUM, "    hot:", "    hots:", "the reason hots is no value of the field reason"),
    (ENUM, "    hot:", "    hots:", "the value hot of the field reason (schema/person.yaml:"),
]


@pytest.mark.parametrize(("field", "old", "new", "told"), FLAWS)
def test_a_field_that_cannot_hold_the_reasons(folder: Folder, field: str, old: str, new: str, told: str) -> None:
    """Each mistake is told in `lifecycle.yaml`, with a way out."""
    agreed(folder, field=field, old=old, new=new)
    assert any(flaw.startswith("lifecycle.yaml:") and told in flaw for flaw in folder.flaws()), folder.flaws()


def test_users_who_are_no_people(folder: Folder) -> None:
    """They are of the team that no team may be called, so that their moves count as the vendors' own."""
    agreed(folder)
    folder.write("teams.yaml", TEAMS + "automation: {users: [bot@example.com], profiles: [Integration]}\n")
    teams = folder.load().connection(None).teams
    assert teams is not None
    assert teams.automation == Team(SYSTEM, "Automation", users=("bot@example.com",), profiles=("Integration",))
