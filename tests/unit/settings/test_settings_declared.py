"""Personas, rating and calendars from files: what they become, and every mistake with its line and advice."""

from __future__ import annotations

from datetime import date

import pytest

from syncd.model.calendar import Holidays, Span
from syncd.model.persona import Persona
from syncd.model.rating import Decay, GradeRule, Rating, RatingRule
from tests.unit.settings.conftest import Folder

FIELDS = """\
visits: {type: integer, marketing: visits, crm: Visits}
  seen: {type: date, marketing: seen, crm: Seen}
  score: {type: decimal, marketing: score, crm: Score}"""
PERSONAS = """\
personas:
  - key: buyer
    name: Buyer
    definition: Whoever signs.
    when: "stage == 'sql'"
    owner: product marketing
  - {key: user, name: User, definition: Whoever works with it., when: "visits > 3", owner: sales operations}
"""
RATING = """\
rules:
  - name: buys
    words: Signs.
    when: "persona == 'buyer'"
    points: 30
  - {name: came, words: Was here., when: "visits > 0", points: 12.5, decay: {by: seen, half_life: 30}}
grades:
  - {grade: A, at_least: 40}
  - {grade: B, at_least: 12.25, words: Soon.}
  - {grade: D}
"""
CALENDARS = """\
default: berlin
calendars:
  berlin:
    name: Sales in Berlin
    zone: Europe/Berlin
    hours:
      weekdays: ["09:00-12:30", "13:30-18:00"]
      friday: "9:00-15:00"
      saturday: "22:00-02:00"
    holidays: {country: DE, subdivision: BE, worked: [Women's Day]}
    closed: [2026-12-23, 12-24]
"""


@pytest.fixture
def declared(folder: Folder) -> Folder:
    """A configuration with all three files."""
    folder.field(FIELDS)
    folder.write("personas.yaml", PERSONAS)
    folder.write("rating.yaml", RATING)
    folder.write("calendars.yaml", CALENDARS)
    return folder


def test_what_the_files_become(declared: Folder) -> None:
    """Points in hundredths, spans in minutes, the rest of a week from `weekdays`."""
    settings = declared.load().connection("main")
    assert settings.personas[0] == Persona("buyer", "Buyer", "Whoever signs.", "stage == 'sql'", "product marketing")
    assert settings.rating == Rating(
        (GradeRule("A", 4_000), GradeRule("B", 1_225, "Soon."), GradeRule("D", None)),
        (
            RatingRule("buys", "Signs.", "persona == 'buyer'", 3_000),
            RatingRule("came", "Was here.", "visits > 0", 1_250, Decay("seen", 30)),
        ),
    )
    berlin = settings.calendars.by_key["berlin"]
    day = (Span(540, 750), Span(810, 1_080))
    assert berlin.week == (day, day, day, day, (Span(540, 900),), (Span(1_320, 1_560),), ())
    assert berlin.holidays == Holidays("DE", "BE", ("Women's Day",))
    assert (berlin.closed, berlin.closed_yearly) == ({date(2026, 12, 23)}, {(12, 24)})
    assert settings.calendars.default == "berlin"


def test_without_the_files_nothing_changes(declared: Folder) -> None:
    """They are optional, and what is decided and approved (the hash of the configuration) does not depend on them."""
    with_them = declared.load()
    for name in ("personas.yaml", "rating.yaml", "calendars.yaml"):
        (declared.path / name).unlink()
    without = declared.load()
    assert without.hash == with_them.hash
    settings = without.connection("main")
    assert (settings.personas, settings.rating, settings.calendars.default) == ((), None, None)
    assert len(with_them.files) - len(without.files) == 3


