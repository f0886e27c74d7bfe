"""The program ``syncd``: global options, the list of commands, and what becomes of trouble.

Exit codes: 0 done and nothing waits for a person; 1 done, something waits; 2 bad usage or configuration; 3 a vendor
refused, could not be reached or is stale, or another worker holds the connection; 4 the brake holds
something for a person. Trouble
that was foreseen is one readable sentence on a terminal and one ``command.failed`` line elsewhere, never a traceback.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from syncd.cli import (
    assess,
    audit,
    backtest,
    check,
    conflicts,
    console,
    dead_letters,
    demo,
    doctor,
    draining,
    drift,
    explain,
    exporting,
    glossary,
    held,
    link,
    maintenance,
    notify,
    parked,
    pausing,
    plan,
    privacy,
    replaying,
    report,
    resync,
    rollback,
    schema,
    sentinel,
    setup,
    simulate,
    stand_ins,
    status,
    store,
    support,
    sync,
    uninstalling,
)
from syncd.cli import run as run_command
from syncd.cli.call import Call
from syncd.cli.endings import FAILED, INTERRUPTED, UsageError, code_of
from syncd.cli.interrupts import Terminated, heed_interrupts
from syncd.cli.noting import note_commands
from syncd.model.errors import BadConfig, SyncdError
from syncd.observe.log import LEVELS, configure_logs, emit

GLOBAL: Final = ("--config", "--connection", "--log-level")
_ENDLESS: Final = re.compile(r"(?<![^\s'\"`])[^\s'\"`]{300,}")

app = typer.Typer(
    name="syncd",
    help="Keeps a marketing account and a CRM org in step, and says why every value is what it is.",
    epilog="Exit codes: 0 done; 1 done, something waits for a person; 2 bad usage or configuration; 3 a vendor refused "
    "or could not be reached, or part is left for the next run; 4 the brake holds something; 130, 143 interrupted. "
    "The options above may stand anywhere in a command.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(asked: bool) -> None:  # noqa: FBT001 - typer's signature
    if asked:
        from importlib.metadata import version

        sys.stdout.write(f"syncd {version('syncd')}\n")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="PATH", help="syncd.yaml or the folder it is in. Default: $SYNCD_CONFIG, else ./config"
        ),
    ] = None,
    connection: Annotated[
        str | None, typer.Option("--connection", metavar="NAME", help="Which connection, where there are several.")
    ] = None,
    log_level: Annotated[
        str | None,
        typer.Option("--log-level", metavar="LEVEL", help=f"{', '.join(LEVELS)}. Default: the configuration's."),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback has answered before
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Global options, the same for every command."""
    if log_level is not None and log_level not in LEVELS:
        raise typer.BadParameter(f"choose one of {', '.join(LEVELS)}", param_hint="--log-level")
    call = Call(config=config, connection=connection, log_level=log_level)
    call.begin()
    context.obj = call


app.command("check")(check.check)
app.command("doctor")(doctor.doctor)
app.command("assess")(assess.assess)
app.command("setup")(setup.setup)
app.command("plan")(plan.plan)
app.command("sync")(sync.sync)
app.command("run")(run_command.run)
app.command("pause")(pausing.pause)
app.command("resume")(pausing.resume)
app.command("drain")(draining.drain)
app.command("export")(exporting.export)
app.command("uninstall")(uninstalling.uninstall)
app.command("maintenance")(maintenance.maintenance)
app.command("resync")(resync.resync)
app.command("rollback")(rollback.rollback)
app.command("explain")(explain.explain)
app.command("status")(status.status)
app.command("runs")(status.runs)
app.add_typer(conflicts.app, name="conflicts")
app.add_typer(link.app, name="link")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(parked.app, name="parked")
app.add_typer(drift.app, name="drift")
app.add_typer(schema.app, name="config")
app.add_typer(audit.app, name="audit")
app.add_typer(store.app, name="store")
app.add_typer(sentinel.app, name="sentinel")
app.add_typer(held.app, name="held")
app.add_typer(notify.app, name="notify")
app.add_typer(console.app, name="console")
app.command("expect")(held.expect)
app.command("simulate")(simulate.simulate)
app.command("glossary")(glossary.glossary)
app.command("backtest")(backtest.backtest)
app.add_typer(report.app, name="report")
app.command("privacy")(privacy.privacy)
app.command("forget")(privacy.forget)
app.command("support-bundle")(support.support_bundle)
app.command("sandbox")(stand_ins.sandbox)
app.command("demo")(demo.demo)
note_commands(app)


