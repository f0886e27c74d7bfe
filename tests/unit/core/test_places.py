"""Countries and states by what people write."""

from __future__ import annotations

import pycountry
import pytest

from syncd.core.places import country_code, country_name, fold, state_code, state_name

COUNTRIES = [country.alpha_2 for country in pycountry.countries]


def test_every_country_is_read_from_its_codes_and_from_the_name_we_write() -> None:
    """All of ISO 3166-1 makes the round trip."""
    for code in COUNTRIES:
        name = country_name(code)
        assert country_code(code) == country_code(code.lower()) == country_code(name) == code, code
    for country in pycountry.countries:
        assert country_code(country.alpha_3) == country.alpha_2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Deutschland", "DE"),
        ("Allemagne", "DE"),
        ("ALEMANHA", "DE"),
        ("Pays-Bas", "NL"),
        ("Holland", "NL"),
        ("U.S.A.", "US"),
        ("United States of America", "US"),
        ("uk", "GB"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("Cote d'Ivoire", "CI"),
        ("España", "ES"),
        ("Brasil", "BR"),
        ("Wonderland", None),
        ("EU", None),
        ("", None),
    ],
)
def test_countries_in_seven_languages_and_by_the_words_people_use(text: str, code: str | None) -> None:
    """Case, accents and punctuation make no difference; what is unknown is not guessed."""
    assert country_code(text) == code


def test_every_state_is_read_from_its_code_and_from_the_name_we_write() -> None:
    """All of ISO 3166-2 makes the round trip within its country."""
    for state in pycountry.subdivisions:
        assert state_code(state_name(state.code), state.country_code) == state.code, state.code
        assert state_code(state.code, None) == state.code


def test_a_state_needs_its_country() -> None:
    """``CA`` is California, Canada's nothing, and without a country nothing at all."""
    assert state_code("california", "US") == state_code("CA", "US") == "US-CA"
    assert state_code("BY", "DE") == state_code("bayern", "DE") == "DE-BY"
    assert state_code("CA", "CA") is None
    assert state_code("CA", None) is None
    assert state_code("US-CA", "DE") is None
    assert state_code("Nowhere", "US") is None


def test_unassigned_codes_have_no_name() -> None:
    """A name is never made up."""
    with pytest.raises(KeyError):
        country_name("ZZ")
    with pytest.raises(KeyError):
        state_name("US-ZZ")
    assert fold("  Côte-d'Ivoire ") == "cote d ivoire"
