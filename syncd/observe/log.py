"""Structured log lines: ``emit`` one event, ``bound`` keys to a block, ``configure_logs`` once per process.

Promises: every line on the stream is one JSON object when the stream is no terminal, third-party loggers, Python
warnings and unhandled exceptions included; every event and key is registered in ``syncd.observe.events``; text that
looks like an e-mail address or a token is masked. Refuses: values that are not plain, and texts of other libraries,
because they quote field values (only their unformatted template is kept, or the place they came from). A line that
cannot be written is lost and stops nothing.

Before ``configure_logs`` nothing is written, but events are checked all the same. With ``SYNCD_STRICT_EVENTS=1`` in
the environment (the tests set it) an unregistered event or key raises instead of being reported.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Final, TextIO, TypeAlias

import orjson
import structlog

from syncd.observe.events import CONTEXT, EVENTS

Plain: TypeAlias = str | int | float | bool | None
Loggable: TypeAlias = Plain | Mapping[str, Plain] | Sequence[Plain]

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
LONGEST: Final = 600
LOOKED_AT: Final = 4 * LONGEST
"""Characters of a text that are looked through for what must be masked: a vendor's value may be of any length."""
_ADDRESS = re.compile(
    r"(?<![^\s@<>\"'=/:(\[{,;])[^\s@<>\"'=/:(\[{,;]"  # only where nothing before it would belong to it, too
    r"[^\s@<>\"'=/:]*(?:(?<=\w)'(?=\w)[^\s@<>\"'=/:]*)*@(?:[^\s<>\"'/]*\w|[^\s<>\"'/]+)"
)
"""What looks like an e-mail address, and what may be one; the sentence goes on behind it with its own comma."""
_WHOLE = re.compile(r".*[\s<>\"]", re.DOTALL)
"""As far as nothing is cut off in its middle: none of these stands in what is masked."""
_ADVICE = re.compile(r"(USER|PASSWORD)@HOST(\?to=ADDRESS)?")
"""What our own sentences write in place of somebody."""
_DATABASE = re.compile(
    r"(?<!\w)(postgres(?:ql)?(?:\+\w+)?://)(?!USER(?::PASSWORD)?@HOST\b)"
    r"(?:[^\s@<>\"'/]+|[^\s@<>\"'/:]*:(?!\d+/)[^\s@<>\"']*)(?=@[^\s@?]+(?:\s|$))"
)
"""The credentials in a database's address, with slashes in the password too; whoever cannot reach it needs the host. Of
two ``@`` nobody knows which one ends a password, and behind ``?`` there may be one: these are left to ``_ADDRESS``.
"""
_TOKEN = re.compile(r"(?i)\b(bearer\s+\S+|pat-[a-z0-9-]{8,}|00D\w{12,}!\S+|eyJ[\w-]{10,}\.\S+)")
_USUAL_HOOKS: Final = (sys.excepthook, threading.excepthook, warnings.showwarning)


Listener: TypeAlias = Callable[[str, Mapping[str, Any]], None]


class _State:
    """What ``configure_logs`` decided, for the whole process."""

    threshold = LEVELS["info"]
    strict = os.environ.get("SYNCD_STRICT_EVENTS") == "1"
    logger: Any = None
    listeners: tuple[Listener, ...] = ()


def listen(listener: Listener) -> None:
    """Has a function told of every event from now on, written or not, with the keys that are bound where it happened.

    It must be quick and must not raise; metrics are counted by it.
    """
    _State.listeners = (*_State.listeners, listener)


def unlisten(listener: Listener) -> None:
    """Tells a function of nothing any more."""
    _State.listeners = tuple(each for each in _State.listeners if each != listener)


def emit(event: str, **keys: Loggable) -> None:
    """Writes one line.

    :param event: a name in ``EVENTS``, which also gives the level.
    :param keys: ids, names, counts and codes; keys of the event or of ``CONTEXT``.
    :raises ValueError: in strict mode only, if the event or a key is not registered.
    """
    known = EVENTS.get(event)
    stray = keys.keys() if known is None else keys.keys() - CONTEXT.keys() - set(known.keys)
    if known is None or stray:
        if _State.strict:
            raise ValueError(
                f"log event {event!r} with keys {sorted(stray)} is not registered; add it to syncd/observe/events.py"
            )
        _write("log.unregistered", {"unknown": event, "dropped": sorted(stray)})
        if known is None:
            return
        keys = {key: value for key, value in keys.items() if key not in stray}
    _write(event, keys)


@contextmanager
def bound(**keys: Loggable) -> Iterator[None]:
    """Puts context keys (``connection``, ``run``, ``side`` ...) on every line of a block, per thread."""
    stray = keys.keys() - CONTEXT.keys()
    if stray:
        raise ValueError(f"{sorted(stray)} are no context keys; see CONTEXT in syncd/observe/events.py")
    with structlog.contextvars.bound_contextvars(**keys):
        yield


