"""The named steps, what they refuse, and which of them may serve a field that flows both ways."""

from __future__ import annotations

import re

import pytest

from syncd.core.transforms import BUILT_IN, Unusable, check_transform, compile_steps, invertible, way_back
from syncd.model.mapping import Steps, Transform
from syncd.model.remote import RemoteUser, UserSort
from syncd.model.values import Pair

ANN = RemoteUser("1", UserSort.USER, "Ann Lee", "ann@x.co", active=True)
ADDRESS = "finds none in this; write a web or e-mail address, or empty the field"
COUNTRY = "does not know this country; write its English name or its ISO code"
THOUSANDS = "thousands separators stand in the wrong places; check the decimal sign of the transform"
COUNT = "truncate needs a whole number of at least 1; give the number of characters"
EXAMPLES = {"number": ",", "split": ",", "join": ",", "default": "none", "truncate": "3", "cel": "upper(value)"}


def find_user(id: str) -> RemoteUser | None:
    """A directory of one."""
    return ANN if id == "1" else None


def run(text: str | None, *steps: tuple[str, str | None]) -> str | None:
    """What a chain of steps makes of a text."""
    compiled = compile_steps([Transform(name, argument) for name, argument in steps], find_user=find_user)
    assert compiled is not None
    return compiled(text)


@pytest.mark.parametrize(
    ("name", "argument", "text", "expected"),
    [
        ("trim", None, " a ", "a"),
        ("lower", None, "ÄB", "äb"),
        ("upper", None, "äb", "ÄB"),
        ("title", None, "jo smith", "Jo Smith"),
        ("digits", None, "+49 (0)30", "49030"),
        ("number", ",", "1.234.567,89", "1234567.89"),
        ("number", ".", "1'234.5", "1234.5"),
        ("number", ",", "-1\u00a0234", "-1234"),
        ("domain", None, "jo@mail.acme.co.uk", "acme.co.uk"),
        ("url_host", None, "https://WWW.acme.com/x", "www.acme.com"),
        ("iso_code", None, "Deutschland", "DE"),
        ("country_name", None, "DE", "Germany"),
        ("owner_name", None, "1", "Ann Lee"),
        ("owner_email", None, "1", "ann@x.co"),
        ("day", None, "2026-03-31T23:59:59.999Z", "2026-03-31"),
        ("day", None, "2026-03-31T23:59:59-05:00", "2026-04-01"),
        ("day", None, "1774915200000", "2026-03-31"),
        ("day", None, "2026-03-31", "2026-03-31"),
        ("day", None, "soon", "soon"),
        ("midnight", None, "2026-03-31", "2026-03-31T00:00:00.000Z"),
        ("midnight", None, "2026-02-30", "2026-02-30"),
        ("split", ",", "a,b", "a;b"),
        ("join", ", ", "a;b", "a, b"),
        ("default", "none", "x", "x"),
        ("truncate", "3", "abcdef", "abc"),
        ("cel", "value + '!'", "a", "a!"),
        ("cel", "size(value) > 1", "a", "false"),
        ("cel", "value.split(',')", "b,a", "a;b"),
        ("cel", "size(value) > 1", "ab", "true"),
        ("cel", "size(value)", "abc", "3"),
        ("cel", "null", "abc", None),
        # -- digits are the ten of them; a text of blanks has none and is empty, any other is refused (below)
        ("digits", None, "X9 x10", "910"),
        ("digits", None, "\u0661 2", "2"),
        ("digits", None, "  ", None),
        # -- thousands only between groups of three, and one decimal sign
        ("number", ",", "1,5", "1.5"),
        ("number", ".", "1.5", "1.5"),
        ("number", ",", " 12 ", "12"),
        ("number", ".", "1 234 567.8", "1234567.8"),
        ("number", ".", "1\u2019234", "1234"),
        ("number", ".", "1\u202f234\u202f567", "1234567"),
        ("number", ",", "1.234", "1234"),
        ("number", ".", "1,234", "1234"),
        ("number", ",", "1234,", "1234."),
        ("trim", None, "  ", None),
        ("split", ",", "a", "a"),
        ("join", "-", "a;b;c", "a-b-c"),
        ("truncate", "10", "abc", "abc"),
    ],
)
def test_each_step(name: str, argument: str | None, text: str, expected: str | None) -> None:
    """What each built-in transform does."""
    assert run(text, (name, argument)) == expected


