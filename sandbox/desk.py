"""What people may do in a stand-in, by name: one small protocol for scripts in this process and in another.

``LocalDesk`` plays on a kernel at hand, ``sandbox.control.Control`` on one behind a port; both are a ``Desk``. An
action is a method of the kernel's people's API, called with that method's own words (``ACTIONS`` is the whole list).
Two mean the same on both sides: ``create`` and ``delete`` work everywhere.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

#: Everything a person may do, and nothing else. A kernel offers those it has a method for.
ACTIONS = frozenset(
    {
        # records
        "create", "edit", "archive", "restore", "gdpr_delete", "merge", "associate", "disassociate", "relate", "part",
        "insert", "delete", "undelete", "erase", "convert", "touch", "person_account", "find", "fields_of",
        # addresses and owners
        "unsubscribe", "leave_subscription", "resubscribe", "add_owner", "user_of", "add_user",
        "deactivate_user", "add_queue",
        # the admin's work
        "add_property", "remove_property", "require_property", "hide_field", "protect_field", "show_field",
        "track_fields", "map_conversion", "set_lead_statuses", "begin_maintenance", "end_maintenance",
        "expire_sessions", "add_record_type", "offer_values", "retire_record_type", "enable_person_accounts",
        "issue_token", "revoke_token", "give_object_right", "take_object_right", "give_field_right",
        "take_field_right", "give_user_permission", "take_user_permission", "install_app", "uninstall_app",
        "add_object", "add_stage", "install_native_connector", "remove_native_connector", "link_natively",
        "sync_natively", "enable_address_lists", "enable_currencies", "purge_deletions", "add_validation_rule",
        "deactivate_validation_rule", "add_duplicate_rule", "deactivate_duplicate_rule", "retire_value",
        "restore_value", "buy_calls",
        # webhooks
        "add_app", "add_webhook", "activate_webhook", "pause_webhook", "remove_webhook", "webhook_tally",
        # unlucky moments
        "commit_later", "lock_rows", "break_down", "spend_calls",
    }
)  # fmt: skip
#: What a kernel calls an action if it has no method of that name.
OTHER_WORDS: Mapping[str, str] = {"create": "insert", "insert": "create", "delete": "archive", "archive": "delete"}


class UnknownAction(Exception):
    """Nobody can do this in this stand-in; the text lists what can be done."""


class Desk(Protocol):
    """Where people work on one side."""

    def do(self, action: str, **words: Any) -> Any:
        """Does something and returns what the kernel's method returns."""
        ...

    def load(self, object: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Puts many records at once; returns their ids."""
        ...

    def export(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """All records of all objects."""
        ...


class LocalDesk:
    """A desk at a kernel in this process. ``lock`` is the server's, where one serves the kernel meanwhile."""

    def __init__(self, kernel: Any, *, lock: threading.Lock | None = None) -> None:
        self._kernel = kernel
        self._lock: AbstractContextManager[object] = lock if lock is not None else nullcontext()

    def do(self, action: str, **words: Any) -> Any:
        """Does something. Raises ``UnknownAction``, and whatever refusal the kernel raises."""
        method = None
        if action in ACTIONS:
            method = getattr(self._kernel, action, None) or getattr(self._kernel, OTHER_WORDS.get(action, ""), None)
        if method is None:
            known = sorted(name for name in ACTIONS if hasattr(self._kernel, name))
            raise UnknownAction(f"action {action!r} is not known here; known are {', '.join(known)}")
        with self._lock:
            return method(**words)

    def load(self, object: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Puts many records at once; returns their ids."""
        with self._lock:
            ids: list[str] = self._kernel.load(object, rows)
        return ids

    def export(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """All records of all objects."""
        with self._lock:
            records: Mapping[str, Sequence[Mapping[str, Any]]] = self._kernel.export()
        return records
