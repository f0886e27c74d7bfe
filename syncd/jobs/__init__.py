"""Durable jobs on dbos; nothing else in syncd imports it."""

from __future__ import annotations

from syncd.jobs.engine import DbosJobs

__all__ = ["DbosJobs"]