def test_empty_stays_empty_but_for_default() -> None:
    """A step never invents a value, unless it is there for that."""
    for name in BUILT_IN:
        if name not in {"default", "cel"}:
            assert run(None, (name, EXAMPLES.get(name))) is None, name
    assert run(None, ("default", "none")) == "none"
    assert run("  ", ("trim", None), ("default", "none")) == "none"


@pytest.mark.parametrize(
    ("name", "argument", "text", "words"),
    [
        ("iso_code", None, "Wonderland", f"iso_code {COUNTRY}"),
        ("country_name", None, "Wonderland", f"country_name {COUNTRY}"),
        ("owner_name", None, "2", "owner_name does not know this id; users are read anew every ten minutes"),
        ("owner_email", None, "2", "owner_email does not know this id; users are read anew every ten minutes"),
        ("digits", None, "unknown", "digits finds none in this; write some, or empty the field"),
        ("domain", None, "n/a", f"domain {ADDRESS}"),
        ("domain", None, "http://www.odd20.internal", f"domain {ADDRESS}"),
        ("url_host", None, "see intranet", "url_host finds none in this; write a web address, or empty the field"),
        ("number", ",", "1.23", THOUSANDS),
        ("number", ",", "1.2345", THOUSANDS),
        ("number", ".", "1,abc", THOUSANDS),
        ("number", ".", "1 23", THOUSANDS),
        ("number", ".", "1,234,56", THOUSANDS),
        ("cel", "value.startsWith(1)", "secret", "the expression "),
    ],
)
def test_a_step_that_cannot_do_its_work_refuses_without_the_value(
    name: str, argument: str | None, text: str, words: str
) -> None:
    """Nothing half done is passed on, and the reason may be logged: it begins with the step."""
    with pytest.raises(Unusable) as caught:
        run(text, (name, argument))
    told = str(caught.value)
    assert told.startswith(words) if words.endswith(" ") else told == words
    assert text not in told


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Transform("lowercase"), f"unknown transform lowercase; use one of {', '.join(BUILT_IN)}"),
        (Transform("truncate"), "truncate needs an argument; give the number of characters"),
        (Transform("split"), "split needs an argument; give the sign, for example ,"),
        (Transform("cel", ""), "cel needs an argument; give the expression"),
        (Transform("truncate", "0"), COUNT),
        (Transform("truncate", "-1"), COUNT),
        (Transform("truncate", "²"), COUNT),
        (Transform("truncate", "few"), COUNT),
        (Transform("lower", "x"), "lower takes no argument; remove it"),
        (Transform("lower", ""), "lower takes no argument; remove it"),
        (Transform("number", ";"), "number needs the decimal sign; give . or ,"),
    ],
)
def test_a_wrong_step_is_refused_when_it_is_configured(step: Transform, words: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match="^" + re.escape(words) + "$"):
        check_transform(step)
    with pytest.raises(ValueError, match="^" + re.escape(words) + "$"):
        compile_steps([step], find_user=find_user)


def test_an_expression_that_cannot_be_is_refused_when_it_is_configured() -> None:
    """It may look at ``value`` and at nothing else."""
    with pytest.raises(ValueError, match="did you mean value"):
        check_transform(Transform("cel", "vlaue"))
    with pytest.raises(ValueError, match="did you mean value"):
        compile_steps([Transform("cel", "vlaue")], find_user=find_user)


@pytest.mark.parametrize(
    ("name", "argument"), [("truncate", "1"), ("truncate", "02"), ("number", "."), ("number", ",")]
)
def test_the_least_that_a_step_may_be_told(name: str, argument: str) -> None:
    """One character is a number of characters."""
    check_transform(Transform(name, argument))
    assert run("12", (name, argument)) == ("1" if argument == "1" else "12")


