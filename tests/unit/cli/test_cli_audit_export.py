"""``syncd audit key``, ``export`` and ``verify --export``: signed here, proven by somebody who has nothing of ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from syncd.cli.call import who
from syncd.cli.main import main
from syncd.store import SqlStore
from tests.unit.cli.conftest import Run
from tests.unit.cli.test_cli_audit import _begin


@pytest.fixture
def key(run: Run, tmp_path: Path) -> Path:
    """A key of ours."""
    file = tmp_path / "sign"
    assert run("audit", "key", str(file)).code == 0
    return file


def public(key: Path) -> Path:
    """What others have of it."""
    return key.with_name("sign.pub")


@pytest.mark.usefixtures("store")
def test_a_key_is_for_its_owner_alone(run: Run, tmp_path: Path) -> None:
    """Its public half is for all; neither is ever overwritten, and its fingerprint is what an export names."""
    file = tmp_path / "mine"
    told = run("audit", "key", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"PUBLIC" in (tmp_path / "mine.pub").read_bytes()
    assert "PRIVATE" not in told.out
    before = file.read_bytes()
    for gone in (None, file):
        if gone is not None:
            gone.unlink()
        again = run("audit", "key", str(file))
        assert (again.code, "is there already" in again.failure["what"]) == (2, True)
    file.write_bytes(before)
    file.chmod(0o600)
    named = run("audit", "export", str(tmp_path / "out"), "--key", str(file), "--json").json["key"]
    assert f"fingerprint: {named}" in told.out


def test_it_is_proven_without_configuration_and_store(
    run: Run, store: SqlStore, key: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By whoever has the folder and the public key, wherever they are; in words and in JSON."""
    _begin(store, "a", "b")
    head = store.audit_head()
    assert head is not None
    said = run("audit", "export", str(tmp_path / "out"), "--key", str(key))
    assert said.code == 0, said.err
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "out", elsewhere)
    (tmp_path / "syncd.yaml").unlink()
    capsys.readouterr()
    words = ["audit", "verify", "--export", str(elsewhere), "--key", str(public(key))]
    assert main(words) == 0
    told = capsys.readouterr().out
    assert "the audit of main at " in told
    assert "2 audit rows in 1 entry of the chain" in told
    assert "nothing was altered" in told
    assert main([*words, "--head", head.hash, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["connection"], found["rows"], found["reads"], found["head"]["hash"]) == ("main", 2, 1, head.hash)
    assert main([*words, "--head", "0" * 64]) == 1


def test_what_was_altered_since_is_named(run: Run, store: SqlStore, key: Path, tmp_path: Path) -> None:
    """Exit 1, with the row; and nothing is believed under another key."""
    _begin(store, "a", "b")
    folder = tmp_path / "out"
    run("audit", "export", str(folder), "--key", str(key))
    rows = folder / "audit.jsonl"
    kept = rows.read_text(encoding="utf-8")
    rows.write_text(kept.replace('"intent":"b"', '"intent":"z"'), encoding="utf-8")
    said = run("audit", "verify", "--export", str(folder), "--key", str(public(key)))
    assert (said.code, "line 2 (audit row 2, intent z): it was altered" in said.out) == (1, True)
    rows.write_text(kept, encoding="utf-8")
    run("audit", "key", str(tmp_path / "other"))
    said = run("audit", "verify", "--export", str(folder), "--key", str(tmp_path / "other.pub"), "--json")
    assert (said.code, said.json["connection"], said.json["key"]) == (1, None, None)
    assert "not signed with this key" in said.json["flaws"][0]


def test_a_signature_is_looked_at_without_syncd(run: Run, store: SqlStore, key: Path, tmp_path: Path) -> None:
    """As the page says: with openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    _begin(store, "a")
    run("audit", "export", str(tmp_path / "out"), "--key", str(key))
    words = [openssl, "pkeyutl", "-verify", "-pubin", "-inkey", str(public(key)), "-rawin"]
    words += ["-in", "manifest.json", "-sigfile", "manifest.sig"]
    assert subprocess.run(words, cwd=tmp_path / "out", check=False, capture_output=True).returncode == 0
    (tmp_path / "out/manifest.json").write_text("{}", encoding="utf-8")
    assert subprocess.run(words, cwd=tmp_path / "out", check=False, capture_output=True).returncode != 0


def test_an_export_leaves_an_entry_and_tells_what_is_amiss(
    run: Run, store: SqlStore, key: Path, tmp_path: Path
) -> None:
    """Who took it; an audit that is not what was written is signed as it is, and exit is 1."""
    _begin(store, "a")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE audit SET run = 'x'"))
    said = run("audit", "export", str(tmp_path / "out"), "--key", str(key))
    assert (said.code, "entry 1 " in said.out) == (1, True)
    (deed,) = run("console", "deeds", "--json").json["deeds"]
    assert (deed["who"], deed["way"], deed["what"], deed["about"]) == (who(), "shell", "audit.export", "everything")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_may_read_signs_nothing(run: Run, key: Path, tmp_path: Path, mode: int) -> None:
    """It says which command mends it; nothing is written."""
    key.chmod(mode)
    said = run("audit", "export", str(tmp_path / "out"), "--key", str(key))
    assert (said.code, f"chmod 600 {key}" in said.failure["what"]) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("store")
def test_what_is_no_key_is_refused(run: Run, key: Path, tmp_path: Path) -> None:
    """Not there, no key, another sort, the public for the private one and the other way round; one option alone."""
    other = tmp_path / "rsa"
    pem = generate_private_key(65_537, 2_048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "no").write_text("nothing", encoding="utf-8")
    other.write_bytes(pem)
    public(key).chmod(0o600)
    for file in (tmp_path / "no", other):
        file.chmod(0o600)
    for name, why in (("gone", "cannot be read"), ("no", "no private"), ("rsa", "Ed25519"), ("sign.pub", "no private")):
        said = run("audit", "export", str(tmp_path / "out"), "--key", str(tmp_path / name))
        assert (said.code, why in said.failure["what"]) == (2, True), name
    for name, why in (("gone", "cannot be read"), ("no", "no public"), ("sign", "no public")):
        said = run("audit", "verify", "--export", str(tmp_path), "--key", str(tmp_path / name))
        assert (said.code, why in said.failure["what"]) == (2, True), name
    for words in (("--export", str(tmp_path)), ("--key", str(key))):
        assert "belong together" in run("audit", "verify", *words).failure["what"]
