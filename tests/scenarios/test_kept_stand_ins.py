"""``syncd sandbox --state`` and ``--like`` as a person types them: kept over a stop, and like the accounts in use."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.control import Control, ControlRefused
from sandbox.faults.arming import arm
from sandbox.salesforce.definitions import text
from sandbox.server import RunningSandbox
from syncd.cli import keeping
from syncd.model.errors import BadUsage
from tests import forked
from tests.forked import Forked
from tests.scenarios.processes import READY, ROOT, SYNCD

pytestmark = pytest.mark.slow


@dataclass
class Served:
    """Running stand-ins: what they printed, and both control planes."""

    process: subprocess.Popen[str]
    printed: list[str]
    hubspot: Control
    salesforce: Control

    def stop(self, number: signal.Signals = signal.SIGTERM) -> str:
        """Ends them in order; what they printed on the way out."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, rest
        return rest


@contextmanager
def served(*words: str, before: tuple[str, ...] = (), environ: Mapping[str, str] | None = None) -> Iterator[Served]:
    """``syncd sandbox`` with these words, killed at the end if nobody stopped it."""
    process = Forked(
        [*SYNCD, *before, "sandbox", *words],
        cwd=ROOT,
        env={**os.environ, **(environ or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed: list[str] = []
        while READY not in printed:
            line = process.stdout.readline()
            assert line, f"the stand-ins ended with {process.wait()}: {printed}"
            printed.append(line.rstrip("\n"))
        urls = re.findall(r"^# (?:hubspot|salesforce): (\S+)", "\n".join(printed), re.MULTILINE)
        yield Served(process, printed, Control(urls[0]), Control(urls[1]))
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def say(*words: str) -> subprocess.CompletedProcess[str]:
    """One call of the program."""
    return forked.run([*SYNCD, *words], cwd=ROOT)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_done_is_there_again(tmp_path: Path, number: signal.Signals) -> None:
    """Records, ids given so far and the clock survive a stop; a second start makes nothing anew."""
    folder = tmp_path / "state"
    words = ("--state", str(folder), "--people", "20", "--companies", "4")
    with served(*words) as first:
        contact = first.hubspot.do("create", object="contacts", properties={"email": "kept@x.com"})
        told = first.hubspot.save()
        assert (told["file"], told["left_behind"]) == (str(folder / "hubspot.json"), [])
        lead = first.salesforce.do("create", object="Lead", fields={"LastName": "Kept", "Company": "Acme"})
        first.salesforce.clock(offset=3600)
        export = {"hubspot": first.hubspot.export(), "salesforce": first.salesforce.export()}
        assert str(folder / "salesforce.json") in first.stop(number)
    with served(*words) as second:
        assert f"# state loaded from {folder}; nothing is made in addition" in second.printed
        assert {"hubspot": second.hubspot.export(), "salesforce": second.salesforce.export()} == export
        following = second.hubspot.do("create", object="contacts", properties={"email": "next@x.com"})
        assert int(following) == int(contact) + 1
        second.salesforce.do("edit", object="Lead", id=lead, fields={"Title": "Boss"})
        assert second.salesforce.clock()["offset"] == pytest.approx(3600, abs=0.01)


def test_lasting_faults_end_with_the_run(tmp_path: Path) -> None:
    """A field that a fault has hidden is there again in what is kept: the fault itself cannot be."""
    with RunningSandbox.start() as first:
        first.salesforce.insert("Lead", {"LastName": "Doe", "Company": "Acme"})
        arm(first.salesforce, "field-hidden")
        assert first.salesforce.org.schema.entities["Lead"].hidden
        keeping.save(first, tmp_path)
    with RunningSandbox.start() as second:
        assert keeping.load(second, tmp_path)
        lead = second.salesforce.org.schema.entities["Lead"]
        assert (len(lead.table.rows), lead.hidden) == (1, set())


def test_a_state_that_cannot_be_used_is_exit_2(tmp_path: Path) -> None:
    """A damaged file, or one without its twin, is named, and nothing is served or overwritten."""
    folder = tmp_path / "state"
    with served("--state", str(folder)) as box:
        box.stop()
    whole = (folder / "hubspot.json").read_bytes()
    (folder / "hubspot.json").write_bytes(whole[:-40])
    spoilt = say("sandbox", "--state", str(folder))
    assert (spoilt.returncode, "hubspot.json is damaged" in spoilt.stderr) == (2, True)
    assert (folder / "hubspot.json").read_bytes() == whole[:-40]
    (folder / "hubspot.json").unlink()
    lone = say("sandbox", "--state", str(folder))
    assert (lone.returncode, "salesforce.json alone" in lone.stderr) == (2, True)


def test_a_copy_that_refuses_made_up_people_says_why() -> None:
    """A required field that no made-up person has is named, instead of half a population and a traceback."""
    with RunningSandbox.start() as box:
        box.salesforce.add_field("Lead", text("Pflicht__c", "Pflicht", 40, custom=True, nillable=False))
        with pytest.raises(BadUsage, match=r"Pflicht__c.*start them empty"), keeping.refusals_told():
            box.salesforce.load("Lead", [{"LastName": "Doe", "Company": "Acme"}])


def test_saving_needs_a_folder() -> None:
    """Stand-ins that were started without a folder say so when they are told to save."""
    with served() as box, pytest.raises(ControlRefused, match="start the stand-ins with --state DIR"):
        box.salesforce.save()


def test_like_the_accounts_in_use(tmp_path: Path) -> None:
    """Check is content with copies of the configured accounts and their new field; a kept copy is not made again."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    with served("--write-config", str(ours)) as original:
        original.hubspot.do("add_property", object="contacts", definition={"name": "sonderfeld"})
        like = ("--like", "main", "--write-config", str(theirs), "--people", "10", "--state", str(tmp_path / "state"))
        with served(*like, before=("--config", str(ours))) as copy:
            assert "# like the accounts of main; no record was read" in copy.printed
            copy.hubspot.do("create", object="contacts", properties={"email": "a@x.com", "sonderfeld": "1"})
            done = say("--config", str(theirs), "check", "--online", "--json")
            assert (done.returncode, json.loads(done.stdout)["sound"]) == (0, True), done.stdout
            unknown = say("--config", str(ours), "sandbox", "--like", "nobody")
            assert (unknown.returncode, "nobody" in unknown.stderr) == (2, True)
            copy.stop()
            asked = original.hubspot.calls()["count"]
            with served(*like, before=("--config", str(ours))) as again:
                again.hubspot.do("create", object="contacts", properties={"email": "b@x.com", "sonderfeld": "2"})
            assert original.hubspot.calls()["count"] == asked
            operations = [name for box in (original.hubspot, original.salesforce) for name in box.calls()["operations"]]
    assert not [name for name in operations if "search" in name or "batch" in name or "create" in name]


# -- over TLS ----------------------------------------------------------------------------------------------------------
def test_stand_ins_over_tls_are_trusted_by_the_configuration_they_write(tmp_path: Path) -> None:
    """The authority's file is printed and configured; without it a person reads what to do, nothing is sent."""
    folder = tmp_path / "try"
    with served("--tls", "--people", "5", "--write-config", str(folder)) as box:
        assert all(control.url.startswith("https://127.0.0.1:") for control in (box.hubspot, box.salesforce))
        (line,) = [line for line in box.printed if line.startswith("export SYNCD_HTTP__CA_FILE=")]
        file = Path(line.partition("=")[2])
        assert (file, file.read_text()[:27]) == ((folder / "sandbox-ca.pem").resolve(), "-----BEGIN CERTIFICATE-----")
        checked = say("--config", str(folder), "check", "--online")
        assert checked.returncode == 0, checked.stderr + checked.stdout
        calls = box.hubspot.calls()["count"]
        assert calls > 0
        main = folder / "syncd.yaml"
        main.write_text(re.sub(r"^http:.*\n", "", main.read_text(), flags=re.MULTILINE))
        stopped = say("--config", str(folder), "check", "--online")
        assert stopped.returncode == 3
        assert "nothing was sent" in stopped.stderr + stopped.stdout
        assert "http.ca_file" in stopped.stderr + stopped.stdout
        assert box.hubspot.calls()["count"] == calls
        box.stop()


def test_the_authority_needs_a_folder_of_ones_own(tmp_path: Path) -> None:
    """A folder that cannot be written ends the start with a word."""
    (tmp_path / "file").write_text("")
    said = say("sandbox", "--tls", "--write-config", str(tmp_path / "file" / "try"))
    assert said.returncode == 2
    assert "name a folder of yours" in said.stderr
