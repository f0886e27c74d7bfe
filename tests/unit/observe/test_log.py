"""Log lines: every line parses, nothing unregistered or secret gets out."""

from __future__ import annotations

import ast
import errno
import functools
import io
import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest

from syncd.observe.events import CONTEXT, EVENTS, KEYS, logs_reference
from syncd.observe.log import LEVELS, bound, configure_logs, emit, masked

ROOT = Path(__file__).parents[3]


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """Every line written, parsed; fails if one is no JSON."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_json_object_a_line() -> None:
    """An event comes out with time, level and its keys, bound ones included."""
    stream = io.StringIO()
    configure_logs(level="info", stream=stream)
    with bound(connection="main", run="r1"):
        emit("api.call", operation="search", status=200, ms=12, attempt=1, quota_left=None, side="crm")
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "event": "api.call",
        "connection": "main",
        "run": "r1",
        "operation": "search",
        "status": 200,
        "ms": 12,
        "attempt": 1,
        "quota_left": None,
        "side": "crm",
    }


def test_levels_below_the_threshold_are_not_written() -> None:
    """At ``warning`` an ``info`` event is silent."""
    stream = io.StringIO()
    configure_logs(level="warning", stream=stream)
    emit("lease.taken", holder="h", epoch=1)
    emit("quota.low", used=9, limit=10)
    assert [line["event"] for line in lines(stream)] == ["quota.low"]


@pytest.mark.parametrize(("event", "keys"), [("api.cal", {}), ("api.call", {"body": "x"})])
def test_unregistered_events_raise_in_tests(event: str, keys: dict[str, str]) -> None:
    """The table is complete: what is not in it fails a test, even before logs are configured."""
    with pytest.raises(ValueError, match=r"not registered; add it to syncd/observe/events\.py"):
        emit(event, **keys)


def test_unregistered_events_are_reported_in_production(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of tests an unregistered key is dropped and reported, and the rest of the line is kept."""
    monkeypatch.delenv("SYNCD_STRICT_EVENTS")
    stream = io.StringIO()
    try:
        configure_logs(level="info", stream=stream)
        emit("api.call", operation="search", body="secret")
        emit("no.such", value="secret")
    finally:
        monkeypatch.setenv("SYNCD_STRICT_EVENTS", "1")
        configure_logs(level="info", stream=io.StringIO())
    assert [(line["event"], line.get("unknown")) for line in lines(stream)] == [
        ("log.unregistered", "api.call"),
        ("api.call", None),
        ("log.unregistered", "no.such"),
    ]
    assert "secret" not in stream.getvalue()


def test_addresses_and_tokens_are_masked() -> None:
    """A sentence of ours that quotes an address or a token does not bring it into the log."""
    stream = io.StringIO()
    configure_logs(level="info", stream=stream)
    emit("command.failed", what="ann@example.com via Bearer abc123 and pat-eu1-12345678-aaaa", exit=3)
    (line,) = lines(stream)
    assert line["what"] == "<address> via <token> and <token>"
    assert masked("x" * 700).endswith("... (700 characters)")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("no record ann@example.com; look", "no record <address>; look"),
        ("of ann@example.com, (bob@example.com).", "of <address>, (<address>)."),
        ("'o'neil@example.com'", "'<address>'"),
        ("ann@example.com;bob@example.com", "<address>"),
        ("https://ann@example.com/x and slack://bot@TOKEN/x", "https://<address>/x and slack://<address>/x"),
        ("u:p@ss@db", "u:<address>"),
    ],
)
def test_a_sentence_goes_on_behind_an_address(text: str, told: str) -> None:
    """The whole address is masked, whatever is in it, and no comma or bracket of ours with it."""
    assert masked(text) == told


@pytest.mark.parametrize("part", ["x", "a'", "(a", "postgres://a", "Bearer "])
def test_a_text_of_any_length_is_masked_at_once(part: str) -> None:
    """A vendor's value may be of megabytes: whoever looked through all of it from each place in it would not end."""
    told = masked(f"ann@example.com wrote {part * 1_000_000} bob@example.com")
    assert told.startswith("<address> wrote")
    assert len(told) < 700
    assert told.endswith(" characters)")