def test_a_score_is_mapped(declared: Folder) -> None:
    """`from` instead of rules."""
    declared.write("rating.yaml", "from: score\ngrades: [{grade: A, at_least: 50}, {grade: B}]\n")
    rating = declared.load().connection("main").rating
    assert rating is not None
    assert (rating.source, rating.rules) == ("score", ())


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        ("stage == 'sql'", "stagee == 'sql'",
         "5:11: CEL does not compile: line 1, column 1: unknown field stagee; did you mean stage?"),
        ("stage == 'sql'", "stage =", "5:11: CEL does not compile"),
        ("stage == 'sql'", "persona == 'user'", "5:11: CEL does not compile: line 1, column 1: unknown field persona"),
        ("stage == 'sql'", "true", "5:11: this persona hides the personas below it; put it last"),
        ("key: user", "key: buyer",
         "7:11: the key 'buyer' is that of the persona in line 2; give each persona its own"),
        ("name: User", "name: Buyer", "7:23: the name 'Buyer' is that of the persona in line 3"),
        ("key: buyer", "key: The Buyer", "2:10: personas.0.key: the name 'The Buyer' cannot be used"),
        ("    owner: product marketing\n", "", "2:5: the key 'owner' is missing in personas.0"),
        ("    owner: product", "    ownr: product", "6:5: unknown key 'ownr'; did you mean 'owner'?"),
        ("name: Buyer\n", "name: ''\n", "3:11: personas.0.name: "),
    ],
)  # fmt: skip
def test_mistakes_in_personas(declared: Folder, old: str, new: str, flaw: str) -> None:
    """Each is told with line, column and what to do."""
    declared.change("personas.yaml", old, new)
    assert any(each.startswith(f"personas.yaml:{flaw}") for each in declared.flaws()), declared.flaws()


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        ("visits > 0", "visitors > 0", "6:42: CEL does not compile: line 1, column 1: unknown field visitors; did you"),
        ("'buyer'", "'buyr'",
         "4:11: this makes no sense: line 1, column 12: there is no persona 'buyr'; did you mean buyer?"),
        ("persona == 'buyer'", "persona in ['user', 'x']",
         "4:11: this makes no sense: line 1, column 21: there is no persona 'x'; known are: buyer, user"),
        ("persona == 'buyer'", "grade == 'A'", "4:11: CEL does not compile: line 1, column 1: unknown field grade"),
        ("points: 30", "points: many", "5:13: rules.0.points: is no number; write whole points, or up to two"),
        ("points: 30", "points: '30'", "5:13: rules.0.points: is no number"),
        ("points: 30", "points: true", "5:13: rules.0.points: is no number"),
        ("points: 30", "points: 0.125", "5:13: rules.0.points: has more than two decimals"),
        ("points: 30", "points: 1e9", "5:13: rules.0.points: is beyond 100,000"),
        ("points: 30", "points: 0", "5:13: a rule of no points changes nothing"),
        ("name: came", "name: buys", "6:12: the name 'buys' is that of the rule in line 2; name it otherwise"),
        ("by: seen", "by: visits", "6:82: visits is no field for a date: its type is integer; use one of seen"),
        ("by: seen", "by: sen", "6:82: there is no shared field 'sen'; did you mean seen?"),
        ("half_life: 30", "half_life: 0", "6:99: rules.1.decay.half_life: "),
        ("half_life: 30", "half_life: 1.5", "6:99: rules.1.decay.half_life: "),
        ("at_least: 12.25", "at_least: 41", "9:26: the thresholds are out of order: 41 is above A's 40; let them fall"),
        ("at_least: 12.25", "at_least: 40", "9:26: grades A and B overlap: both begin at 40; let each begin lower"),
        ("grade: B", "grade: A", "9:13: grade A stands below A; put the best first, each once"),
        ("grade: A", "grade: B", "9:13: grade B stands below B"),
        ("grade: B", "grade: E", "9:13: grades.1.grade: input should be 'A', 'B', 'C' or 'D'"),
        ("{grade: D}", "{grade: D, at_least: 5}",
         "10:26: a sum below this would have no grade; remove its at_least: the last grade takes what is below 5 too"),
        ("{grade: A, at_least: 40}", "{grade: A}", "8:5: grade A takes everything, and hides those below; add"),
        ("rules:", "from: score\nrules:", "2:1: rules do nothing beside `from`; keep one of the two"),
    ],
)  # fmt: skip
def test_mistakes_in_the_rating(declared: Folder, old: str, new: str, flaw: str) -> None:
    """Each is told with line, column and what to do."""
    declared.change("rating.yaml", old, new)
    assert any(each.startswith(f"rating.yaml:{flaw}") for each in declared.flaws()), declared.flaws()


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("from: stage\ngrades: [{grade: A}]\n", "1:7: stage is no field for a number: its type is enum; use one of sc"),
        ("from: point\ngrades: [{grade: A}]\n", "1:7: there is no shared field 'point'; use one of score, visits"),
        ("grades: [{grade: A}]\n", "1:1: there is nothing to rate by; add `rules:`, or `from:`"),
        ("from: score\ngrades: []\n", "2:9: grades: "),
        ("", "the file is empty; it needs grades"),
    ],
)
def test_ratings_of_nothing(declared: Folder, text: str, flaw: str) -> None:
    """A score that is no number, or nothing at all."""
    declared.write("rating.yaml", text)
    assert any(f"rating.yaml:{flaw}" in each or flaw in each for each in declared.flaws()), declared.flaws()


