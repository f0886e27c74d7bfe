"""The support bundle: what it tells, and that nothing of anybody is in it wherever that stands."""

from __future__ import annotations

import io
import json
import os
import re
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from syncd.model.errors import Bug
from syncd.model.link import Link, Parked, Proof
from syncd.model.remote import AccountIdentity, RemoteRef
from syncd.model.run import Pause, RunState
from syncd.model.run import Run as Past
from syncd.model.values import Pair, Side
from syncd.observe.events import CONTEXT, KEYS
from syncd.observe.metrics import METRICS, Metrics
from syncd.operations.supporting import pack
from syncd.ports.store import Settlement
from syncd.store import SqlRoster, SqlStore, open_database
from tests.unit.cli.conftest import AT, Run, clash, letter
from tests.visits import house

TOKEN = "pat-na1-" + "c4n4ry00-0000-4000-8000-c4n4ry000001"  # not a secret
CANARIES = {
    "mail": "canary.ann@acme-canary.example",
    "name": "Canary-Annabel O'Canary",
    "phone": "+49 30 5550123",
    "token": TOKEN,
    "secret": "cAnArY+s3cr3t/Value==",  # not a secret
    "password": "cAnArY-dbPassw0rd",  # not a secret
    "host": "canary-host.example",
    "record": "00QCANARY0000001",
    "account": "00DCANARY0000EAE",
    "portal": "987650042",
    "user": "canary_user",
    "sentence": "the value CANARYVALUE is not in the list",
    "connection": "canaryconnection",
    "target": "canarytarget",
}


def unpacked(file: Path) -> dict[str, str]:
    """Each part of a bundle as text."""
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def leaks(file: Path) -> list[str]:
    """Which canaries are in a bundle, in a part or in the name of one; also in the form of JSON, and in any case."""
    whole = (json.dumps(unpacked(file)) + "".join(unpacked(file).values())).lower()
    found = [name for name, canary in CANARIES.items() if canary.lower() in whole]
    places = [whole[max(0, each.start() - 40) : each.end() + 20] for each in re.finditer("canary", whole)]
    return [*found, *places]


@pytest.fixture
def bundle(run: Run, tmp_path: Path) -> Callable[..., Path]:
    """Makes a bundle."""

    def make(*words: str) -> Path:
        file = tmp_path / "bundles" / f"{len(list((tmp_path / 'bundles').glob('*')))}.zip"
        said = run("support-bundle", "--out", str(file), *words)
        assert said.code == 0, said.err
        return file

    (tmp_path / "bundles").mkdir()
    return make


