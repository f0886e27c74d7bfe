"""Receivers of notices on loopback: a webhook, a mail server, and a fake that needs no socket."""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from syncd.model.notice import Message
from syncd.ports.post import Posted


@dataclass
class FakePost:
    """Takes messages, unless a target is ``down``; ``crash`` is raised after a message was taken."""

    down: set[str] = field(default_factory=set)
    taken: list[tuple[str, Message]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    crash: BaseException | None = None

    def __call__(self, target: str, message: Message) -> Posted:
        self.asked.append(target)
        if target in self.down:
            return Posted(taken=False, said="nobody answers")
        self.taken.append((target, message))
        if self.crash is not None:
            raise self.crash
        return Posted(taken=True, said="taken")

    def titles(self, target: str) -> list[str]:
        """What a target got, by title."""
        return [message.title for name, message in self.taken if name == target]


@dataclass
class Webhook:
    """A receiver of JSON: ``got`` are bodies, ``status`` is what it answers."""

    port: int = 0
    status: int = 200
    got: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Listens on a free port of loopback."""
    hook = Webhook()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server, _served(server):
        hook.port = server.server_address[1]
        yield hook


@dataclass
class Pulses:
    """A service that waits for a sign of life: ``got`` are paths and headers, the rest is its answer."""

    port: int = 0
    status: int = 200
    location: str = ""
    got: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def pulse() -> Iterator[Pulses]:
    """Listens on a free port of loopback."""
    heart = Pulses()

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heart.got.append((self.path, dict(self.headers.items())))
            self.send_response(heart.status)
            if heart.location:
                self.send_header("Location", heart.location)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server, _served(server):
        heart.port = server.server_address[1]
        yield heart


@dataclass
class Mailbox:
    """A mail server's: ``mails`` that arrived, ``refuses`` says that it takes none."""

    port: int = 0
    refuses: bool = False
    mails: list[EmailMessage] = field(default_factory=list)


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Speaks as much SMTP as a client needs (RFC 5321), without encryption, on a free port of loopback."""
    box = Mailbox()

    class Session(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 localhost")
            while line := self.rfile.readline():
                match line[:4].upper().strip():
                    case b"EHLO" | b"HELO":
                        self._say("250-localhost", "250 8BITMIME")
                    case b"MAIL" if box.refuses:
                        self._say("550 no")
                    case b"DATA":
                        self._say("354 go on")
                        mail = b"".join(iter(self.rfile.readline, b".\r\n"))
                        read = email.message_from_bytes(mail, policy=email.policy.default)
                        assert isinstance(read, EmailMessage)
                        box.mails.append(read)
                        self._say("250 taken")
                    case b"QUIT":
                        self._say("221 bye")
                        return
                    case _:
                        self._say("250 ok")

        def _say(self, *lines: str) -> None:
            self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server, _served(server):
        box.port = server.server_address[1]
        yield box


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
