"""Whether the lists of wrong versions are whole, and whether a verdict on a wrong version can be believed."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from deploy import sabotage
from deploy.facts import SOURCES, facts, proofs
from deploy.wrong import LISTS, ROOT, Flawed, Wrong, drawn, listed, proving

pytestmark = pytest.mark.xdist_group("sources")  # of which one process reads all tests once

EVERY = sorted(LISTS.glob("*.yaml"))


@pytest.mark.parametrize("source", SOURCES)
def test_every_tested_fact_is_switched_off_once(source: str) -> None:
    """In the order of the registry; a fact whose tests nobody tried to deceive is not known to be proven."""
    tested = [fact.id for fact in facts() if fact.id.startswith(f"{source} ") and proofs().get(fact.id)]
    rows = yaml.safe_load((LISTS / f"facts-{source}.yaml").read_text(encoding="utf-8"))
    assert [row.get("fact") for row in rows] == tested


@pytest.mark.parametrize("file", EVERY, ids=lambda file: file.stem)
def test_every_wrong_version_can_be_played(file: Path) -> None:
    """Its text stands once in its file, another comes in its place, and what comes out is Python."""
    flaws = []
    for wrong in listed(file):
        try:
            ast.parse(wrong.text())
        except (Flawed, SyntaxError) as flaw:
            flaws.append(f"{wrong.name}: {flaw}")
        if wrong.was == wrong.becomes:
            flaws.append(f"{wrong.name}: nothing changes")
    assert not flaws


@pytest.mark.parametrize("file", EVERY, ids=lambda file: file.stem)
def test_every_wrong_version_names_tests_that_exist(file: Path) -> None:
    """By file and function; a test that went elsewhere could notice nothing."""
    named = {(wrong.name, test) for wrong in listed(file) for test in wrong.tests}
    assert not sorted(f"{name}: {test}" for name, test in named if not _exists(test))


def test_every_promise_is_broken_by_some() -> None:
    """Forty at least of a third, which `make test` plays each time, with the tests that they name on the true code."""
    broken = [wrong.promise for file in EVERY for wrong in listed(file) if wrong.promise]
    assert set(broken) == {f"P{number}" for number in range(1, 16)}
    assert len(broken) >= 3 * 40
    wrongs = [wrong for file in EVERY for wrong in listed(file)]
    chosen = [wrongs[place] for place in drawn([wrong.promise for wrong in wrongs], 8)]
    assert proving() == {test for wrong in chosen if wrong.promise for test in wrong.tests}


def _exists(test: str) -> bool:
    place, _, rest = test.partition("::")
    path = ROOT / place
    function = rest.partition("[")[0].rpartition("::")[2]
    return path.is_dir() or (path.is_file() and (not function or function in _functions(path)))


@cache
def _functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef))


TYPES = "tests/unit/sandbox/test_hubspot_types.py"
DAY = {"file": "sandbox/hubspot/stamps.py", "was": "DAY = 86_400_000"}
PLAYED: list[dict[str, object]] = [
    {"name": "seen", "says": "a longer day", **DAY, "becomes": "DAY = 86_400_001", "tests": [f"{TYPES}::test_dates"]},
    {"fact": "hubspot 6.29", "says": "a longer day", **DAY, "becomes": "DAY = 86_400_001"},
    {"name": "unseen", "says": "a longer day", **DAY, "becomes": "DAY = 86_400_001", "tests": [f"{TYPES}::test_flags"]},
    {"name": "broken", "says": "no Python", **DAY, "becomes": "DAY = (", "tests": [f"{TYPES}::test_dates"]},
    {"name": "untested", "says": "no test", **DAY, "becomes": "DAY = 1", "tests": [f"{TYPES}::test_nothing"]},
    {
        "name": "unprepared", "says": "no account to test", "file": "sandbox/hubspot/kernel.py",
        "was": "self._moving = 0", "becomes": "raise OSError", "tests": [f"{TYPES}::test_dates"],
    },
]  # fmt: skip
PLAY = "import sys; from pathlib import Path; from deploy import sabotage; "


def play(folder: Path, *arguments: str) -> tuple[int, dict[str, str], str]:
    """Plays ``PLAYED`` from a folder of lists, in a fresh process: exit code, endings by name, and the last line."""
    (folder / "some.yaml").write_text(yaml.safe_dump(PLAYED), encoding="utf-8")
    code = f"{PLAY}sabotage.LISTS = Path({str(folder)!r}); sys.exit(sabotage.main(sys.argv[1:]))"
    run = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    told = [line for line in run.stdout.splitlines() if line.startswith(("killed", "survived", "flawed"))]
    endings = {line.partition(" s  ")[2].partition(":")[0]: line.split()[0] for line in told}
    return run.returncode, endings, run.stdout.splitlines()[-1]


@pytest.mark.slow
def test_how_a_wrong_version_ends(tmp_path: Path) -> None:
    """Killed by a test that fails, and by nothing else: neither by an import nor by a fixture nor by a missing test."""
    before = (ROOT / DAY["file"]).read_bytes()
    code, endings, last = play(tmp_path)
    assert endings == {
        "seen": "killed", "hubspot 6.29": "killed", "unseen": "survived", "broken": "flawed", "untested": "flawed",
        "unprepared": "flawed",
    }  # fmt: skip
    assert (code, last) == (2, "2 of 6 wrong versions were killed")
    assert (ROOT / DAY["file"]).read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "code", "last"),
    [
        (["--only", "seen", "hubspot 6.29"], 0, "2 of 2 wrong versions were killed"),
        (["some", "--only", "seen", "unseen"], 1, "1 of 2 wrong versions were killed"),
        (["--only", "seen", "hubspot 6.29", "--sample", "1"], 0, "1 of 1 wrong versions were killed"),
    ],
)
def test_what_the_command_says(tmp_path: Path, asked: list[str], code: int, last: str) -> None:
    """0 if all were killed, 1 if one survived; of a list, some by name or a sample."""
    assert play(tmp_path, *asked)[::2] == (code, last)


def test_a_sample_has_every_promise_and_a_third_of_what_breaks_one() -> None:
    """And so many of the others; none twice."""
    wrongs = [wrong for file in sorted(LISTS.glob("*.yaml")) for wrong in listed(file)]
    breaking = [wrong for wrong in wrongs if wrong.promise]
    sample = [wrongs[place] for place in drawn([wrong.promise for wrong in wrongs], 8)]
    some = [wrong for wrong in sample if wrong.promise]
    assert {wrong.promise for wrong in some} == {wrong.promise for wrong in breaking}
    assert len(some) == len(breaking) // 3
    assert len({wrong.name for wrong in sample}) == len(some) + 8


WHOLE: dict[str, object] = {"name": "n", "says": "s", **DAY, "becomes": "DAY = 1", "tests": [TYPES]}


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({"was": "DAY = 86_400_002"}, "has this 0 times, not once: 'DAY = 86_400_002'"),
        ({"was": "import"}, r"has this \d+ times, not once: 'import'"),
        ({"file": "sandbox/hubspot/gone.py"}, "no file sandbox/hubspot/gone.py; name where its code went"),
        ({"tests": []}, "no test is named"),
        ({"fact": "hubspot 99.9", "tests": []}, "no test is named"),
        ({"because": "x"}, "some.yaml: n is no entry: .*because"),
    ],
)
def test_an_entry_that_cannot_be_played(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, object],
    advice: str,
) -> None:
    """It says which and why, and the command plays nothing at all."""
    file = tmp_path / "some.yaml"
    file.write_text(yaml.safe_dump([WHOLE | change]), encoding="utf-8")
    with pytest.raises(Flawed, match=advice):
        listed(file)[0].text()
    monkeypatch.setattr(sabotage, "LISTS", tmp_path)
    assert sabotage.main(["some"]) == 2
    assert capsys.readouterr().out == ""


def test_an_entry_without_tests_or_fact(tmp_path: Path) -> None:
    """It is refused: nothing could notice."""
    file = tmp_path / "some.yaml"
    file.write_text(yaml.safe_dump([{key: value for key, value in WHOLE.items() if key != "tests"}]), encoding="utf-8")
    with pytest.raises(Flawed, match="n is no entry: 'tests'"):
        listed(file)


@pytest.mark.parametrize(
    ("file", "module"),
    [("sandbox/hubspot/stamps.py", "sandbox.hubspot.stamps"), ("sandbox/hubspot/__init__.py", "sandbox.hubspot")],
)
def test_which_module_is_changed(file: str, module: str) -> None:
    """The one that is imported from the file."""
    assert Wrong("n", "s", file, "was", "becomes", (TYPES,)).module == module
