"""How a client with https in its code reaches a stand-in on loopback."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter


class LoopbackAdapter(HTTPAdapter):
    """Sends every https URL, whatever its host, to one plain http address."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._host = urlsplit(url).netloc

    def send(self, request: requests.PreparedRequest, *args: Any, **words: Any) -> requests.Response:
        """Sends to the stand-in."""
        parts = urlsplit(request.url or "")
        request.url = urlunsplit(("http", self._host, *parts[2:]))
        return super().send(request, *args, **words)
