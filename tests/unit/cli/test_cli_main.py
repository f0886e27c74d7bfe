"""The program as a whole: words in, exit code out, trouble as one sentence, and nothing heavy for help."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from syncd.cli.call import Call
from syncd.cli.main import global_first, main
from tests.unit.cli.conftest import Run


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sync", "--config", "x", "--full"], ["--config", "x", "sync", "--full"]),
        (["status", "--config=x", "--json"], ["--config=x", "status", "--json"]),
        (["--log-level", "debug", "runs", "--connection", "a"], ["--log-level", "debug", "--connection", "a", "runs"]),
        (["runs", "--config"], ["--config", "runs"]),
        (["explain", "--", "--config"], ["explain", "--", "--config"]),
        ([], []),
    ],
)
def test_global_options_may_stand_anywhere(words: list[str], expected: list[str]) -> None:
    """Global options are found before and after the command; what follows ``--`` is left alone."""
    assert global_first(words) == expected


@pytest.mark.parametrize(
    "words",
    [["bogus"], ["status", "--jsn"], ["conflicts"], ["runs", "--limit", "0"], ["explain"], ["demo", "--people", "x"]],
)
def test_bad_usage_is_exit_2_and_one_line(words: list[str], run: Run) -> None:
    """A misspelt command or option ends with 2 and one parseable line that names the way out."""
    said = run(*words)
    assert said.code == 2
    assert said.out == ""
    assert "--help" in said.failure["what"]
    assert said.failure["exit"] == 2


def test_the_version(run: Run) -> None:
    """One line, the same as the installed package's."""
    said = run("--version")
    assert (said.code, said.out) == (0, f"syncd {version('syncd')}\n")


def test_an_unknown_log_level(run: Run) -> None:
    """The level is checked before anything is done."""
    assert run("status", "--log-level", "loud").code == 2


