"""Licences and advisories: what is judged, what is told, and that nothing is told which was not found out."""

from __future__ import annotations

import json
import socket
import subprocess
from email.message import Message
from importlib.metadata import PackageMetadata
from pathlib import Path
from typing import Any, cast

import pytest

from deploy import audit, licences

NOTICE = "psycopg, psycopg-binary   LGPL-3.0-only"


def told(**headers: str | list[str]) -> PackageMetadata:
    """What a library says of itself."""
    made = Message()
    for name, value in headers.items():
        for each in [value] if isinstance(value, str) else value:
            made[name.replace("_", "-")] = each
    return cast("PackageMetadata", made)


@pytest.mark.parametrize(
    ("stated", "licence"),
    [
        (told(License_Expression="MIT OR Apache-2.0", License="something else"), "MIT OR Apache-2.0"),
        (told(Classifier=["License :: OSI Approved :: MIT License", "Framework :: X"]), "MIT"),
        (
            told(Classifier=["License :: OSI Approved :: BSD License",
                             "License :: OSI Approved :: Apache Software License"]),
            "BSD-3-Clause AND Apache-2.0",
        ),
        (told(License="BSD-2-Clause"), "BSD-2-Clause"),
        (told(License=""), ""),
        (told(Name="x"), ""),
    ],
)  # fmt: skip
def test_what_a_library_states(stated: PackageMetadata, licence: str) -> None:
    """Its expression first, then its classifiers, then its free text."""
    assert licences.licence_of(stated) == licence


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("GPL-3.0-only AND MIT", False),
        ("MIT AND (GPL-3.0-only OR ISC)", True),
        ("MIT AND (GPL-3.0-only AND ISC)", False),
        ("GPL-3.0-only OR (MIT AND (ISC OR GPL-2.0-only))", True),
        ("Proprietary", False),
    ],
)
def test_expressions(expression: str, *, fits: bool) -> None:
    """One of those to choose from must do, and all that hold at once."""
    assert licences.within(expression, licences.FREE) is fits


@pytest.mark.parametrize(
    ("name", "expression", "shipped", "said"),
    [
        ("typer", "MIT", True, ""),
        ("psycopg", "LGPL-3.0-only", True, ""),
        ("cycg", "LGPL-3.0-only", True, "NOTICE does not name it"),
        ("binary", "MPL-2.0", True, "NOTICE does not name it"),
        ("readline", "GPL-3.0-only", True, "must not be shipped"),
        ("linter", "GPL-3.0-only", False, ""),
        ("linter", "Proprietary", False, "no tool of ours may have"),
        ("silent", "", False, "states no licence"),
    ],
)
def test_what_may_come_along(name: str, expression: str, said: str, *, shipped: bool) -> None:
    """Conditions are named by the whole name of the library; a tool may be under the GPL, what is shipped may not."""
    found = licences.fault(name, expression, shipped=shipped, notice=NOTICE)
    assert said in found
    assert bool(found) is bool(said)


def test_every_locked_library_is_fine(capsys: pytest.CaptureFixture[str]) -> None:
    """The check itself, over what is installed here."""
    assert licences.main() == 0, capsys.readouterr().out


FOUND: dict[str, Any] = {
    "dependencies": [
        {"name": "requests", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": []}]},
        {"name": "pytest", "version": "8", "vulns": [{"id": "PYSEC-2", "fix_versions": [], "aliases": ["CVE-2"]}]},
        {"name": "typer", "version": "1", "vulns": []},
    ]
}


def test_a_weakness_says_whom_it_reaches_and_what_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is shipped is told from tools; what was accepted, by whichever of its names, is left out."""
    shipped = frozenset({"requests", "typer"})
    assert audit.weaknesses(FOUND, shipped) == [
        "pytest 8 (development only): PYSEC-2; mended in no release",
        "requests 2.0 (shipped): PYSEC-1; mended in 2.1",
    ]
    monkeypatch.setattr(audit, "ACCEPTED", {"CVE-2": "we never call it"})
    assert [line.partition(" ")[0] for line in audit.weaknesses(FOUND, shipped)] == ["requests"]


def test_the_result_is_dated_and_replaces_the_one_before() -> None:
    """In its place on the page, and only there."""
    page = audit.PAGE.read_text(encoding="utf-8")
    once = audit.note(page, FOUND, [], on="2026-03-02")
    assert "2026-03-02: 3 libraries of `requirements-dev.lock` against api.osv.dev: none known" in once
    twice = audit.note(once, FOUND, ["x 1 (shipped): PYSEC-1; mended in 2"], on="2026-03-03")
    assert "2026-03-02" not in twice
    assert "2026-03-03: 3 libraries" in twice
    assert audit.note(twice, FOUND, [], on="2026-03-02") == once
    with pytest.raises(ValueError, match="no place"):
        audit.note("a page", FOUND, [], on="2026-03-02")


def test_without_the_network_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says that nothing was scanned and why, ends with 2, and the page stays as it is."""

    def unreachable(*_: object, **__: object) -> socket.socket:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    monkeypatch.setattr("sys.argv", ["audit", "--note"])
    before = audit.PAGE.read_bytes()
    assert audit.main() == 2
    assert "nothing was scanned: api.osv.dev cannot be reached from here" in capsys.readouterr().err
    assert audit.PAGE.read_bytes() == before


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("", "pip-audit ended with 1: no route"),
        (json.dumps({"dependencies": [{"name": "typer", "skip_reason": "not found"}]}), "left out typer"),
        (json.dumps({"dependencies": []}), "left out everything"),
    ],
)
def test_a_scan_in_part_is_none(printed: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer, a library that was skipped, nothing at all: none of these says that there is no weakness."""

    def ended(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, stdout=printed, stderr="no route")

    monkeypatch.setattr(subprocess, "run", ended)
    with pytest.raises(audit.NotScannedError, match=said):
        audit.scanned(Path("pip-audit"))
