"""The named steps, what they refuse, and which of them may serve a field that flows both ways."""

from __future__ import annotations

import pytest

from syncd.core.transforms import BUILT_IN, Unusable, check_transform, compile_steps, invertible, way_back
from syncd.model.mapping import Steps, Transform
from syncd.model.remote import RemoteUser, UserSort
from syncd.model.values import Pair

ANN = RemoteUser("1", UserSort.USER, "Ann Lee", "ann@x.co", active=True)
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
    ("name", "argument", "text"),
    [
        ("iso_code", None, "Wonderland"),
        ("country_name", None, "Wonderland"),
        ("owner_name", None, "2"),
        ("digits", None, "unknown"),
        ("domain", None, "n/a"),
        ("domain", None, "http://www.odd20.internal"),
        ("url_host", None, "see intranet"),
        ("number", ",", "1.23"),
        ("cel", "value.startsWith(1)", "secret"),
    ],
)
def test_a_step_that_cannot_do_its_work_refuses_without_the_value(name: str, argument: str | None, text: str) -> None:
    """Nothing half done is passed on, and the reason may be logged."""
    with pytest.raises(Unusable) as caught:
        run(text, (name, argument))
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Transform("lowercase"), "unknown transform lowercase"),
        (Transform("truncate"), "needs an argument"),
        (Transform("truncate", "0"), "whole number"),
        (Transform("truncate", "²"), "whole number"),
        (Transform("lower", "x"), "takes no argument"),
        (Transform("number", ";"), "decimal sign"),
        (Transform("cel", "vlaue"), "did you mean value"),
    ],
)
def test_a_wrong_step_is_refused_when_it_is_configured(step: Transform, words: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match=words):
        check_transform(step)
    with pytest.raises(ValueError, match=words):
        compile_steps([step], find_user=find_user)


def test_read_only_steps_are_refused_when_writing() -> None:
    """No steps compile to nothing; an owner's name cannot be written back."""
    assert compile_steps([], find_user=find_user) is None
    with pytest.raises(ValueError, match="move it to the read steps"):
        compile_steps([Transform("owner_name")], find_user=find_user, writing=True)


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


@pytest.mark.parametrize("name", [name for name, known in BUILT_IN.items() if known.folding])
def test_a_folding_step_applied_twice_changes_nothing_more(name: str) -> None:
    """That is what lets it stand on both sides."""
    for text in ("Straße 5", "jo@mail.acme.co.uk", "DE", "https://www.Acme.com/x", "12 a"):
        try:
            once = run(text, (name, None))
        except Unusable:
            continue
        assert run(once, (name, None)) == once
