"""Countries and states: what people write, and the ISO codes it means.

Countries are ISO 3166-1 alpha-2, states ISO 3166-2 (``US-CA``). Names are known in seven languages (CLDR by way of
Babel), in English also as ISO writes them (pycountry), plus the few words people use that no list has. A name that
means two countries means none. Nothing is guessed: what is not known is ``None``.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, Final

import pycountry
from babel import Locale

LANGUAGES: Final = ("en", "de", "fr", "es", "pt", "it", "nl")

ALIASES: Final = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "united kingdom of great britain": "GB",
    "us of a": "US",
    "usa": "US",
    "us": "US",
    "united states of america": "US",
    "america": "US",
    "estados unidos da america": "US",
    "holland": "NL",
    "the netherlands": "NL",
    "deutschland": "DE",
    "brd": "DE",
    "federal republic of germany": "DE",
    "czech republic": "CZ",
    "russia": "RU",
    "south korea": "KR",
    "republic of korea": "KR",
    "korea": "KR",
    "north korea": "KP",
    "uae": "AE",
    "ivory coast": "CI",
    "turkey": "TR",
    "burma": "MM",
    "macedonia": "MK",
    "cape verde": "CV",
    "swaziland": "SZ",
    "east timor": "TL",
    "vatican": "VA",
    "hong kong": "HK",
    "macau": "MO",
    "taiwan": "TW",
    "vietnam": "VN",
    "bolivia": "BO",
    "venezuela": "VE",
    "iran": "IR",
    "syria": "SY",
    "tanzania": "TZ",
    "moldova": "MD",
    "laos": "LA",
    "brasil": "BR",
    "espana": "ES",
    "el": "GR",
}


def fold(name: str) -> str:
    """What two spellings of a place have in common: letters and digits without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = (letter if letter.isalnum() else " " for letter in plain if not unicodedata.combining(letter))
    words = "".join(letters).split()
    if words and all(len(word) == 1 for word in words):  # U.S.A.
        return "".join(words)
    return " ".join(words)


@cache
def _countries() -> dict[str, str]:
    """Folded name or code -> alpha-2; names that mean two countries are left out."""
    found: dict[str, set[str]] = {}
    for name, code in _country_names():
        found.setdefault(fold(name), set()).add(code)
    known = {name: codes.pop() for name, codes in found.items() if len(codes) == 1}
    for country in pycountry.countries:
        known[country.alpha_2.lower()] = country.alpha_2
        known[country.alpha_3.lower()] = country.alpha_2
    return known | ALIASES


def _country_names() -> Iterator[tuple[str, str]]:
    codes = {country.alpha_2 for country in pycountry.countries}
    for language in LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in codes:
                yield name, code
    for country in pycountry.countries:
        for word in ("name", "official_name", "common_name"):
            if getattr(country, word, None):
                yield getattr(country, word), country.alpha_2


def _subdivision(code: str) -> Any:  # noqa: ANN401 - the library makes the classes of its records at run time
    return pycountry.subdivisions.get(code=code)  # type: ignore[no-untyped-call]


@lru_cache(maxsize=4_096)
def country_code(text: str) -> str | None:
    """The alpha-2 code of a country given by name, alpha-2 or alpha-3; ``None`` if it is not known."""
    return _countries().get(fold(text))


@cache
def country_name(code: str) -> str:
    """The English short name (CLDR) of an alpha-2 code, in a form that ``country_code`` reads back.

    :raises KeyError: if the code is not assigned.
    """
    known = pycountry.countries.get(alpha_2=code)
    if known is None:
        raise KeyError(code)
    name = Locale("en").territories.get(code) or known.name
    return str(name)


@cache
def _states(country: str) -> dict[str, str]:
    """Folded name or code of the states of one country -> ISO 3166-2 code."""
    found: dict[str, set[str]] = {}
    codes: dict[str, str] = {}
    for state in pycountry.subdivisions.get(country_code=country) or ():  # type: ignore[no-untyped-call]
        codes[fold(state.code)] = codes[fold(state.code.partition("-")[2])] = state.code
        for name in state.name.split("/"):
            found.setdefault(fold(name), set()).add(state.code)
    return {name: group.pop() for name, group in found.items() if len(group) == 1} | codes


@lru_cache(maxsize=4_096)
def state_code(text: str, country: str | None) -> str | None:
    """The ISO 3166-2 code of a state; ``None`` if it is not known.

    :param text: ``US-CA``, or with a country its name or the part of the code after the dash.
    :param country: alpha-2 of the record's country, ``None`` where it has none.
    """
    whole = text.strip().upper()
    if "-" in whole:
        known = _subdivision(whole)
        if known is not None and country in {None, known.country_code}:
            return str(known.code)
    return _states(country).get(fold(text)) if country else None


@cache
def state_name(code: str) -> str:
    """The name of a state by its ISO 3166-2 code, in a form that ``state_code`` reads back.

    :raises KeyError: if the code is not assigned.
    """
    known = _subdivision(code)
    if known is None:
        raise KeyError(code)
    name = str(known.name).partition("/")[0].strip()
    return name if state_code(name, known.country_code) == code else code.partition("-")[2]
