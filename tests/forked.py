"""The program as processes that begin at once: forked from a process that has read all its modules already.

``Forked`` is ``subprocess.Popen`` for ``python -m MODULE ...``. What begins is a process of its own with its own
arguments, folder, environment and streams, and a child of whoever asked: it is killed, stopped, limited and waited for
like any other. Only reading the modules, which is most of what a short command costs, is done once for all of them.
What is about that very start (a damaged installation, signals while it loads) needs the plain ``Popen``.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import gc
import importlib
import inspect
import json
import os
import pkgutil
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

ROOT: Final = Path(__file__).resolve().parent.parent
READ: Final = ("syncd", "connectors", "sandbox")
LONGEST: Final = 1 << 20
"""Bytes of one request, which is mostly the environment."""
SET_CHILD_SUBREAPER: Final = 36
STREAMS: Final = ("p2cread", "c2pwrite", "errwrite")
PIPES: Final = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
_FIRST: Final = threading.Lock()
_BEGIN: Final = inspect.signature(subprocess.Popen._execute_child)


class Forked(subprocess.Popen[Any]):
    """``Popen`` whose ``args`` are ``python -m MODULE ...``; the module's ``run`` or ``main`` is called."""

    def _execute_child(self, *words: Any, **named: Any) -> None:
        asked = _BEGIN.bind(self, *words, **named).arguments
        try:
            self.pid = _mother().begins(
                [str(word) for word in asked["args"]],
                folder=str(asked["cwd"] or Path.cwd()),
                environ=os.environ if asked["env"] is None else asked["env"],
                streams=[asked[name] for name in STREAMS],
            )
            self._child_created = True
        finally:
            self._close_pipe_fds(*(asked[name] for name in PIPES))


def run(words: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """``subprocess.run`` of such a command, with what it prints."""
    timeout = options.pop("timeout", 120)
    with Forked(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return subprocess.CompletedProcess(words, process.returncode, out, err)


class _Mother:
    """The process that has read the modules, as the one that asks it for children sees it."""

    def __init__(self) -> None:
        # Whoever is begun is left by its parent at once and falls to us: then it is waited for like a child of ours.
        ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._one = threading.Lock()
        self._line, hers = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST)
        with hers:
            command = [sys.executable, "-m", "tests.forked", str(hers.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[hers.fileno()], stdin=subprocess.DEVNULL)
        atexit.register(self._leave, os.getpid())

    def _leave(self, process: int) -> None:
        if process == os.getpid():  # not in a fork of whoever has her
            self._line.close()
            self._process.wait()

    def begins(
        self, words: Sequence[str], *, folder: str, environ: Mapping[str, str], streams: Sequence[int]
    ) -> int:  # fmt: skip
        """Begins a process. ``streams`` are input, output and error, -1 for hers. Returns its id."""
        given = [number for number, stream in enumerate(streams) if stream != -1]
        request = {"words": words, "folder": folder, "environ": dict(environ), "given": given}
        with self._one:
            socket.send_fds(self._line, [json.dumps(request).encode()], [streams[number] for number in given])
            told = self._line.recv(64)
        assert told, f"nobody forks any more: {self._process.wait()}"
        return int(told)


@functools.cache
def _only(_process: int) -> _Mother:
    return _Mother()


def _mother() -> _Mother:
    with _FIRST:
        return _only(os.getpid())  # a fork of whoever has one needs its own


# -- in her process ----------------------------------------------------------------------------------------------------
def _serve(line: socket.socket) -> None:
    """Forks for each request until nobody can ask any more."""
    for package in READ:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.endswith(".__main__"):
                importlib.import_module(module.name)
    assert threading.active_count() == 1, "a fork has one thread only"
    gc.collect()
    gc.freeze()
    while True:
        told, streams, _, _ = socket.recv_fds(line, LONGEST, 3)
        if not told:
            return
        born, told_born = os.pipe()
        parent = os.fork()
        if not parent:
            child = os.fork()
            if not child:
                os.close(born)
                os.close(told_born)
                _become(line, json.loads(told), streams)
            os.write(told_born, str(child).encode())
            os._exit(0)
        os.waitpid(parent, 0)  # only now is the child a child of whoever asked
        line.send(os.read(born, 64))
        os.close(born)
        os.close(told_born)
        for stream in streams:
            os.close(stream)


def _become(line: socket.socket, request: Mapping[str, Any], streams: Sequence[int]) -> NoReturn:
    """Is the program from here on, and ends as it does: by an exception that nobody catches."""
    line.close()
    for number, stream in zip(request["given"], streams, strict=True):
        os.dup2(stream, number)
    for stream in streams:
        os.close(stream)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environ"])
    _, dash_m, name, *arguments = request["words"]
    assert dash_m == "-m", request["words"]
    sys.argv = [name, *arguments]
    module = importlib.import_module(name)
    try:
        sys.exit(module.run() if hasattr(module, "run") else module.main())
    except SystemExit as ended:
        # What the interpreter does at its end, but for taking all those modules apart.
        threading._shutdown()
        atexit._run_exitfuncs()
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1 if isinstance(ended.code, str) else int(ended.code or 0))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    _serve(socket.socket(fileno=int(sys.argv[1])))