def planted_config(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Canaries as secrets, hosts, names, comments, expressions and file names."""
    secrets = folder / "absent"
    secrets.mkdir()
    for name, key in (("token", "token"), ("secret", "secret"), ("notify", "secret")):
        (secrets / name).write_text(CANARIES[key] if name != "notify" else f"json://u:{CANARIES['secret']}@h/")
        (secrets / name).chmod(0o600)
    text = (folder / "syncd.yaml").read_text().replace("  main:", f"  {CANARIES['connection']}:")
    text = text.replace("https://x.my.salesforce.com", f"https://{CANARIES['host']}").replace(
        "client_id: id", f"client_id: {CANARIES['account']}, username: {CANARIES['mail']}"
    )
    text += f"notify: {{targets: {{{CANARIES['target']}: {{url_file: absent/notify}}}}}}\n# {CANARIES['name']}\n"
    (folder / "syncd.yaml").write_text(text)
    person = folder / "schema" / "person.yaml"
    more = f"create: {{crm: [{{object: Lead, when: \"email == '{CANARIES['mail']}'\"}}]}}\n# {CANARIES['phone']}\n"
    person.write_text(person.read_text() + more)
    (folder / "schema" / f"{CANARIES['user']}.yaml.bak").write_text(CANARIES["name"])
    (folder / f"{CANARIES['user']}.yaml").write_text(f"x: {CANARIES['secret']}")
    monkeypatch.setenv("HTTPS_PROXY", f"http://u:{CANARIES['password']}@{CANARIES['host']}:3128")
    monkeypatch.setenv("SYNCD_LOG__LEVEL", "info")


def planted_store(folder: Path) -> None:
    """Canaries as values, reasons, refs, accounts, people who asked, and in everything that is remembered."""
    database = open_database(f"sqlite:///{folder}/syncd.db")
    from tests.fakes import FakeChance, FakeClock

    store = SqlStore(database.engine, CANARIES["connection"], clock=FakeClock(AT), chance=FakeChance(1))
    lead, contact = RemoteRef("Lead", CANARIES["record"]), RemoteRef("contacts", CANARIES["portal"])
    parked = Parked(
        link="L1", kind="person", side=Side.CRM, ref=lead, field="email", fingerprint="f", code=CANARIES["sentence"],
        reason=CANARIES["sentence"], advice=CANARIES["sentence"], since=AT,
    )  # fmt: skip
    dead = replace(letter("51"), origin=contact, reason=CANARIES["sentence"], advice=CANARIES["sentence"])
    question = replace(
        clash("c1"),
        values=Pair(CANARIES["name"], CANARIES["phone"]),
        base=CANARIES["mail"],
        reason=CANARIES["sentence"],
        refs=((Side.CRM, lead),),
    )
    store.settle(
        Settlement(
            links=[Link("L1", "person", Pair(contact, lead), Proof.MATCHED, AT)],
            conflicts=[question],
            dead=[dead],
            parked=[parked],
        ),
        AT,
    )
    store.bind(Side.CRM, AccountIdentity("salesforce", CANARIES["account"], CANARIES["name"]))
    store.bind(Side.MARKETING, AccountIdentity("hubspot", CANARIES["portal"], CANARIES["host"]))
    store.remember("users:crm", orjson.dumps([CANARIES["mail"]]), AT)
    store.save_run(
        Past(
            id="r1",
            connection=CANARIES["connection"],
            command="sync",
            who=CANARIES["user"],
            started_at=AT,
            state=RunState.FAILED,
            finished_at=AT + timedelta(seconds=3),
            counts={"created.crm": 2},
            trouble=CANARIES["sentence"],
        )
    )
    roster = SqlRoster(database)
    roster.pause(CANARIES["connection"], Pause(CANARIES["user"], AT, CANARIES["sentence"]), AT)
    database.close()


def planted_log(folder: Path) -> Path:
    """A log in which every key of every sort holds a canary, with lines of strangers and broken ones between."""
    texts = [*CANARIES.values()]
    keys = [*KEYS, *CONTEXT, "time", "level", CANARIES["name"]]
    keys.remove("operation")
    lines = [f"plain words of {CANARIES['name']}", "{broken", json.dumps([CANARIES["mail"]])]
    for text in texts:
        # Operations and counts have names of ours out of many, which the name of a user may look like.
        ours = {} if re.fullmatch("[a-z_.]+", text) else {"counts": {text: 1}, "operation": text}
        for event in ("run.failed", "api.refused", CANARIES["user"]):
            lines.append(json.dumps({"event": event, "ms": 12, **dict.fromkeys(keys, text)}))
            lines.append(json.dumps({"event": event, "trace": [text], "records": text, text: 1, **ours}))
    lines.append(json.dumps({"event": "api.call", "time": "2026-03-02T09:00:00.5Z", "level": "info", "status": 429,
                             "operation": "contacts.search", "link": "L1", "ms": 7}))  # fmt: skip
    lines.append(json.dumps({"event": "write.refused", "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "link": "L1"}))
    file = folder / "syncd.log"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_no_canary_is_in_the_bundle(folder: Path, bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted in settings, secrets, variables, store, log and metrics; the bundle tells all the rest."""
    planted_config(folder, monkeypatch)
    planted_store(folder)
    gauges = [
        (name, tuple(CANARIES.get(label, CANARIES["name"]) for label in about.labels), 1.0)
        for name, about in METRICS.items()
        if about.sort == "gauge"
    ]
    metrics = Metrics(lambda: gauges, connections=lambda: [CANARIES["connection"]])
    (folder / "served").mkdir()
    with house(folder / "served", metrics=metrics.exposed) as served:
        file = bundle("--log", str(planted_log(folder)), "--http", f"127.0.0.1:{served.port}")
    assert leaks(file) == []
    parts = unpacked(file)
    assert {"about.json", "config.json", "metrics.txt", "log.jsonl"} < set(parts)
    (connection,) = [json.loads(text) for name, text in parts.items() if name.startswith("connection-")]
    assert "could_not_be_read" not in json.dumps(parts)
    assert connection["stands"]["links"] == {"person": 1}
    assert connection["waits"]["dead_letters"] == {"person crm REQUIRED_FIELD_MISSING contacts": 1}
    assert connection["waits"]["parked"] == {"person crm email (other)": 1}
    assert connection["runs"][0]["counts"] == {"created.crm": 2}
    assert (connection["runs"][0]["state"], connection["runs"][0]["trouble"]) == ("failed", True)
    assert connection["stands"]["paused_since"] is not None
    assert json.loads(parts["about.json"])["store_schema"] >= 7
    assert json.loads(parts["config.json"])["syncd.yaml"]["connections"]["(1)"]["crm"]["login_url"].startswith("(text")
    assert 'side="(other)"' in parts["metrics.txt"]
    told = [json.loads(line) for line in parts["log.jsonl"].splitlines()]
    *_, call, refused, strangers = told
    assert (call["status"], call["operation"], call["ms"]) == (429, "contacts.search", 7)
    assert refused["code"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert call["link"] == refused["link"] != "L1", "a story can be followed, and its record not be found"
    assert strangers == {"left_out": 3 + 2 * len(CANARIES)}


def test_it_is_made_when_everything_is_broken(folder: Path, bundle: Callable[..., Path]) -> None:
    """A configuration that is refused, a store that is none, a log that is not there, a daemon that does not answer."""
    (folder / "schema" / "person.yaml").write_text("kind: [")
    (folder / "syncd.db").write_text("no database")
    parts = unpacked(bundle("--log", str(folder / "absent.log"), "--http", "127.0.0.1:9"))
    (connection,) = [json.loads(text) for name, text in parts.items() if name.startswith("connection-")]
    assert connection == {"could_not_be_read": "NeedsOperator"}
    assert "FileNotFoundError" in parts["log.jsonl"]
    assert "ConnectionRefusedError" in parts["metrics.txt"]
    (folder / "syncd.yaml").write_text("version: 1\nversion: 2\n: {")
    parts = unpacked(bundle())
    assert set(parts) == {"about.json", "config.json"}
    assert json.loads(parts["config.json"])["flaws"]


def test_the_file_is_its_owners_and_never_written_over(run: Run, tmp_path: Path) -> None:
    """Mode 0600; what stands there already stays, and to have named it is wrong usage."""
    file = tmp_path / "mine.zip"
    assert run("support-bundle", "--out", str(file)).code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    said = run("support-bundle", "--out", str(file))
    assert said.code == 2
    assert "name another with --out" in said.failure["what"]
    assert file.read_bytes() == before


def test_metrics_are_asked_of_this_machine_alone(run: Run, tmp_path: Path) -> None:
    """Another host is no part of a bundle."""
    said = run("support-bundle", "--out", str(tmp_path / "x.zip"), "--http", "10.0.0.1:9464")
    assert said.code == 0
    assert "BadUsage" in unpacked(tmp_path / "x.zip")["metrics.txt"]


def test_a_secret_that_would_get_in_stops_the_bundle() -> None:
    """Whatever part it is in; a short one would be found in anything and is not looked for."""
    parts: dict[str, Any] = {"a.json": {"deep": [{"er": f"x{CANARIES['secret']}y"}]}}
    with pytest.raises(Bug, match=r"a\.json; no bundle was written"):
        pack(parts, secrets=[CANARIES["secret"]], now=AT)
    with zipfile.ZipFile(io.BytesIO(pack(parts, secrets=["x"], now=AT))) as archive:
        assert archive.namelist() == ["a.json"]


def test_addresses_and_tokens_are_masked_wherever_they_come_from() -> None:
    """The last net, below everything that is taken in by name."""
    parts = {"a.json": {CANARIES["mail"]: [CANARIES["token"]]}, "b.txt": f"1\n{CANARIES['mail']}\n"}
    with zipfile.ZipFile(io.BytesIO(pack(parts, secrets=(), now=AT))) as archive:
        whole = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert CANARIES["mail"] not in whole
    assert CANARIES["token"] not in whole
    assert os.linesep.join(["1", "<address>"]) in whole


def test_the_mapping_is_told_by_its_names(store: SqlStore, bundle: Callable[..., Path]) -> None:
    """Names of fields are settings and help; what the vendor said of them does not come along."""
    parts = unpacked(bundle())
    (connection,) = [json.loads(text) for name, text in parts.items() if name.startswith("connection-")]
    assert connection["mapping"]["person"]["fields"][0]["name"] == "email"
    assert connection["mapping"]["person"]["fields"][0]["vendor_fields"]["crm"]["Lead"] == ["Email"]
