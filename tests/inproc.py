"""A stand-in reached without sockets: an adapter that hands a prepared request to a kernel and wraps its answer.

Mount it on a session for the base URL. Virtual delays of the kernel move the given clock; a cut connection, and one
that does not come about, becomes the same exception of requests that a real one would. Every call is a new connection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import requests
import urllib3
from requests.adapters import BaseAdapter

from sandbox.connecting import NoConnection, connect
from sandbox.kernel import ConnectionDropped, Kernel
from syncd.lab.line import answered, no_connection, read


class KernelAdapter(BaseAdapter):
    """Sends requests of a session to a kernel in this process. ``wait`` gets the virtual seconds of a slow answer."""

    def __init__(self, kernel: Kernel, *, wait: Callable[[float], None] = lambda _: None) -> None:
        super().__init__()
        self.kernel = kernel
        self._wait = wait

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The kernel's answer as a response of requests."""
        asked = read(request)
        try:
            connect(self.kernel)
            answer = self.kernel.handle(asked)
        except NoConnection as why:
            raise no_connection(why.name, request) from why
        except ConnectionDropped as why:
            raise requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError(str(why))) from why
        if answer.delay:
            self._wait(answer.delay)
        return answered(request, replace(answer, wire="plain"))

    def close(self) -> None:
        """Nothing is open."""
