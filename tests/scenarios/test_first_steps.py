"""The newcomer's path: every command of docs/first-steps.md, word for word, against accounts nobody has set up yet.

What the page tells people to click is the one call that it gives for the stand-ins; what it tells them to write into
``config/`` is written. Everything in a ``sh`` block is run as it stands there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.processes import ROOT, Place, open_place, until

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "first-steps.md").read_text()
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
SECRETS = {
    "hubspot_token": "pat-na1-sandbox",
    "salesforce_client_secret": "sandbox-secret",
    "admin_hubspot_token": "pat-na1-sandbox-admin",
    "admin_salesforce_secret": "sandbox-admin-secret",
}


class Newcomer:
    """Somebody who types what the page says, in a folder with the example configuration."""

    def __init__(self, folder: Path, accounts: Place) -> None:
        self.folder = folder
        self.accounts = accounts
        self.digest = ""
        shutil.copytree(ROOT / "config", folder / "config", ignore=shutil.ignore_patterns("secrets", "env"))
        main = folder / "config" / "syncd.yaml"
        text = main.read_text()
        # What step 3 says to set, and where the stand-ins are.
        for old, new in (
            ("https://api.hubapi.com", f"http://127.0.0.1:{accounts.ports[0]}"),
            ("https://example.my.salesforce.com", f"http://127.0.0.1:{accounts.ports[1]}"),
            ("CONSUMER_KEY_OF_THE_APP", "sandbox-client"),
        ):
            assert old in text, old
            text = text.replace(old, new)
        main.write_text(text)
        (folder / "var").mkdir()

    def types(self, line: str, *, codes: tuple[int, ...] = (0,)) -> str:
        """One line in a shell; what is pasted into ``cat`` are the secrets. Answers what it printed."""
        named = line.rpartition("config/secrets/")[2].rstrip(")")
        done = subprocess.run(
            ["/bin/bash", "-c", self._meant(line)],
            cwd=self.folder,
            env=self._environment(),
            input=SECRETS.get(named, "") + "\n" if "cat >" in line else None,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode in codes, f"{line}\n{done.stdout}\n{done.stderr}"
        found = re.search(r"--approve ([0-9a-f]+)", done.stdout)
        self.digest = found[1] if found else self.digest
        return done.stdout

    def runs(self, line: str, *, finished: int) -> list[dict[str, object]]:
        """A daemon until it has ended so many runs; Ctrl-C then. Its log."""
        log = self.folder / "daemon.log"
        with log.open("w") as lines:
            daemon = subprocess.Popen(
                ["/bin/bash", "-c", f"exec env {line}"],
                cwd=self.folder,
                env=self._environment() | {"SYNCD_CONNECTIONS__MAIN__POLL": "1"},
                stdout=subprocess.DEVNULL,
                stderr=lines,
            )
            try:
                until(lambda: log.read_text().count('"run.finished"') >= finished, within=60, what=log.read_text)
            finally:
                daemon.send_signal(signal.SIGINT)
                daemon.wait(timeout=30)
        return [json.loads(each) for each in log.read_text().splitlines()]

    def _meant(self, line: str) -> str:
        return line.replace("ADMIN_CONSUMER_KEY", "sandbox-admin").replace("DIGEST", self.digest)

    def _environment(self) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNCD_")}
        return kept | {"PATH": path, "HUBSPOT": f"http://127.0.0.1:{self.accounts.ports[0]}"}


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    """Beside two bare accounts with people in them."""
    with open_place(tmp_path / "accounts", "--bare", "--people", "60", "--companies", "8") as accounts:
        folder = tmp_path / "here"
        folder.mkdir()
        yield Newcomer(folder, accounts)


def test_the_page_is_walked_to_its_end(newcomer: Newcomer) -> None:
    """Step by step; the exit codes and what is seen are those that the page tells."""
    steps = iter(COMMANDS)

    def following(words: str) -> str:
        line = next(steps)
        assert words in line, f"the page says {line!r} where this test knows {words!r}: mend the one that is wrong"
        return line

    accounts = newcomer.accounts
    newcomer.types(following("curl -s $HUBSPOT"))
    newcomer.types(following("mkdir -m 700"))
    for _ in SECRETS:
        newcomer.types(following("cat > config/secrets/"))
    newcomer.types(following("syncd check"))
    assert "the right 'Read' is missing" in newcomer.types(following("syncd doctor"), codes=(1,))

    shown = newcomer.types(following("syncd setup"), codes=(1,))
    assert "nothing was made" in shown
    newcomer.types(following("--apply"))
    assert "broken" not in newcomer.types(following("syncd doctor"))
    newcomer.types(following("rm config/secrets/admin"))

    assert newcomer.types(following("syncd assess")) == "wrote today.html\n"
    assert "create" in newcomer.types(following("syncd plan"), codes=(0, 1))
    written = [control.calls()["written"] for control in (accounts.hubspot, accounts.salesforce)]
    told = newcomer.runs(following("MODE=shadow syncd run"), finished=2)
    assert any("would.create.crm" in str(line.get("counts")) for line in told if line["event"] == "run.finished")
    assert "would.create.crm" in newcomer.types(following("syncd runs"))
    newcomer.types(following("syncd status"), codes=(0, 1))
    assert [control.calls()["written"] for control in (accounts.hubspot, accounts.salesforce)] == written

    newcomer.types(following("syncd sync"), codes=(1,))
    assert newcomer.digest
    newcomer.types(following("syncd sync --approve DIGEST"), codes=(0, 1))
    told = newcomer.runs(following("syncd run"), finished=2)
    assert not [line for line in told if line["level"] == "error"]
    assert next(steps, None) is None, "the page has more commands than this test knows"
    pairs = accounts.linked()
    assert len(pairs) > 20
