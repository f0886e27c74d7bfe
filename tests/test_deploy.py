"""The scripts of ``deploy/`` catch what they are there for; each runs on a copy of what it reads."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
READ_BY_LOCK = ("pyproject.toml", "requirements.lock", "requirements-dev.lock", "deploy/lock.py", "deploy/build.lock",
                "deploy/audit.lock")  # fmt: skip


def copied(folder: Path, *names: str) -> Path:
    """Copies of these files of the project, at the same places below a folder."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(project: Path, script: str, *words: str) -> tuple[int, str]:
    """Exit code and everything printed."""
    ended = subprocess.run(
        [sys.executable, str(project / "deploy" / script), *words],
        cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=60,
    )  # fmt: skip
    return ended.returncode, ended.stdout


def edit(path: Path, old: str, new: str) -> None:
    """Replaces text that must be there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


# -- lock.py ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """The project's dependency files, untouched."""
    return copied(tmp_path, *READ_BY_LOCK)


def test_untouched_locks_are_current(locked: Path) -> None:
    """The locks as they are kept pass; else the tests below would prove nothing."""
    assert run(locked, "lock.py", "--check") == (0, "the locks are current\n")


def test_a_changed_dependency_makes_every_lock_old(locked: Path) -> None:
    """One more dependency in pyproject.toml: each lock that it goes into is named, with what to do."""
    edit(locked / "pyproject.toml", "dependencies = [", 'dependencies = [\n  "left-out-of-the-locks",')
    code, said = run(locked, "lock.py", "--check")
    assert code == 1
    assert said.count("older than the dependencies in pyproject.toml: run `make lock`") == 4


def test_a_change_that_is_no_dependency_changes_nothing(locked: Path) -> None:
    """A comment in pyproject.toml is no reason to resolve again."""
    with (locked / "pyproject.toml").open("a") as file:
        file.write("\n# a comment\n")
    assert run(locked, "lock.py", "--check")[0] == 0


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "deploy/build.lock"])
def test_a_lock_edited_by_hand_is_named(locked: Path, name: str) -> None:
    """A version that was changed in the lock only."""
    path = locked / name
    lines = path.read_text().splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if "==" in line and not line.startswith("#"))
    lines[place] = lines[place].replace("==", "==9", 1)
    path.write_text("".join(lines))
    code, said = run(locked, "lock.py", "--check")
    assert (code, said) == (1, f"{name} was edited by hand or merged: run `make lock`\n")


def test_missing_headless_unhashed_and_addressed_locks_are_refused(locked: Path) -> None:
    """No file, no first line, a pin without a hash, and the address of an index."""
    (locked / "deploy/build.lock").unlink()
    headless = locked / "requirements.lock"
    headless.write_text("".join(headless.read_text().splitlines(keepends=True)[1:]))
    with (locked / "requirements-dev.lock").open("a") as file:
        file.write("--index-url https://packages.example/simple\nnaked==1.0\n")
    code, said = run(locked, "lock.py", "--check")
    assert code == 1
    assert "deploy/build.lock is missing" in said
    assert "requirements.lock:1 lacks the line" in said
    assert "requirements-dev.lock names an address" in said
    assert "requirements-dev.lock: naked==1.0 has no hash" in said


# -- secret_scan.py --------------------------------------------------------------------------------------------------

