"""The real clock's and process's small promises."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from syncd.model.errors import BadUsage
from syncd.observe.log import masked
from syncd.system import holder_name, prove_writable, surely_gone


def test_a_holder_can_be_read_in_the_log() -> None:
    """Whoever waits for a lease is told in the log who has it: nothing of the name is masked as an address."""
    name = holder_name("ada")
    assert masked(name) == name
    assert name.startswith(f"ada on {socket.gethostname()}:{os.getpid()}:")


def test_who_is_gone_and_who_may_be_alive() -> None:
    """This process lives; one that has ended is gone; of another machine, or of a strange name, nobody can tell."""
    assert not surely_gone(holder_name("me"))
    code = "from syncd.system import holder_name; print(holder_name('other'))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    gone = ended.stdout.strip()
    assert surely_gone(gone)
    assert not surely_gone(gone.replace(socket.gethostname(), "elsewhere"))
    assert not surely_gone("somebody")


def test_a_result_that_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    """With the path and the reason; what is there stays as it is, and what is not there is not left behind."""
    with pytest.raises(BadUsage, match=r"nope/x\.html cannot be written \(No such file or directory\); name a file"):
        prove_writable(tmp_path / "nope" / "x.html")
    prove_writable(tmp_path / "new.html")
    assert not list(tmp_path.iterdir())
    (tmp_path / "old.html").write_text("kept", encoding="utf-8")
    prove_writable(tmp_path / "old.html")
    assert (tmp_path / "old.html").read_text(encoding="utf-8") == "kept"