@pytest.mark.parametrize(
    ("old", "new", "flaw"),
    [
        ("default: berlin", "default: berln", "1:10: there is no calendar 'berln'; did you mean 'berlin'?"),
        ("Europe/Berlin", "Europe/Berln", "5:11: there is no time zone 'Europe/Berln'; did you mean Europe/Berlin?"),
        ("Europe/Berlin", "Europe", "5:11: there is no time zone 'Europe'"),
        ("Europe/Berlin", "../etc/passwd", "5:11: there is no time zone '../etc/passwd'; use an IANA name"),
        ("country: DE", "country: XX", "10:25: no holidays are known of a country 'XX'; use its ISO 3166 code"),
        ("country: DE", "country: de", "10:25: no holidays are known of a country 'de'; did you mean 'DE'?"),
        ("subdivision: BE", "subdivision: CA", "10:42: DE has no subdivision 'CA'; use one of BB, BE, BW"),
        ("Women's Day", "Womens Day", "10:55: DE has no holiday 'Womens Day'; did you mean \"Women's Day\"?"),
        ('"13:30-18:00"', '"12:00-18:00"', "7:33: 12:00-18:00 begins before the span above it ends; put spans in or"),
        ('"09:00-12:30", "13:30-18:00"', '"13:30-18:00", "09:00-12:30"', "7:33: 09:00-12:30 begins before the span"),
        ("9:00-15:00", "15:00", "8:15: calendars.berlin.hours.friday: is no span of hours; write it like"),
        ("9:00-15:00", "9:00-24:30", "8:15: calendars.berlin.hours.friday: holds a time that no clock shows"),
        ("9:00-15:00", "9:60-15:00", "8:15: calendars.berlin.hours.friday: holds a time that no clock shows"),
        ("9:00-15:00", "9:00-9:00", '8:15: calendars.berlin.hours.friday: begins as it ends; write "00:00-24:00"'),
        ('saturday: "22:00-02:00"', 'sunday: "22:00-10:00"',
         "7:18: 09:00-12:30 begins before sunday's 22:00-10:00 ends"),
        ("2026-12-23", "2026-02-30", "11:14: '2026-02-30' is no day; write 2026-12-24, or 12-24 for every year"),
        ("12-24", "13-24", "11:26: '13-24' is no day"),
        ("12-24", "20261224", "11:26: '20261224' is no day"),
        ("friday:", "freitag:", "8:7: unknown key 'freitag'; did you mean 'friday'?"),
    ],
)  # fmt: skip
def test_mistakes_in_calendars(declared: Folder, old: str, new: str, flaw: str) -> None:
    """Each is told with line, column and what to do."""
    declared.change("calendars.yaml", old, new)
    assert any(each.startswith(f"calendars.yaml:{flaw}") for each in declared.flaws()), declared.flaws()


def test_a_calendar_that_never_opens(declared: Folder) -> None:
    """A calendar without a span is a mistake, since no time would ever be over."""
    declared.write("calendars.yaml", "default: x\ncalendars: {x: {name: X, zone: UTC, hours: {monday: []}}}\n")
    assert declared.flaws() == [
        "calendars.yaml:2:37: this calendar never opens; give at least one day a span",
    ]


def test_a_span_is_told_once(declared: Folder) -> None:
    """The same mistake of all weekdays is one flaw."""
    declared.change("calendars.yaml", '"13:30-18:00"', '"12:00-18:00"')
    assert len(declared.flaws()) == 1


def test_other_mistakes_are_told_beside_them(declared: Folder) -> None:
    """One of each file and of the mapping, all at once; conditions wait until the mapping is sound."""
    declared.change("personas.yaml", "stage == 'sql'", "nope")
    declared.change("calendars.yaml", "Europe/Berlin", "Nowhere")
    assert [each.partition(":")[0] for each in declared.flaws()] == ["calendars.yaml", "personas.yaml"]
    declared.person("kind: person", "kind: nobody")
    assert not [each for each in declared.flaws() if each.startswith(("personas.yaml", "rating.yaml"))]