def test_a_missing_configuration_is_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    """No configuration: exit 2, the path and what to do, no traceback."""
    assert main(["status", "--config", "/nowhere/at/all"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert "/nowhere/at/all" in json.loads(lines[-1])["what"]


def test_check_names_missing_secrets_and_still_runs_the_cases(run: Run, folder: Path) -> None:
    """Without credentials check ends with 2 because of them alone, and says nothing else is wrong with the mapping."""
    said = run("check", "--json")
    assert said.code == 2
    assert {flaw["what"].split(":")[0] for flaw in said.json["flaws"]} == {
        "connections.main.marketing.access_token_file",
        "connections.main.crm.client_secret_file",
    }
    assert said.json["cases"] == 1
    case = folder / "cases" / "person.yaml"
    case.write_text(case.read_text(encoding="utf-8").replace("ann@example.com}", "ann@else.com}"), encoding="utf-8")
    flaws = run("check", "--json").json["flaws"]
    assert any("an address is lower case" in flaw["what"] and flaw["line"] == 5 for flaw in flaws)


def test_check_names_every_flaw_with_its_place(run: Run, folder: Path) -> None:
    """A misspelt key: file, line and column in front, as editors understand it, and exit 2."""
    mapping = folder / "schema" / "person.yaml"
    mapping.write_text(mapping.read_text(encoding="utf-8").replace("type: email", "tpye: email"), encoding="utf-8")
    said = run("check")
    assert said.code == 2
    assert f"{mapping}:6:" in said.out
    assert "tpye" in said.out
    assert run("plan").code == 2


def test_check_passes_with_credentials(run: Run, folder: Path) -> None:
    """With its secrets in place the same configuration is sound, exit 0."""
    (folder / "absent").mkdir()
    for name in ("token", "secret"):
        (folder / "absent" / name).write_text("s3cret", encoding="utf-8")
        (folder / "absent" / name).chmod(0o600)
    said = run("check")
    assert said.code == 0, said.out
    assert "1 case passed" in said.out


def test_a_vendor_is_not_asked_without_credentials(run: Run) -> None:
    """A command that needs the vendors refuses to start without credentials: exit 2, one line a flaw."""
    said = run("plan")
    assert said.code == 2
    failures = [event for event in said.events if event["event"] == "command.failed"]
    assert len(failures) == 2
    assert all("does not exist" in event["what"] for event in failures)


def test_what_nobody_foresaw_is_exit_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unforeseen exception is logged with its place, without its text, and not taken for `something waits`."""

    def broken(_: Call) -> None:
        raise ZeroDivisionError("ann@example.com")

    monkeypatch.setattr(Call, "outlined", broken)
    said = run("status")
    assert said.code == 3
    assert said.events[-1]["event"] == "process.crashed"
    assert "ann@" not in said.err


@pytest.mark.usefixtures("store")
def test_trouble_on_a_terminal_is_one_readable_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it quotes steers no terminal, and a text without an end hides neither itself nor the advice."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    told = run("report", "credit", "--by", "\x1b[2J " + "x" * 65_536).err
    assert "\x1b[2J" not in told
    assert len(told) < 400
    assert "is nothing to count by; choose among" in told


@pytest.mark.usefixtures("store")
def test_a_text_without_an_end_hides_no_advice(run: Run) -> None:
    """In the log, too, where a whole line has to be short."""
    said = run("dead-letters", "retry", "x" * 65_536)
    told = "there is no dead letter '<65,536 characters>'; `syncd dead-letters list` shows those there are"
    assert said.failure["what"] == told


def test_a_reader_that_is_gone_is_exit_3(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `syncd status | head -1` leaves it: what was not told is not taken for `something waits`."""

    def broken(_: Call) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(Call, "outlined", broken)
    said = run("status")
    assert (said.code, said.err) == (3, "")


def test_a_file_that_breaks_off_is_no_interruption(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Damaged bytecode, as a full disk leaves it, ends an import with EOFError: told as what it is, with its place."""

    def broken(_: Call) -> None:
        raise EOFError("marshal data too short")

    monkeypatch.setattr(Call, "outlined", broken)
    said = run("status")
    assert said.code == 3
    event = json.loads(said.err.splitlines()[-1])
    assert (event["event"], event["error"]) == ("process.crashed", "EOFError")


def test_the_next_command_repeats_the_global_options() -> None:
    """What is advised can be pasted: options first, quoted for the shell."""
    call = Call(config=Path("my config"), connection="eu")
    assert call.again("sync", "--approve", "d1") == "syncd --config 'my config' --connection eu sync --approve d1"


def test_help_is_quick() -> None:
    """Help of the program and of a command imports no vendor library, no database, no core."""
    code = (
        "import sys; from syncd.cli.main import main; main(['--help']); main(['sync', '--help']);"
        "print([name for name in ('hubspot', 'simple_salesforce', 'sqlalchemy', 'phonenumbers',"
        "'syncd.engine', 'connectors', 'sandbox') if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.usefixtures("store")  # made before: from then on nothing is migrated
def test_what_looks_at_the_store_is_quick(folder: Path) -> None:
    """Commands that only look at the store import no expression language, no vendor, no migration, no other driver.

    One process calls them one after the other, and says after each what is there by then.
    """
    looks = (("status",), ("runs",), ("conflicts", "list"), ("dead-letters", "list"))
    commands = [["--config", str(folder), *words] for words in looks]
    code = (
        "import sys; from syncd.cli.main import main\n"
        f"for command in {commands!r}:\n"
        "    code = main(command)\n"
        "    print('then', code, [name for name in ('cel', 'tldextract', 'phonenumbers', 'babel', 'requests',"
        "'hubspot', 'alembic', 'simple_salesforce', 'pydantic_settings', 'psycopg', 'sqlalchemy.dialects.postgresql',"
        "'syncd.engine', 'syncd.settings.kinds', 'connectors', 'sandbox') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = [line for line in done.stdout.splitlines() if line.startswith("then ")]
    assert told == ["then 0 []"] * len(looks)


@pytest.mark.usefixtures("store")
def test_the_store_is_shown_while_a_mapping_is_broken(run: Run, folder: Path) -> None:
    """Status answers about the store, whatever stands in the mapping files; `check` is what names their flaws."""
    (folder / "schema" / "person.yaml").write_text("kind: person\nfields: [", encoding="utf-8")
    assert run("check").code == 2
    assert run("status").code == 0
    assert run("conflicts", "list").code == 0


ARGUMENTS = {
    "explain": ["a@b.example"], "explain --offline": ["a@b.example"], "link show": ["a@b.example"],
    "link unlink": ["a@b.example"], "link relink": ["contacts/1", "Lead/2"], "forget": ["a@b.example"],
    "resync": ["a@b.example"], "rollback": ["--since", "2h"], "assess": ["--html", "x.html"], "conflicts rules": ["c1"],
    "parked retry": ["--all"], "expect": ["--updates", "9"],
}  # fmt: skip
WITH_SOMETHING = {"drift accept", "conflicts resolve", "backtest", "simulate"}
"""Commands that look at the store or at another file first, and refuse what they do not find there."""


def needing_more() -> list[str]:
    """The commands of which the README says that they need more than the store."""
    page = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    table = page.partition("| needs | commands |")[2].partition("\n\n")[0]
    return re.findall(r"`([^`]+)`", table)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("words", [each for each in needing_more() if each not in WITH_SOMETHING])
def test_what_needs_a_sound_configuration_says_so(run: Run, folder: Path, words: str) -> None:
    """A command that the README lists as needing more than the store names the flaw of the mapping, with exit 2."""
    (folder / "schema" / "person.yaml").write_text("rubbish: 1\n", encoding="utf-8")
    said = run(*words.split(), *ARGUMENTS.get(words, []))
    assert said.code == 2
    assert any("unknown key 'rubbish'" in event["what"] for event in said.events if event["event"] == "command.failed")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "words",
    ["status", "runs", "conflicts list", "link list", "privacy", "drift list", "held list", "parked list", "resume",
     "dead-letters list", "notify list", "store size", "audit verify", "report agreement", "pause --reason x"],
)  # fmt: skip
def test_what_looks_at_the_store_answers_while_a_mapping_is_broken(run: Run, folder: Path, words: str) -> None:
    """All that the README does not list: no credential is there and no mapping is sound, and they answer."""
    (folder / "schema" / "person.yaml").write_text("rubbish: 1\n", encoding="utf-8")
    assert not {words, words.partition(" ")[0]} & set(needing_more())
    assert run(*words.split()).code == 0


def test_the_version_is_told(run: Run) -> None:
    """One line, the version of the installed package, with no configuration needed."""
    assert run("--version").out == f"syncd {version('syncd')}\n"


@pytest.mark.parametrize("words", [("nope",), ("--nope",)])
def test_wrong_usage_names_the_help_that_exists(run: Run, words: tuple[str, ...]) -> None:
    """What is wrong with the words before any command points to the program's own help."""
    said = run(*words)
    assert said.code == 2
    assert "; `syncd --help` lists what there is" in said.failure["what"]


def test_schema_files_are_written_and_compared(run: Run, tmp_path: Path) -> None:
    """Written schemas are current; a changed one is found and named with the command that mends it."""
    assert run("config", "schema").json["$schema"].startswith("https://json-schema.org/")
    assert run("config", "schema", "--check", str(tmp_path / "schema.json")).code == 2
    assert run("config", "schema", "--write", str(tmp_path)).code == 0
    assert run("config", "schema", "--check", str(tmp_path / "schema.json")).code == 0
    (tmp_path / "cases.schema.json").write_text("{}", encoding="utf-8")
    said = run("config", "schema", "--check", str(tmp_path / "schema.json"))
    assert said.code == 2
    assert "cases.schema.json" in said.failure["what"]
    assert "--write" in said.failure["what"]
    assert run("config", "schema", "--write", str(tmp_path / "none")).code == 2
