"""By which words a record is found."""

from __future__ import annotations

import pytest

from syncd.core.words import LONGEST, MOST, words_in, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ada Lovelace", ["ada", "lovelace"]),
        ("  O'Neill-Smith  ", ["o", "neill", "smith"]),
        ("ADA@Example.com", ["ada@example.com"]),
        ("Zoë Ångström", ["zoe", "angstrom"]),
        ("Straße", ["strasse"]),
        ("\uff21da", ["ada"]),
        ("李 小龙", ["李", "小龙"]),
        ("<script>", ["script"]),
        ("\x00\u202e", []),
        ("x" * 70_000, ["x" * LONGEST]),
        ("", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    """Case, accents and width do not matter; an address is one word; the rest of a long one does not count."""
    assert list(words_in(text)) == words


def test_only_names_and_addresses_count() -> None:
    """By the names of the fields; several addresses are several words."""
    agreed = {
        "email": "a@x.com",
        "other_email": ("b@x.com", "c@x.com"),
        "full_name": "Ann",
        "city": "Rome",
        "name": None,
    }
    assert words_of(agreed) == {"a@x.com", "b@x.com", "c@x.com", "ann"}
    assert words_of({"first_name": True, "username": "no"}) == frozenset()


def test_a_name_of_many_words_has_an_end() -> None:
    """What somebody wrote into a name does not fill the index."""
    assert len(words_of({"last_name": " ".join(f"w{number}" for number in range(1_000))})) == MOST
