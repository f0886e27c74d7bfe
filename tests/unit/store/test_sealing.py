"""Sealed files: whole or refused, whatever was done to them, and under another key every time."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.model.errors import BadUsage
from syncd.store import sealing
from syncd.store.sealing import MAGIC, read_about, seal, unseal
from syncd.system import SystemChance

SECRET = "a secret of thirty-two characters"


def sealed(folder: Path, content: bytes, *, about: dict[str, object] | None = None) -> tuple[Path, str]:
    """A sealed file of this content."""
    (folder / "plain").write_bytes(content)
    was = seal(folder / "plain", folder / "sealed", secret=SECRET, chance=SystemChance(), about=about or {"made": 1})
    return folder / "sealed", was


def noise(size: int) -> bytes:
    """What does not compress."""
    return SystemChance().token(size)


@pytest.mark.parametrize(
    "content",
    [b"", b"x", bytes(40_000_000), noise(5_000_000), noise((1 << 20) - 11)],
    ids=["nothing", "a byte", "zeros", "noise", "noise of a piece"],
)
def test_what_goes_in_comes_out(tmp_path: Path, content: bytes) -> None:
    """Empty, short, empty pages a thousandth of their size, several pieces; the hash is that of the content."""
    file, was = sealed(tmp_path, content)
    assert unseal(file, tmp_path / "out", secret=SECRET) == was
    assert (tmp_path / "out").read_bytes() == content
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600
    assert file.stat().st_mode & 0o777 == 0o600


def test_nothing_of_it_can_be_read(tmp_path: Path) -> None:
    """Neither the content nor the same content twice looks alike."""
    words = b"ann@example.com " * 5_000
    file, _ = sealed(tmp_path, words)
    first = file.read_bytes()
    assert b"ann@example" not in first
    file, _ = sealed(tmp_path, words)
    assert file.read_bytes()[200:] != first[200:]
    assert read_about(file)["made"] == 1


def test_every_change_is_noticed(tmp_path: Path) -> None:
    """A flipped bit anywhere, a cut anywhere, pieces that change places or come twice: refused, and nothing is left."""
    file, _ = sealed(tmp_path, noise(3_200_000))
    whole = file.read_bytes()
    header = len(MAGIC) + 4 + int.from_bytes(whole[len(MAGIC) : len(MAGIC) + 4], "big")
    piece = 4 + sealing.PIECE + 16
    pieces = [whole[header + n * piece : header + (n + 1) * piece] for n in range(4)]
    assert b"".join(pieces) == whole[header:]
    spoilt = [
        whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (3, header - 3, header + 9, len(whole) - 1)
    ]
    spoilt += [whole[:at] for at in (5, header, header + 2, header + piece, header + 2 * piece + 77, len(whole) - 1)]
    spoilt += [
        whole[:header] + b"".join(pieces[n] for n in order) for order in ((1, 0, 2, 3), (0, 0, 1, 2, 3), (0, 1, 3))
    ]
    spoilt += [whole + pieces[3], whole + b"x", whole.replace(b'"made":1', b'"made":2')]
    for each in spoilt:
        file.write_bytes(each)
        with pytest.raises(BadUsage, match=r"cannot be opened|no backup that syncd made"):
            unseal(file, tmp_path / "out", secret=SECRET)
        assert not (tmp_path / "out").exists()


def test_another_secret_opens_nothing(tmp_path: Path) -> None:
    """The sentence says what to do."""
    file, _ = sealed(tmp_path, b"words")
    with pytest.raises(BadUsage, match="under another key"):
        unseal(file, tmp_path / "out", secret=SECRET + "!")