def configure_logs(*, level: str, stream: TextIO | None = None) -> None:
    """Sends log lines to a stream, and everything else that would reach standard error with them.

    :param level: ``debug``, ``info``, ``warning`` or ``error``; what is below is not written.
    :param stream: where to; standard error (as it is at the time of each line) if not given.
    :raises ValueError: if there is no such level.
    """
    if level not in LEVELS:
        raise ValueError(f"there is no log level {level!r}; choose one of {', '.join(LEVELS)}")
    _State.threshold = LEVELS[level]
    _State.strict = os.environ.get("SYNCD_STRICT_EVENTS") == "1"
    lines = _Lines(stream)
    _State.logger = structlog.wrap_logger(
        lines,
        wrapper_class=structlog.BoundLogger,
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            _plain,
            _coloured() if lines.terminal() else _json,
        ],
    ).bind()  # once, and not anew for every line
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, (_Foreign, logging.StreamHandler))]:
        root.removeHandler(handler)
    root.addHandler(_Foreign())
    root.setLevel(logging.WARNING)
    sys.excepthook = _crashed
    threading.excepthook = _thread_crashed
    warnings.showwarning = _warned


def reset_logs() -> None:
    """Undoes ``configure_logs``: nothing is written any more, and Python's own hooks are back."""
    _State.logger = None
    _State.listeners = ()
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, _Foreign)]:
        root.removeHandler(handler)
    sys.excepthook, threading.excepthook, warnings.showwarning = _USUAL_HOOKS


def masked(text: str) -> str:
    """The text with e-mail addresses, credentials and tokens masked, cut to a length a log line can bear."""
    told, length = text, 0
    if len(text) > LOOKED_AT:
        whole = _WHOLE.match(text, 0, LOOKED_AT)
        told, length = whole[0] if whole else "", len(text)
    if "@" in told:
        told = _ADDRESS.sub(_address, _DATABASE.sub(r"\1<credentials>", told))
    told = _TOKEN.sub("<token>", told)
    length = length or len(told)
    return told if length <= LONGEST else f"{told[:LONGEST]}... ({length:,} characters)"


def _address(found: re.Match[str]) -> str:
    return found[0] if _ADVICE.fullmatch(found[0]) else "<address>"


def _write(event: str, keys: Mapping[str, Loggable]) -> None:
    level = EVENTS[event].level
    if _State.listeners:
        told = {**structlog.contextvars.get_contextvars(), **keys}
        for listener in _State.listeners:
            listener(event, told)
    if _State.logger is not None and LEVELS[level] >= _State.threshold:
        getattr(_State.logger, level)(event, **keys)


class _Lines:
    """A logger that writes whole lines, one at a time, to the stream or to what standard error is just now."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def terminal(self) -> bool:
        stream = self._stream or sys.stderr
        return bool(stream) and stream.isatty()

    def msg(self, line: str) -> None:
        with self._lock:
            stream = self._stream or sys.stderr
            # A full disk, or a reader that is gone: the line is lost, and the work it tells of goes on.
            with suppress(OSError):
                stream.write(line + "\n")
                stream.flush()

    debug = info = warning = error = msg


def _plain(_: Any, level: str, entry: Any) -> Any:  # noqa: ANN401 - structlog's processor signature
    """Puts the level in, masks texts, and turns everything that is not plain into text."""
    ordered = {"time": entry.pop("time"), "level": level, "event": entry.pop("event")}
    ordered.update((key, _as_plain(value)) for key, value in entry.items())
    return ordered


def _as_plain(value: Any) -> Any:  # noqa: ANN401 - any value may reach a log line; plain ones leave it
    if isinstance(value, str):
        return masked(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {masked(str(key)): _as_plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_as_plain(each) for each in value]
    return masked(str(value))


def _json(_: Any, __: str, entry: Any) -> str:  # noqa: ANN401 - structlog's processor signature
    return orjson.dumps(entry).decode()


def _coloured() -> Any:  # noqa: ANN401 - structlog's processor type
    return structlog.dev.ConsoleRenderer(
        colors="NO_COLOR" not in os.environ, timestamp_key="time", pad_event_to=20, sort_keys=False
    )


class _Foreign(logging.Handler):
    """Routes the standard library's loggers: name, level and template, never the values."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno < logging.WARNING:
            return
        # Text that came without arguments may be an f-string with values in it: only its place is told.
        template = record.msg if record.args and isinstance(record.msg, str) else ""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        emit(
            "log.foreign",
            logger=record.name,
            foreign_level=record.levelname.lower(),
            template=template,
            at=f"{record.filename}:{record.lineno}",
            error=error,
        )


def _crashed(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tells where an unhandled exception came from; its text may quote values and is left out."""
    if issubclass(kind, KeyboardInterrupt):
        _USUAL_HOOKS[0](kind, error, trace)
        return
    frames = [f"{_tail(frame.filename)}:{frame.lineno}" for frame in traceback.extract_tb(trace)]
    emit("process.crashed", error=kind.__name__, trace=list(frames[-20:]))


def _thread_crashed(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None:
        _crashed(crash.exc_type, crash.exc_value, crash.exc_traceback)


def _warned(
    message: Warning | str,  # noqa: ARG001 - the names are those of warnings.showwarning
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,  # noqa: ARG001 - the same
    line: str | None = None,  # noqa: ARG001 - the same
) -> None:
    """The text of a warning may quote values; its class and place are enough to find it."""
    emit("process.warned", category=category.__name__, at=f"{_tail(filename)}:{lineno}")


def _tail(filename: str) -> str:
    """The last two parts of a path: enough to find the file, without the machine's folders."""
    return "/".join(filename.replace("\\", "/").split("/")[-2:])
