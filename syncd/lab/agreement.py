"""How far both systems agree, computed from their own exports and the mapping, never from syncd's store.

    python -m syncd.lab.agreement --config DIR --marketing FILE --crm FILE [--listed FILE] [--json]

Prints per kind how many records are paired and how many of their values mean the same; what is listed for a person
(conflicts, parked fields, held duplicates, deleted counterparts) and what the mapping leaves apart are shown by
themselves. Exit 0 only if everything else agrees, 1 if anything does not (records and fields are named, values only on
the terminal of whoever asked), 2 if an input cannot be used.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from syncd.bootstrap import read_config
from syncd.lab.exports import Export, context_of, living
from syncd.lab.judge import Judge, Verdict
from syncd.lab.listed import Listed, read_listed
from syncd.model.errors import BadUsage, SyncdError
from syncd.model.mapping import KindMapping
from syncd.model.values import FieldType, Pair

SHOWN = 40


def agreement(kinds: Sequence[KindMapping], exports: Pair[Export], listed: Listed) -> list[Verdict]:
    """The verdict on every kind, in their order.

    :param kinds: those that others refer to first, as ``Connection.kinds`` has them.
    :param exports: ``{object: [row, ...]}`` per side; marketing with ``owners`` if owners are mapped.
    :raises BadUsage: if an export lacks something that the mapping needs.
    """
    if any(mapping.type is FieldType.OWNER for kind in kinds for mapping in kind.fields):
        if "owners" not in exports.marketing:
            raise BadUsage("the marketing export holds no owners, but an owner is mapped; add the owners API's rows")
        if "User" not in exports.crm:
            raise BadUsage("the crm export holds no User, but an owner is mapped; give the whole export of that side")
    judge = Judge(context_of(exports.marketing, exports.crm), listed)
    by_name = {kind.kind: kind for kind in kinds}
    return [judge.judge(kind, living(kind, exports, by_name)) for kind in kinds]


def holds(verdicts: Sequence[Verdict]) -> bool:
    """Whether all that is not listed agrees."""
    return not any(verdict.flaws for verdict in verdicts)


def as_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The verdicts for machines: figures, reasons and record names, no values."""
    return {
        "agrees": holds(verdicts),
        "kinds": [
            {
                "kind": verdict.kind,
                "pairs": verdict.pairs,
                "agreeing": verdict.agreeing,
                "share": verdict.share,
                "listed": dict(sorted(verdict.listed.items())),
                "apart": dict(sorted(verdict.apart.items())),
                "fields": {name: dict(tally) for name, tally in verdict.by_field.items()},
                "disagreements": [
                    {key: value for key, value in asdict(flaw).items() if key != "values"} for flaw in verdict.flaws
                ],
            }
            for verdict in verdicts
        ],
    }


def as_text(verdicts: Sequence[Verdict]) -> str:
    """The verdicts for a person, disagreements with their values."""
    lines: list[str] = []
    for verdict in verdicts:
        judged = verdict.agreeing + len(verdict.flaws)
        share = _percent(verdict)
        lines.append(f"{verdict.kind}: {verdict.pairs} pairs; {verdict.agreeing} of {judged} agree ({share})")
        lines += [f"  listed: {number} {why}" for why, number in sorted(verdict.listed.items())]
        lines += [f"  apart:  {number} {why}" for why, number in sorted(verdict.apart.items())]
        for flaw in verdict.flaws[:SHOWN]:
            name = f" {flaw.field}" if flaw.field else ""
            values = f": {flaw.values.marketing!r} | {flaw.values.crm!r}" if flaw.field else ""
            lines.append(f"  DISAGREES {' '.join(flaw.refs)}{name} {flaw.what}{values}")
        if len(verdict.flaws) > SHOWN:
            lines.append(f"  ... and {len(verdict.flaws) - SHOWN} more; --json names all of them")
    lines.append("both systems agree on all that is not listed" if holds(verdicts) else "the systems do not agree")
    return "\n".join(lines)


def _percent(verdict: Verdict) -> str:
    """Never rounded up to 100 %."""
    return "100 %" if not verdict.flaws else f"{min(verdict.share, 0.9999):.2%}"


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] | None = None) -> int:
    """The program; returns its exit code."""
    parser = argparse.ArgumentParser(prog="syncd.lab.agreement", description="How far two exports agree.")
    parser.add_argument("--config", type=Path, required=True, help="folder of syncd.yaml")
    parser.add_argument("--connection", help="name of the connection, if there are several")
    parser.add_argument("--marketing", type=Path, required=True, help="export of the marketing side, JSON")
    parser.add_argument("--crm", type=Path, required=True, help="export of the CRM side, JSON")
    parser.add_argument("--listed", type=Path, help="what waits for a person, JSON")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_args(arguments)
    try:
        kinds = read_config(asked.config, os.environ if environ is None else environ).connection(asked.connection)
        listed = read_listed(_read(asked.listed)) if asked.listed else Listed()
        exports = Pair(_read(asked.marketing), _read(asked.crm))
        verdicts = agreement(kinds.connection.kinds, exports, listed)
    except SyncdError as trouble:
        print(trouble, file=sys.stderr)  # noqa: T201 - a program's own standard error
        return trouble.exit_code
    text = orjson.dumps(as_json(verdicts), option=orjson.OPT_INDENT_2).decode() if asked.json else as_text(verdicts)
    print(text)  # noqa: T201 - a program's own standard output
    return 0 if holds(verdicts) else 1


def _read(path: Path) -> Any:  # noqa: ANN401 - JSON
    try:
        return orjson.loads(path.read_bytes())
    except OSError as why:
        raise BadUsage(f"{path} cannot be read ({why.strerror}); give a file that is there") from why
    except orjson.JSONDecodeError as why:
        raise BadUsage(f"{path} is no JSON ({why}); give an export as `syncd sandbox --export` writes it") from why


if __name__ == "__main__":
    sys.exit(main())
