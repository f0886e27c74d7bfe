"""What reports read of the configuration: as much as they need, though the rest were broken."""

from __future__ import annotations

import pytest

from syncd.model.errors import BadConfig, BadUsage
from syncd.model.rating import LETTERS
from syncd.settings.agreed import agreed
from tests.unit.settings.conftest import Folder
from tests.unit.settings.test_handoff_rules import HANDOFF, written


def test_it_answers_while_the_mapping_is_broken(folder: Folder) -> None:
    """Stages in their order, what they mean, and the grades of the rating."""
    written(folder, HANDOFF)
    whole = folder.load().connection(None)
    assert whole.lifecycle is not None
    folder.write("schema/person.yaml", "kind: [")
    folder.write("rating.yaml", "grades: [{grade: B, at_least: 1}, {grade: A}]\n")
    found = agreed(folder.path, {}, None)
    assert list(found.stages.items()) == [("mql", "MQL"), ("sql", "SQL"), ("no", "No"), ("won", "Won")]
    assert found.rules == whole.lifecycle.handoff
    assert found.grades == ("B", "A")


@pytest.mark.parametrize("text", ["grades: none\n", "rules: []\n", "grades: [A, B]\n"])
def test_a_rating_that_is_not_sound_has_all_letters(folder: Folder, text: str) -> None:
    """`syncd check` says what is wrong with it."""
    written(folder, HANDOFF)
    folder.write("rating.yaml", text)
    assert agreed(folder.path, {}, "main").grades == LETTERS


def test_what_is_lacking_is_said(folder: Folder) -> None:
    """No lifecycle, no meaning, a flaw of it, a connection there is not."""
    with pytest.raises(BadUsage, match=r"no lifecycle\.yaml"):
        agreed(folder.path, {}, None)
    written(folder, "")
    with pytest.raises(BadUsage, match="no part `handoff`"):
        agreed(folder.path, {}, None)
    written(folder, HANDOFF.replace("won: [won]", "won: [sql]"))
    with pytest.raises(BadConfig, match="means accepted already"):
        agreed(folder.path, {}, None)
    with pytest.raises(BadUsage, match="other"):
        agreed(folder.path, {}, "other")
    folder.change("syncd.yaml", "version: 1", "version: 7")
    with pytest.raises(BadConfig, match="version"):
        agreed(folder.path, {}, None)
