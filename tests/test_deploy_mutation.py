"""How mutation testing counts: what is excused by the list, what is out of date in it, and when it fails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import mutation
from deploy.mutation import EXCUSED, KILLERS, ROOT, Excuse, excuses, main, share

KEPT = excuses(EXCUSED.read_text(encoding="utf-8"))
CHANGES = {
    "syncd.core.reserve.x_a__mutmut_1": ("killed", ""),
    "syncd.core.reserve.x_a__mutmut_2": ("survived", "    -    return one\n    +    return None"),
    "syncd.core.reserve.x_a__mutmut_3": ("timeout", "    -    return slow\n    +    return None"),
    "syncd.core.reserve.x_a__mutmut_4": ("not checked", ""),
}
ENTRY = "- {{module: {}, was: '  return one', becomes: return None, why: equal}}\n"


def test_each_entry_is_about_code_that_is_there() -> None:
    """What stands in the list stands in its module; a module with a list was tried whole, and a reason is a reason."""
    for each in KEPT:
        text = [line.strip() for line in (ROOT / "syncd" / "core" / f"{each.module}.py").read_text().splitlines()]
        assert set(each.was) <= set(text), each
        assert each.was != each.becomes
        assert each.module in KILLERS
        assert len(each.why.split()) > 1
    assert len(set(KEPT)) == len(KEPT), "each change stands there once"


def test_every_module_with_a_floor_has_tests_that_are_there() -> None:
    """By file, or by test."""
    for module, tests in KILLERS.items():
        assert (ROOT / "syncd" / "core" / f"{module}.py").is_file()
        assert all((ROOT / test.partition("::")[0]).is_file() for test in tests)


@pytest.mark.parametrize(
    ("module", "change", "fits"),
    [
        ("m", "    -    a = 1\n    +    a = 2", True),
        ("m", "    -        a = 1\n    +    a = 2", True),
        ("n", "    -    a = 1\n    +    a = 2", False),
        ("m", "    -    a = 1\n    +    a = 3", False),
        ("m", "    -    a = 1\n    -    b\n    +    a = 2", False),
        ("m", "    -    b = 1\n    +    a = 2", False),
    ],
)
def test_an_entry_is_about_one_change(module: str, change: str, *, fits: bool) -> None:
    """The lines that go and those that come, wherever they are indented."""
    (entry,) = excuses("- {module: m, was: 'a = 1', becomes: ' a = 2', why: equal}")
    assert entry == Excuse("m", ("a = 1",), ("a = 2",), "equal")
    assert entry.fits(module, change) is fits
    (several,) = excuses('- {module: m, was: "a\\n  b", becomes: c, why: equal}')
    assert several.fits("m", "-  a\n-    b\n+  c")


@pytest.mark.parametrize("entry", ["{module: m, was: a, becomes: b}", "{module: m, was: a, becomes: b, why: c, x: d}"])
def test_an_entry_says_all_and_nothing_else(entry: str) -> None:
    """A typing error is no excuse."""
    with pytest.raises(TypeError):
        excuses(f"- {entry}")
    assert excuses("# none\n") == ()


def test_what_nobody_can_notice_is_left_out_of_the_share() -> None:
    """A time-out is noticed; nothing at all is no failure."""
    assert share(Counter(killed=8, timeout=1, survived=1, excused=10)) == 0.9
    assert share(Counter(killed=1, **{"no tests": 1})) == 0.5
    assert share(Counter(excused=3)) == 1.0


@pytest.mark.parametrize(
    ("listed", "floor", "words", "code", "said"),
    [
        ("", True, ["reserve"], 1, "reserve: 66.7% of 3 killed"),
        ("", False, ["reserve"], 0, "all of it: 66.7% of 3 killed"),
        ("", False, ["reserve", "--each", "9"], 1, "all of it: 66.7% of 3 killed"),
        (ENTRY.format("reserve"), True, ["reserve"], 0, "survived (excused: equal): syncd.core.reserve.x_a__mutmut_2"),
        (ENTRY.format("reserve"), True, ["reserve", "--each", "9"], 0, "reserve: 100.0% of 3 killed"),
        (ENTRY.format("reserve") + ENTRY.replace("return one", "return slow").format("reserve"), True, ["reserve"], 0,
         "timeout (excused: equal): syncd.core.reserve.x_a__mutmut_3"),
        (ENTRY.format("reserve") * 2, True, ["reserve"], 0, "reserve: 100.0% of 3 killed"),
        (ENTRY.format("reserve") + ENTRY.replace("return one", "return two").format("reserve"), True, ["reserve"], 1,
         "no survivor of reserve is this: return two -> return None"),
        (ENTRY.format("reserve") + ENTRY.format("words"), True, ["reserve"], 0, "reserve: 100.0% of 3 killed"),
        (ENTRY.replace("return one", "return two").format("reserve"), False, ["reserve", "--each", "9"], 1, "66.7%"),
    ],
)  # fmt: skip
def test_when_it_fails(
    listed: str,
    floor: bool,
    words: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Below the floor of a module that has one, for an entry that is out of date, or below it in all of a sample."""

    def results(_copy: Path) -> Iterator[tuple[str, str, str]]:
        for mutant, (ending, _) in CHANGES.items():
            yield mutant, "reserve", ending

    (tmp_path / "mutation.yaml").write_text(listed)
    monkeypatch.setattr(mutation, "EXCUSED", tmp_path / "mutation.yaml")
    monkeypatch.setattr(mutation, "KILLERS", {"reserve": ()} if floor else {})
    monkeypatch.setattr(mutation, "_copied", lambda _copy, _modules: None)
    monkeypatch.setattr(mutation, "_run", lambda _copy, *_mutants: 0)
    monkeypatch.setattr(mutation, "_results", results)
    monkeypatch.setattr(mutation, "_change", lambda _copy, mutant: CHANGES[mutant][1])
    assert main(words) == code
    assert said in capsys.readouterr().out
