"""What a stand-in holds, in a file and back: one JSON file for each vendor, from which a test or a person goes on.

Kept: records with their history, the recycle bin, definitions, owners and users, rights, associations, tokens and
sessions, ids given so far, counted calls and their log, jobs, switches, the seeded chance and the clock. Not kept,
since it is code and no data: armed faults, rules written in Python, and open query cursors (they are over);
``left_behind`` names what there is of it. Saving changes nothing, and saving what was just loaded gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import orjson

from sandbox import clocks
from sandbox.freezing import Frame, Freezer, Thawer, Unfreezable
from sandbox.hubspot import state as hubspot
from sandbox.hubspot.kernel import HubSpotKernel
from sandbox.kernel import Kernel
from sandbox.salesforce import state as salesforce
from sandbox.salesforce.kernel import SalesforceKernel

FORMAT = "syncd sandbox state"
VERSION = 1


class StateError(Exception):
    """A state cannot be saved or loaded; the text names the file and the reason."""


@dataclass(frozen=True, slots=True)
class _Vendor:
    """What is special about saving and loading one vendor."""

    name: str
    frame: Callable[[Any], Frame]
    beside: Callable[[Any], dict[str, Any]]
    prepare: Callable[[Any, Mapping[str, Any]], None]
    finish: Callable[[Any, Mapping[str, Any], Thawer], None]
    left_behind: Callable[[Any], list[str]]


_HUBSPOT = _Vendor("hubspot", hubspot.frame, hubspot.beside, hubspot.prepare, hubspot.finish, hubspot.left_behind)
_SALESFORCE = _Vendor(
    "salesforce", salesforce.frame, salesforce.beside, salesforce.prepare, salesforce.finish, salesforce.left_behind
)


def _vendor(kernel: Kernel) -> _Vendor:
    if isinstance(kernel, HubSpotKernel):
        return _HUBSPOT
    if isinstance(kernel, SalesforceKernel):
        return _SALESFORCE
    raise StateError(f"the state of a {type(kernel).__name__} cannot be saved")


def state_file(folder: Path, kernel: Kernel) -> Path:
    """The file of this vendor in a folder of states."""
    return folder / f"{_vendor(kernel).name}.json"


def dump(kernel: Kernel) -> bytes:
    """All that the kernel holds, as the content of a file. Raises ``StateError``."""
    vendor = _vendor(kernel)
    try:
        held = orjson.dumps(Freezer(vendor.frame(kernel)).freeze(kernel, vendor.name))
    except (Unfreezable, TypeError) as why:
        raise StateError(f"the state of {vendor.name} cannot be written: {why}") from why
    head = {
        "format": FORMAT,
        "version": VERSION,
        "vendor": vendor.name,
        "clock": clocks.shown(kernel.clock),
        "beside": vendor.beside(kernel),
        "digest": _digest(held),
    }
    return orjson.dumps(head)[:-1] + b',"held":' + held + b"}\n"


def restore(kernel: Kernel, content: bytes, *, name: str = "the state") -> None:
    """Fills a fresh kernel with what a file holds; its clock goes on at the saved instant or later.

    Raises ``StateError``, naming ``name``, for a file of another version, vendor or make, or a damaged one; of a kernel
    that has answered calls already nothing is changed, any other is of no use after an error.
    """
    vendor = _vendor(kernel)
    if kernel.calls:
        raise StateError("a state is loaded into a fresh stand-in; this one has answered calls already")
    told = _read(content, vendor=vendor.name, name=name)
    try:
        clocks.restore(kernel.clock, told["clock"])
        vendor.prepare(kernel, told["beside"])
        thawer = Thawer(vendor.frame(kernel))
        thawer.thaw(told["held"], kernel, vendor.name)
        vendor.finish(kernel, told["beside"], thawer)
    except (Unfreezable, clocks.ClockRefused, KeyError, IndexError, TypeError, ValueError, AttributeError) as why:
        raise StateError(f"{name} does not fit this make of the program: {type(why).__name__}: {why}") from why


def save(kernel: Kernel, folder: Path) -> dict[str, Any]:
    """Writes the file of one vendor (mode 0600, at once or not at all); tells ``file`` and ``left_behind``.

    Raises ``StateError`` if it cannot be written.
    """
    file = state_file(folder, kernel)
    content = dump(kernel)
    partial = file.with_suffix(".partial")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        partial.write_bytes(content)
        partial.replace(file)
    except OSError as why:
        raise StateError(f"{file} cannot be written ({why.strerror}); name a folder of yours") from why
    return {"file": str(file), "left_behind": left_behind(kernel)}


def load(kernel: Kernel, folder: Path) -> bool:
    """Fills a fresh kernel from the file of its vendor, if there is one; answers whether there was. See ``restore``."""
    file = state_file(folder, kernel)
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return False
    except OSError as why:
        raise StateError(f"{file} cannot be read ({why.strerror})") from why
    restore(kernel, content, name=str(file))
    return True


def left_behind(kernel: Kernel) -> list[str]:
    """What of this kernel no file can hold, in words; empty where that is nothing."""
    told = [f"armed fault {fault.name}" for fault in kernel.faults.armed if fault.times > 0]
    if kernel.faults.undo:
        told.append(f"the way back from {len(kernel.faults.undo)} lasting faults")
    return told + _vendor(kernel).left_behind(kernel)


def _digest(held: bytes) -> str:
    return blake2b(held, digest_size=16).hexdigest()


def _read(content: bytes, *, vendor: str, name: str) -> dict[str, Any]:
    try:
        told = orjson.loads(content)
    except orjson.JSONDecodeError as why:
        raise StateError(f"{name} is damaged: {why}") from why
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise StateError(f"{name} is no saved state of a stand-in")
    if told.get("version") != VERSION:
        raise StateError(
            f"{name} is of version {told.get('version')}, and this program reads version {VERSION}: "
            "make it anew, or use the program it was made with"
        )
    if told.get("vendor") != vendor:
        raise StateError(f"{name} is a state of {told.get('vendor')}, not of {vendor}")
    whole = {"clock", "beside", "digest", "held"} <= told.keys()
    if not whole or _digest(orjson.dumps(told["held"])) != told["digest"]:
        raise StateError(f"{name} is damaged: its content is not what was saved")
    return told