def run() -> None:
    """The entry point: runs the command line of this process and ends it with the exit code.

    A plain kill ends a command as Ctrl-C does: the run is closed and the lease given back, so that nobody has to wait
    for it to run out. Commands that stop by themselves (``sandbox``) put handlers of their own in its place.
    """
    heed_interrupts()
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Runs one command line. Returns the exit code."""
    words = replaying.people_at_work(global_first(arguments)) or ["--help"]
    command = next((word for word in words if word in _names()), "")
    configure_logs(level="info")
    try:
        code = app(args=words, prog_name="syncd", standalone_mode=False)
        sys.stdout.flush()
        if code == INTERRUPTED:  # what typer makes of Ctrl-C, without a word
            return _interrupted(command, INTERRUPTED)
        return code if isinstance(code, int) else 0
    except SyncdError as trouble:
        return _failed(command, trouble, code_of(trouble))
    except SystemExit:  # typer's end for a reader of our output that is gone, with the code of what waits
        return FAILED
    except BrokenPipeError:
        # Whoever read our output has seen enough. Nothing more can be told there, not even by the interpreter's exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (KeyboardInterrupt, typer.Abort, Terminated) as end:
        if isinstance(end.__cause__, EOFError):
            sys.excepthook(EOFError, end.__cause__, end.__cause__.__traceback__)
            return code_of(end)
        return _interrupted(command, code_of(end))
    except Exception as trouble:  # noqa: BLE001 - the last line of defence: logged with its place, never swallowed
        if UsageError is not None and isinstance(trouble, UsageError):
            what = f"{_message(trouble)}; `{_help(command)}` lists what there is"
            return _failed(command, trouble, code_of(trouble), what)
        sys.excepthook(type(trouble), trouble, trouble.__traceback__)
        return code_of(trouble)


def global_first(arguments: Sequence[str]) -> list[str]:
    """The words of a command line with the global options moved to the front, where typer looks for them."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in GLOBAL:
            front += [word, *([value] if (value := next(words, None)) is not None else [])]
        elif word.startswith(tuple(f"{option}=" for option in GLOBAL)):
            front.append(word)
        else:
            rest.append(word)
    return front + rest


def _names() -> set[str]:
    names = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    return {name for name in names if name}


def _help(command: str) -> str:
    return " ".join(word for word in ("syncd", command, "--help") if word)


def _message(trouble: BaseException) -> str:
    """The text of a usage error, which says more than ``str`` does."""
    told = getattr(trouble, "format_message", None)
    return str(told() if told else trouble).rstrip(".")


def _bounded(text: str) -> str:
    """A sentence in which no word is so long that it hides the others, as one that quotes a whole file by mistake."""
    return _ENDLESS.sub(lambda found: f"<{len(found[0]):,} characters>", text)


def _interrupted(command: str, code: int) -> int:
    what = "interrupted; what was settled stays settled, and the next run goes on from there"
    return _failed(command, KeyboardInterrupt(), code, what)


def _failed(command: str, trouble: BaseException, code: int, text: str | None = None) -> int:
    """Tells of foreseen trouble: a sentence where a person looks on, an event elsewhere."""
    what = _bounded(text or str(trouble))
    if sys.stderr.isatty():
        from syncd.cli.out import console, printable

        console(stderr=True).print(f"syncd: {printable(what)}", style="red")
    elif isinstance(trouble, BadConfig):
        for flaw in trouble.flaws:
            emit("command.failed", command=command, error=type(trouble).__name__, what=_bounded(str(flaw)), exit=code)
    else:
        emit("command.failed", command=command, error=type(trouble).__name__, what=what, exit=code)
    return code


if __name__ == "__main__":
    run()
