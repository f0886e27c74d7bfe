"""A stand-in reached without sockets: an adapter that hands a prepared request to a kernel and wraps its answer.

Mount it on a session for the base URL. Virtual delays of the kernel move the given clock; a cut connection becomes the
same exception of requests that a real one would.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from sandbox.kernel import ConnectionDropped, HttpRequest, Kernel


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
        body = request.body or b""
        parts = urlsplit(request.url or "")
        asked = HttpRequest.from_target(
            request.method or "GET",
            f"{parts.path}?{parts.query}" if parts.query else parts.path,
            {name: _text(value) for name, value in request.headers.items()},
            body if isinstance(body, bytes) else str(body).encode(),
        )
        try:
            answer = self.kernel.handle(asked)
        except ConnectionDropped as why:
            raise requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError(str(why))) from why
        if answer.delay:
            self._wait(answer.delay)
        response = requests.Response()
        response.status_code = answer.status
        response.headers = CaseInsensitiveDict(answer.headers)
        response.url = request.url or ""
        response.request = request
        response.raw = io.BytesIO(answer.body)
        return response

    def close(self) -> None:
        """Nothing is open."""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