def test_what_is_cut_off_in_its_middle_is_not_told() -> None:
    """Long addresses take little room once they are masked, so that the cut would come into sight."""
    told = masked(f"{'a' * 230}@example.com " * 10 + "bob@example.com")
    assert set(told.partition("...")[0].split()) == {"<address>"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "store postgresql+psycopg://ann:***@db.example:5432/x: gone",
            "postgresql+psycopg://<credentials>@db.example:5432/x",
        ),
        ("postgres://ann:s3/cret@db/x", "postgres://<credentials>@db/x"),
        ("postgresql://ann@db and bob@example.com", "postgresql://<credentials>@db and <address>"),
        ("postgresql://ann:s3@cret@db/x", "postgresql://ann:<address>/x"),
        ("postgresql://ann@db?password=s3cret", "postgresql://<address>"),
        ("postgresql://db:5432/ann@example.com", "postgresql://db:5432/<address>"),
    ],
)
def test_of_a_database_the_host_is_told(text: str, told: str) -> None:
    """Its credentials are masked, in doubt the host too."""
    assert told in masked(text)
    assert not any(secret in masked(text) for secret in ("s3", "cret", "***"))


@pytest.mark.parametrize(
    ("advice", "other"),
    [
        ("give postgresql://USER@HOST/NAME, or", "postgresql://USER@HOST.example/NAME"),
        ("mailtos://USER:PASSWORD@HOST?to=ADDRESS or", "mailtos://USER:PASSWORD@HOST?to=ann@example.com"),
    ],
)
def test_what_advice_writes_for_somebody_is_no_address(advice: str, other: str) -> None:
    """In capitals and without a domain; anything more is somebody's."""
    assert masked(advice) == advice
    assert masked(other) != other


def test_library_loggers_tell_their_template_only() -> None:
    """A library's line is routed; its arguments, formatted texts and exception texts are not."""
    stream = io.StringIO()
    configure_logs(level="info", stream=stream)
    logging.getLogger("urllib3").warning("Retrying after %s", "canary@example.com")
    logging.getLogger("other").error("formatted already: canary")
    try:
        raise KeyError("canary")
    except KeyError:
        logging.getLogger("third").exception("failed for %s", "canary")
    logging.getLogger("quiet").info("nobody asked %s", "canary")
    first, second, third = lines(stream)
    assert (first["logger"], first["foreign_level"], first["template"]) == ("urllib3", "warning", "Retrying after %s")
    assert second["template"] == ""
    assert second["at"].startswith("test_log.py:")
    assert third["error"] == "KeyError"
    assert "canary" not in stream.getvalue()


def test_warnings_and_crashed_threads_are_lines() -> None:
    """Warnings and exceptions of threads become lines without their texts."""
    stream = io.StringIO()
    configure_logs(level="info", stream=stream)
    warnings.showwarning("canary", UserWarning, "/a/b/c.py", 7)

    def fail() -> None:
        raise RuntimeError("canary")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    warned, crashed = lines(stream)
    assert (warned["event"], warned["category"], warned["at"]) == ("process.warned", "UserWarning", "b/c.py:7")
    assert (crashed["event"], crashed["error"]) == ("process.crashed", "RuntimeError")
    assert "canary" not in stream.getvalue()