# Put together here, so that no file of the project holds one.
PLANTED = {
    "HubSpot private app token or service key": "pat-na1-" + "0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f",
    "Salesforce session id": "00D" + "5g00000xYzAb" + "!" + "AQEAQJ.x8yPzR2kN5mT7vW9b",
    "Salesforce refresh token": "5Aep" + "861" + "aB3dE5fG7h" * 7,
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "AWS access key": "AKIA" + "Q3EGRZ7KLM2XW5PB",
    "signed web token": "eyJ" + "hbGciOiJSUzI1NiJ9" + ".eyJ" + "zdWIiOiIxMjM0NTY3ODkw" + ".c2lnbmF0dXJlLW9mLWl0",
    "random-looking value of a secret, password, token or key": "client_" + 'secret = "' + 'f8Kq2Zt9Lw4Xc7Vb1Nm6"',
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A new repository that holds the script and nothing else."""
    copied(tmp_path, "deploy/secret_scan.py")
    (tmp_path / ".gitignore").write_text("var/\n")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def test_a_clean_repository_passes(repository: Path) -> None:
    """The script does not find itself."""
    assert run(repository, "secret_scan.py") == (0, "no credentials in 2 files\n")


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_credential_is_found_and_not_shown(repository: Path, rule: str) -> None:
    """File, line and rule are printed, the value is not; the file need not be tracked yet."""
    (repository / "notes.txt").write_text(f"first line\nhere: {PLANTED[rule]}\n")
    code, said = run(repository, "secret_scan.py")
    assert code == 1
    assert f"notes.txt:2: {rule}" in said
    assert PLANTED[rule] not in said


@pytest.mark.parametrize("rule", PLANTED)
def test_a_marked_line_is_left_alone_and_only_that_line(repository: Path, rule: str) -> None:
    """The marker allows its own line; the same value one line below is found."""
    marked = f"{PLANTED[rule]}  # not a secret\n"
    (repository / "notes.txt").write_text(marked)
    assert run(repository, "secret_scan.py")[0] == 0
    (repository / "notes.txt").write_text(f"{marked}{PLANTED[rule]}\n")
    code, said = run(repository, "secret_scan.py")
    assert (code, f"notes.txt:2: {rule}" in said, "notes.txt:1:" in said) == (1, True, False)


def test_names_paths_and_ignored_files_are_no_credentials(repository: Path) -> None:
    """Settings that only name where a secret lies, a dummy, binary files, and what git does not keep."""
    (repository / "code.py").write_text(
        'token_file = "/run/secrets/hubspot/access_token"\npassword = "correct-horse-battery-staple"\n'
        'access_token = "pat-na1-sandbox"\n'
    )
    (repository / "picture.bin").write_bytes(b"\0" + PLANTED["AWS access key"].encode())
    (repository / "var").mkdir()
    (repository / "var" / "env").write_text(PLANTED["AWS access key"])
    code, said = run(repository, "secret_scan.py")
    assert (code, said) == (0, "no credentials in 4 files\n")


# -- links.py --------------------------------------------------------------------------------------------------------


@pytest.fixture
def linked(repository: Path) -> Path:
    """Two pages that link each other in every way that leads somewhere."""
    copied(repository, "deploy/links.py", "deploy/__init__.py")
    (repository / "docs").mkdir()
    (repository / "README.md").write_text(
        "# All\n\n## Daily work\n\n## The `run` of a day: [why](docs/a.md)\n\n## Daily work\n\n"
        "See [a](docs/a.md#an-end), [the\nscript](deploy/links.py), [the web](https://x.example/#y), "
        "[below](#daily-work-1).\n"
    )
    (repository / "docs" / "a.md").write_text(
        "# An end\n\n[up](../README.md#daily-work), [run](../README.md#the-run-of-a-day-why).\n\n"
        "Code is no link: `[x](gone.md)`\n\n```md\n## In code\n[x](gone.md#x)\n```\n"
    )
    return repository


def test_links_that_lead_somewhere_pass(linked: Path) -> None:
    """Files, headings, the second of two that say the same; the web and what stands in code are left alone."""
    assert run(linked, "links.py") == (0, "every link of 2 pages leads somewhere\n")


@pytest.mark.parametrize(
    ("link", "told"),
    [
        ("../README.md#day-to-day", "that page has no such heading"),
        ("../README.md#daily-works", "that page has no such heading; did you mean #daily-work?"),
        ("#in-code", "that page has no such heading"),
        ("b.md#an-end", "there is no b.md"),
    ],
)
def test_a_dead_link_is_named(linked: Path, link: str, told: str) -> None:
    """Its page and line: of a heading that is spelt otherwise or stands in code, and of a page that is not there."""
    with (linked / "docs" / "a.md").open("a") as page:
        page.write(f"\nAnd\n[here]({link}).\n")
    code, said = run(linked, "links.py")
    assert (code, said.startswith(f"docs/a.md:13: {link}: {told}")) == (1, True), said
