"""What the daemon shows over HTTP on this machine: health and metrics."""

from __future__ import annotations