def test_read_only_steps_are_refused_when_writing() -> None:
    """No steps compile to nothing; an owner's name cannot be written back."""
    assert compile_steps([], find_user=find_user) is None
    with pytest.raises(ValueError, match=r"^owner_name is for reading only; move it to the read steps$"):
        compile_steps([Transform("lower"), Transform("owner_name")], find_user=find_user, writing=True)
    written = compile_steps([Transform("upper")], find_user=find_user, writing=True)
    assert written is not None
    assert written("a") == "A"
    assert run("1", ("owner_name", None), ("upper", None)) == "ANN LEE", "one after the other"


def test_what_may_flow_both_ways() -> None:
    """A losing step needs its fold on both sides, or its mirror; truncation never flows back."""
    lower, split, join = Transform("lower"), Transform("split", ","), Transform("join", ",")
    assert invertible("trim")
    assert not invertible("truncate")
    assert way_back(Pair(Steps(), Steps())) is None
    assert way_back(Pair(Steps(write=(Transform("iso_code"),)), Steps())) is None
    assert "read lower on both sides" in (way_back(Pair(Steps(read=(lower,)), Steps())) or "")
    assert way_back(Pair(Steps(read=(lower,)), Steps(read=(lower,)))) is None
    assert way_back(Pair(Steps(read=(lower,), write=(lower,)), Steps(read=(lower,)))) is None
    assert way_back(Pair(Steps(read=(split,), write=(join,)), Steps())) is None
    assert "split" in (way_back(Pair(Steps(read=(split,)), Steps())) or "")
    assert "truncate" in (way_back(Pair(Steps(), Steps(write=(Transform("truncate", "9"),)))) or "")


ONE_WAY = "{} loses something and has no way back; make the field one-way"


@pytest.mark.parametrize(
    ("marketing", "crm", "why"),
    [
        (Steps(read=(Transform("lower"),)), Steps(), ONE_WAY.format("lower") + ", or read lower on both sides"),
        (Steps(), Steps(write=(Transform("truncate", "9"),)), ONE_WAY.format("truncate")),
        (Steps(read=(Transform("split", ","),)), Steps(), ONE_WAY.format("split")),
        # the sign must be the same, and the pair must stand on one side
        (Steps((Transform("split", ","),), (Transform("join", ";"),)), Steps(), ONE_WAY.format("split")),
        (Steps((Transform("split", ","),)), Steps(write=(Transform("join", ","),)), ONE_WAY.format("split")),
        (Steps((Transform("truncate", "9"),)), Steps((Transform("truncate", "9"),)), ONE_WAY.format("truncate")),
        # two pairs on one side, and whatever stands beside them
        (
            Steps((Transform("split", ","), Transform("day")), (Transform("midnight"), Transform("join", ","))),
            Steps((Transform("trim"),)),
            None,
        ),
        (Steps((Transform("day"),), (Transform("midnight"),)), Steps(), None),
        (
            Steps((Transform("split", ","), Transform("upper")), (Transform("join", ","),)),
            Steps(),
            ONE_WAY.format("upper") + ", or read upper on both sides",
        ),
    ],
)
def test_why_steps_have_no_way_back(marketing: Steps, crm: Steps, why: str | None) -> None:
    """With what to do instead: one way, or where that helps the same step on both sides."""
    assert way_back(Pair(marketing, crm)) == why
    assert (way_back(Pair(crm, marketing)) is None) is (why is None), "whichever side it stands on"


@pytest.mark.parametrize("name", [name for name, known in BUILT_IN.items() if known.folding])
def test_a_folding_step_applied_twice_changes_nothing_more(name: str) -> None:
    """That is what lets it stand on both sides."""
    for text in ("Straße 5", "jo@mail.acme.co.uk", "DE", "https://www.Acme.com/x", "12 a"):
        try:
            once = run(text, (name, None))
        except Unusable:
            continue
        assert run(once, (name, None)) == once
