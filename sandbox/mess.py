"""How people write one and the same thing differently: pure functions of a value and a seeded chance.

Nothing here changes what is meant, except ``blot``, which says so.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable, Sequence

from sandbox.names import Country, Phone

_INTERNATIONAL: tuple[Callable[[Phone], str], ...] = (
    lambda p: f"+{p.calling}{p.area}{p.line}",
    lambda p: f"+{p.calling} {p.area} {p.line}",
    lambda p: f"+{p.calling}-{p.area}-{p.line[:3]}-{p.line[3:]}",
    lambda p: f"+{p.calling} ({p.trunk}){p.area} {p.line}" if p.trunk else f"+{p.calling} ({p.area}) {p.line}",
    lambda p: f"tel:+{p.calling}-{p.area}-{p.line}",
    lambda p: f"＋{p.calling}\u00a0{p.area}\u00a0{p.line}",
)
_NATIONAL: tuple[Callable[[Phone], str], ...] = (
    lambda p: f"({p.trunk}{p.area}) {p.line[:3]}-{p.line[3:]}",
    lambda p: f"{p.trunk}{p.area}/{p.line}",
    lambda p: f"{p.trunk}{p.area}.{p.line[:3]}.{p.line[3:]}",
    lambda p: f"{p.trunk}{p.area}{p.line}",
)
#: The ten notations: six with the country, four without.
NOTATIONS = (*_INTERNATIONAL, *_NATIONAL)
FLOWERS = ("🌸", "🚀", "✨", "👩‍💻")


def phone(number: Phone, *, chance: random.Random, national: float = 0.08) -> str:
    """The number in one of ten notations; without the country only with a chance of ``national``.

    American numbers are written without the country as often as with it.
    """
    if number.calling == "1":
        return chance.choice(NOTATIONS)(number)
    return chance.choice(_NATIONAL if chance.random() < national else _INTERNATIONAL)(number)


def email(address: str, *, chance: random.Random) -> str:
    """The address in another case: as it is, capitalised, all capitals, or the domain alone in capitals."""
    local, _, domain = address.partition("@")
    capitalised = ".".join(part.capitalize() for part in local.split("."))
    return chance.choice((address, address, f"{capitalised}@{domain}", address.upper(), f"{local}@{domain.upper()}"))


def name(text: str, *, chance: random.Random) -> str:
    """The name with its accents as combining characters, or blanks around it, or as it is."""
    lot = chance.random()
    if lot < 0.15:
        return unicodedata.normalize("NFD", text)
    if lot < 0.18:
        return f" {text} "
    return text


def blot(text: str, *, chance: random.Random) -> str:
    """A different name: with an emoji, in capitals, or shortened to its initial."""
    return chance.choice((f"{text} {chance.choice(FLOWERS)}", text.upper(), f"{text[:1]}."))


def country(land: Country, *, chance: random.Random) -> str:
    """The country's name, code or another spelling."""
    return chance.choice(land.spellings)


def website(domain: str, *, chance: random.Random) -> str:
    """The domain as a website."""
    return chance.choice(
        (f"https://www.{domain}/", f"http://{domain}", f"www.{domain}", domain.upper(), f"https://{domain}/en/?utm=x")
    )


def shuffled(values: Sequence[str], *, chance: random.Random) -> list[str]:
    """The values in any order."""
    return chance.sample(list(values), len(values))