def test_every_line_of_standard_error_parses() -> None:
    """A whole process: our line, a library's, a warning and a crash, all of them JSON on standard error."""
    code = (
        "import logging, warnings\n"
        "from syncd.observe.log import configure_logs, emit\n"
        "configure_logs(level='info')\n"
        "emit('config.loaded', hash='h', files=3)\n"
        "logging.getLogger('lib').warning('a\\nb %s', 'canary')\n"
        "warnings.warn('canary')\n"
        "raise RuntimeError('canary')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    events = [json.loads(line)["event"] for line in ended.stderr.splitlines()]
    assert events == ["config.loaded", "log.foreign", "process.warned", "process.crashed"]
    assert "canary" not in ended.stderr


def test_the_table_is_sound() -> None:
    """Every key has a meaning, no key shadows a context key, warnings and errors that need a person say what to do."""
    for name, event in EVENTS.items():
        assert event.level in LEVELS
        assert event.meaning.endswith("."), name
        assert not set(event.keys) & (CONTEXT.keys() | {"level", "event", "time"}), name
        assert set(event.keys) <= KEYS.keys(), name
        if event.level == "error":
            assert event.action != "nothing", name
    used = {key for event in EVENTS.values() for key in event.keys}
    assert KEYS.keys() == used


def test_reference_lists_every_event() -> None:
    """The generated page names each event and each key."""
    page = logs_reference()
    for name in EVENTS:
        assert f"| `{name}` |" in page


def test_unknown_level_and_context_are_refused() -> None:
    """A level or context key that does not exist is an error at once."""
    with pytest.raises(ValueError, match="no log level"):
        configure_logs(level="loud")
    with pytest.raises(ValueError, match="no context keys"), bound(email="x"):
        pass


@functools.cache
def emitted() -> dict[str, set[str]]:
    """Every event that the code emits by name, with the keys it gives it: by ``emit`` itself, by ``_write`` of the log
    module with a table, and by a method that hands its first argument on to ``emit`` with more keys.
    """
    found: dict[str, set[str]] = {}
    for folder in ("syncd", "connectors"):
        for path in (ROOT / folder).rglob("*.py"):
            code = path.read_text(encoding="utf-8")
            if "emit" not in code:
                continue
            tree = ast.parse(code)
            through: dict[str, set[str]] = {"emit": set()} | ({"_write": set()} if path.name == "log.py" else {})
            for function in ast.walk(tree):
                if isinstance(function, ast.FunctionDef):
                    for call in ast.walk(function):
                        if named(call) == "emit" and isinstance(call.args[0], ast.Name):  # type: ignore[attr-defined]
                            through.setdefault(function.name, set()).update(keywords(call))
            for call in ast.walk(tree):
                if (name := named(call)) in through:
                    event = call.args[0]  # type: ignore[attr-defined]
                    if isinstance(event, ast.Constant):
                        found.setdefault(str(event.value), set()).update(keywords(call) | through[name])
    return found


def named(node: ast.AST) -> str:
    """The name of the function or method that is called with a first argument; nothing for other nodes."""
    if not (isinstance(node, ast.Call) and node.args):
        return ""
    return getattr(node.func, "id", "") or getattr(node.func, "attr", "")


def keywords(call: ast.AST) -> set[str]:
    """The keys of a call, those of a table given as its second argument too."""
    assert isinstance(call, ast.Call)
    tables = [each for each in call.args[1:] if isinstance(each, ast.Dict)]
    keys = {key.value for table in tables for key in table.keys if isinstance(key, ast.Constant)}
    return {str(key) for key in keys} | {each.arg for each in call.keywords if each.arg is not None}


def test_the_table_holds_what_the_code_emits_and_nothing_else() -> None:
    """Each event of the table, and each key of it, is emitted somewhere; whatever is emitted is in the table."""
    assert emitted().keys() == EVENTS.keys()
    for name, keys in emitted().items():
        assert keys - CONTEXT.keys() == set(EVENTS[name].keys), name


@pytest.mark.parametrize("why", [errno.ENOSPC, errno.EPIPE])
def test_a_line_that_cannot_be_written_stops_nothing(why: int) -> None:
    """The disk of the log is full, or whoever read it is gone: the line is lost, and the next one is tried."""

    class Full(io.StringIO):
        full = True

        def write(self, text: str) -> int:
            if self.full:
                raise OSError(why, os.strerror(why))
            return super().write(text)

    stream = Full()
    configure_logs(level="info", stream=stream)
    emit("lease.taken", holder="h", epoch=1)
    stream.full = False
    emit("lease.taken", holder="h", epoch=2)
    assert [line["epoch"] for line in lines(stream)] == [2]


def test_a_terminal_gets_readable_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the line is for eyes, without colour where the person asked for none."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    configure_logs(level="info", stream=stream)
    emit("lease.taken", holder="h", epoch=1)
    assert "lease.taken" in stream.getvalue()
    assert "holder=h" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
