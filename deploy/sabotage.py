"""Plays deliberately wrong versions of the code (``deploy/wrong.py``) and says which of them the tests killed.

``python -m deploy.sabotage [LIST ...] [--only NAME ...] [--sample N]``: the lists are files of ``tests/sabotage``
without their ending, all of them by default; ``--sample`` takes a third of those that break a promise, each promise
among them, and N of the others, chosen by the hash of the sources, so that another change plays others. Exit code 0 if
every one was killed, 1 if one survived, 2 if an entry is flawed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence

from deploy.wrong import LISTS, Flawed, Verdict, drawn, listed, played


def main(arguments: Sequence[str]) -> int:
    """Plays what was asked for, a line each. Returns the exit code."""
    asked = _asked(arguments)
    try:
        wrongs = [wrong for name in asked.lists or _all_lists() for wrong in listed(LISTS / f"{name}.yaml")]
        if asked.only:
            wrongs = [wrong for wrong in wrongs if wrong.name in asked.only]
        if asked.sample is not None:
            wrongs = [wrongs[place] for place in drawn([wrong.promise for wrong in wrongs], asked.sample)]
        for wrong in wrongs:
            wrong.text()
    except Flawed as flaw:
        print(flaw, file=sys.stderr)
        return 2
    verdicts = []
    for verdict in played(wrongs):
        print(_line(verdict), flush=True)
        verdicts.append(verdict)
    counted = Counter(verdict.ending for verdict in verdicts)
    for verdict in verdicts:
        if verdict.ending != "killed":
            print(f"    {verdict.ending}: {verdict.wrong.name}")
    print(f"{counted['killed']} of {len(verdicts)} wrong versions were killed")
    return 2 if counted["flawed"] else 1 if counted["survived"] else 0


def _all_lists() -> list[str]:
    return sorted(file.stem for file in LISTS.glob("*.yaml"))


def _asked(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.sabotage", description=__doc__)
    parser.add_argument("lists", nargs="*", metavar="LIST", choices=[[], *_all_lists()])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these entries")
    parser.add_argument("--sample", type=int, metavar="N", help="a third of those of a promise, and so many others")
    return parser.parse_args(arguments)


def _line(verdict: Verdict) -> str:
    wrong = verdict.wrong
    told = f"{verdict.ending:8}  {verdict.seconds:5.1f} s  {wrong.name}: {wrong.says}"
    if verdict.ending == "killed":
        return f"{told} <- {verdict.by[0].rpartition('::')[2]}"
    return f"{told}\n    in {wrong.file}, by {', '.join(wrong.tests)}\n{verdict.told[-1500:]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
