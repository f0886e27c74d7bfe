"""Commands of the command line that change something leave a deed, as those of the console do: who, which, about what,
with which arguments, when, and with which exit code it ended.

``CHANGING`` names them, and ``note_commands`` wraps them, once for the whole program: a command neither knows of it nor
can forget it. Of whom a command was about, where an address was typed, it tells the id (``Call.tell``). The deed is
begun before the command, so that one that was killed stands there without an ending, and is chained when it ended. What
the store cannot take keeps nobody from working (it may be what is to be mended): the log has it, too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import typer

from syncd.cli.call import Call, who
from syncd.cli.endings import FAILED, code_of

if TYPE_CHECKING:
    from syncd.model.operator import Deed
    from syncd.settings.main_file import Outline

CHANGING: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "sync": (("cancel", "wishes.cancel"), ("waiting", ""), ("approve", "first_link.approve"), ("", "sync")),
    "pause": (("", "pause"),),
    "resume": (("", "resume"),),
    "drain": (("", "drain"),),
    "maintenance": (("lasts", "maintenance.begin"), ("end", "maintenance.end")),
    "setup": (("apply", "setup"),),
    "resync": (("cancel", "resyncs.cancel"), ("waiting", ""), ("", "resyncs.ask")),
    "rollback": (("", "rollbacks.ask"),),
    "forget": (("", "people.forget"),),
    "expect": (("cancel", "expected.cancel"), ("listing", ""), ("", "expected.add")),
    "conflicts resolve": (("", "conflicts.resolve"),),
    "link unlink": (("", "links.unlink"),),
    "link relink": (("", "links.relink"),),
    "dead-letters retry": (("", "dead_letters.retry"),),
    "dead-letters drop": (("", "dead_letters.drop"),),
    "parked retry": (("", "parked.retry"),),
    "drift accept": (("", "drift.accept"),),
    "held approve": (("", "held.approve"),),
    "held reject": (("", "held.reject"),),
    "sentinel plant": (("apply", "sentinels.plant"),),
    "sentinel adopt": (("apply", "sentinels.adopt"),),
    "sentinel remove": (("apply", "sentinels.remove"),),
    "store mark-restored": (("", "restored.mark"),),
    "store accept-restored": (("", "restored.accept"),),
    "store backup": (("", "store.backup"),),
    "store restore": (("", "store.restore"),),
    "notify test": (("", "notify.test"),),
    "console invite": (("", "operators.invite"),),
    "console remove": (("", "operators.remove"),),
    "console token": (("", "tokens.make"),),
    "console revoke": (("", "tokens.revoke"),),
}
"""By command: the first of these arguments that was given says what the deed is called, none of them that it changes
nothing; ``""`` is always given, and a deed without a name is a look at what is there.
"""
_OF_THE_STORE: Final = ("store backup", "store restore", "notify test")
"""They are about no connection, as those of ``console``."""
_OF_OPERATORS: Final = ("operators.invite", "operators.remove", "tokens.make")
"""They are about an operator, who is named as whoever gave a command is."""


def note_commands(program: typer.Typer, path: str = "") -> None:
    """Has each command of a program leave its deed."""
    for each in program.registered_commands:
        name = f"{path}{each.name}"
        if name in CHANGING and each.callback is not None:
            each.callback = _noted(name, each.callback)
    for group in program.registered_groups:
        if group.typer_instance is not None:
            note_commands(group.typer_instance, f"{path}{group.name} ")


def _noted(name: str, command: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(command)
    def noted(**given: Any) -> Any:  # noqa: ANN401 - whatever the command takes and returns
        call: Call = given["context"].obj
        what = next((what for argument, what in CHANGING[name] if not argument or given.get(argument)), "")
        if not what:
            return command(**given)
        with _standing(call, name, what, given):
            return command(**given)

    return noted


@contextmanager
def _standing(call: Call, name: str, what: str, given: Mapping[str, Any]) -> Iterator[None]:
    """A deed that is begun now, and ends as the command does."""
    outline, deed = _begun(call, name, what)
    code = FAILED
    try:
        yield
        code = 0
    except BaseException as end:
        code = code_of(end)
        raise
    finally:
        if outline is not None:
            _ended(call, outline, deed, code, given)


def _begun(call: Call, name: str, what: str) -> tuple[Outline | None, Deed]:
    """Where it is noted: nowhere if the configuration says of no store, which the command says itself."""
    from syncd.model.errors import SyncdError
    from syncd.model.operator import Deed, Sort
    from syncd.system import SystemChance, SystemClock

    deed = Deed(SystemChance().identifier(), SystemClock().now(), who(), Sort.SHELL, "", what, "")
    try:
        outline = call.outlined()
        if not name.startswith("console ") and name not in _OF_THE_STORE:
            several = call.connection is None and len(outline.connections) != 1
            deed = replace(deed, connection="" if several else outline.chosen(call.connection))
    except SyncdError:
        return None, deed
    _stored(outline, deed)
    return outline, deed


def _ended(call: Call, outline: Outline, deed: Deed, code: int, given: Mapping[str, Any]) -> None:
    from syncd.observe.log import emit
    from syncd.operations.arguments import arguments, ids_of

    named = [given["name"]] if deed.what in _OF_OPERATORS and _is_a_name(given["name"]) else []
    about = arguments(given, " ".join([*named, *ids_of(call.told)]))
    deed = replace(deed, about=about, status=code)
    of_it = {"connection": deed.connection} if deed.connection else {}
    emit("shell.command", who=deed.who, command=deed.what, about=about, status=code, **of_it)
    _stored(outline, deed)


def _is_a_name(text: str) -> bool:
    """Whether it can be an operator's; other words are told as whatever else was typed freely."""
    from syncd.operations.doors import may_be_called

    return may_be_called(text)


def _stored(outline: Outline, deed: Deed) -> None:
    """Stores it, unless there is no store: that is made by what needs one."""
    from syncd.bootstrap import open_entrance
    from syncd.model.errors import NoStore, SyncdError
    from syncd.observe.log import emit

    try:
        with open_entrance(outline) as entrance:
            if deed.status is None:
                entrance.doors.begin_deed(deed)
            else:
                entrance.doors.end_deed(deed)
    except NoStore:
        return
    except SyncdError as why:
        emit("command.unnoted", who=deed.who, command=deed.what, error=type(why).__name__)
