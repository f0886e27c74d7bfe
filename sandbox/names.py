"""Made-up people and companies of several countries, the same for the same seed.

Every locale has a Faker of its own and one seeded chance picks among them, so that the order of asking is all that
matters. Faker is slow: after the first thousand of a locale, people are mixed anew of the names and addresses that
these were given. Companies are all named from scratch. Telephone numbers come from the ranges that numbering plans
keep for fiction where there are such. Needs the extra ``[sandbox]``; without it ``MissingFaker`` says how to get it.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any


class MissingFaker(Exception):
    """Faker is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """A country as people write it. ``spellings`` begins with the English name and the two-letter code."""

    locale: str
    spellings: tuple[str, ...]
    calling: str
    trunk: str
    areas: tuple[str, ...]
    lines: tuple[str, int]
    language: str
    weight: int = 1


#: ``lines`` is the fixed beginning of the subscriber number and how many digits follow it.
COUNTRIES = (
    Country(locale="en_US", spellings=("United States", "US", "USA", "U.S."), calling="1", trunk="",
            areas=("202", "212", "303", "415", "617", "702", "808"), lines=("55501", 2), language="en-us", weight=5),
    Country(locale="en_GB", spellings=("United Kingdom", "GB", "UK"), calling="44", trunk="0",
            areas=("20",), lines=("79460", 3), language="en-gb", weight=2),
    Country(locale="de_DE", spellings=("Germany", "DE", "Deutschland"), calling="49", trunk="0",
            areas=("30", "40", "69", "89"), lines=("23125", 3), language="de", weight=2),
    Country(locale="fr_FR", spellings=("France", "FR"), calling="33", trunk="0",
            areas=("1", "2", "3"), lines=("9900", 4), language="fr"),
    Country(locale="es_ES", spellings=("Spain", "ES", "España"), calling="34", trunk="",
            areas=("910", "930"), lines=("12", 4), language="es"),
    Country(locale="pt_BR", spellings=("Brazil", "BR", "Brasil"), calling="55", trunk="0",
            areas=("11", "21"), lines=("3255", 4), language="pt-br"),
    Country(locale="cs_CZ", spellings=("Czechia", "CZ", "Czech Republic"), calling="420", trunk="",
            areas=("221", "224"), lines=("11", 4), language="en"),
    Country(locale="ja_JP", spellings=("Japan", "JP"), calling="81", trunk="0",
            areas=("3",), lines=("5555", 4), language="ja"),
)  # fmt: skip
FRESH = 1_000
"""So many values of each sort Faker makes up for a locale; whoever comes later is given one of these again."""
FREEMAIL = ("gmail.com", "outlook.com", "yahoo.com", "gmx.de")
_WEIGHTS = tuple(accumulate(country.weight for country in COUNTRIES))
TITLES = ("CEO", "Head of Marketing", "VP Sales", "IT-Leiter", "Directrice financière", "Buyer", "Office manager",
          "Software engineer", "Product owner", "Consultant", "CTO", "Gerente de compras")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A number in its parts, without any notation."""

    calling: str
    trunk: str
    area: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """One company of the real world."""

    name: str
    domain: str
    country: Country
    street: str
    city: str
    zip: str
    phone: Phone
    employees: int
    revenue: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person of the real world; ``company`` is where the person works, if anywhere we know."""

    first: str
    last: str
    email: str
    title: str
    country: Country
    street: str
    city: str
    zip: str
    phone: Phone
    mobile: Phone
    company: Company | None


class _Words:
    """Names and parts of addresses of one locale."""

    def __init__(self, faker: Any, *, chance: random.Random) -> None:
        self.faker = faker
        self._chance = chance
        self._made: dict[str, list[str]] = {}

    def take(self, sort: str) -> str:
        """One of a sort, by the name of Faker's method for it; on one line."""
        made = self._made.setdefault(sort, [])
        if len(made) >= FRESH:
            return self._chance.choice(made)
        made.append(getattr(self.faker, sort)().replace("\n", ", "))
        return made[-1]


class Registry:
    """Hands out people and companies; no e-mail address and no domain comes twice."""

    def __init__(self, *, seed: int) -> None:
        self._chance = random.Random(seed)
        self._words: dict[str, _Words] = {}
        for position, country in enumerate(COUNTRIES):
            faker = open_faker(country.locale, seed=seed * 100 + position)
            self._words[country.locale] = _Words(faker, chance=self._chance)
        #: Whatever was handed out, and the last number that was put behind it to be handed out once more.
        self._taken: dict[str, int] = {}

    def country(self) -> Country:
        """One of the countries, by weight."""
        return self._chance.choices(COUNTRIES, cum_weights=_WEIGHTS)[0]

    def company(self) -> Company:
        """A company whose domain is nobody else's."""
        country, chance = self.country(), self._chance
        words = self._words[country.locale]
        name = words.faker.company()
        word = plain_letters(name).split("-")[0] or plain_letters(self._words["en_US"].faker.company()).split("-")[0]
        # A real suffix: nothing below .example or .test has a registrable domain.
        domain = self._free(word, lambda text: f"{text}-sandbox.com")
        return Company(
            name=name,
            domain=domain,
            country=country,
            street=words.take("street_address"),
            city=words.take("city"),
            zip=words.take("postcode"),
            phone=self.phone(country),
            employees=chance.choice((3, 12, 40, 85, 220, 900, 4_200)),
            revenue=chance.randrange(1, 900) * 100_000,
        )

    def person(self, company: Company | None = None) -> Person:
        """A person, of the company's country where there is one; the e-mail address is nobody else's."""
        chance = self._chance
        country = company.country if company is not None else self.country()
        words = self._words[country.locale]
        first, last = words.take("first_name"), words.take("last_name")
        domain = company.domain if company is not None else chance.choice(FREEMAIL)
        letters = [plain_letters(part).replace("-", "") for part in (first, last)]
        local = ".".join(part for part in letters if part) or f"person{chance.randrange(10_000)}"
        return Person(
            first=first,
            last=last,
            email=self._free(local, lambda text: f"{text}@{domain}"),
            title=chance.choice(TITLES),
            country=country,
            street=words.take("street_address"),
            city=words.take("city"),
            zip=words.take("postcode"),
            phone=self.phone(country),
            mobile=self.phone(country),
            company=company,
        )

    def phone(self, country: Country) -> Phone:
        """A number of that country."""
        start, digits = country.lines
        line = start + "".join(self._chance.choices("0123456789", k=digits))
        return Phone(
            calling=country.calling, trunk=country.trunk, area=self._chance.choice(country.areas), line=line
        )  # fmt: skip

    def _free(self, word: str, shape: Callable[[str], str]) -> str:
        plain = text = shape(word)
        while text in self._taken:
            self._taken[plain] += 1
            text = shape(f"{word}{self._taken[plain]}")
        self._taken[text] = 1
        return text


def open_faker(locale: str, *, seed: int) -> Any:
    """A seeded Faker of one locale; its methods are made at run time. Raises ``MissingFaker``."""
    try:
        from faker import Faker  # noqa: PLC0415 - only who makes people up needs it
    except ImportError as why:
        raise MissingFaker(
            "making people up needs Faker: install the extra, for instance `pip install 'syncd[sandbox]'`"
        ) from why
    faker = Faker(locale)
    faker.seed_instance(seed)
    return faker


def plain_letters(text: str) -> str:
    """ASCII letters and digits of a name in lower case, words joined by a hyphen; empty for other scripts."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", bare.lower()).strip("-")
