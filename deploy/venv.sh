#!/bin/sh
# Makes the virtual environment named as the only argument: every library at the version and hash of
# requirements-dev.lock, then the project itself, editable. Uses uv where it is on PATH, else venv and pip.
# The build backend comes from the lock as well, so nothing is fetched that the lock does not name.
# Quiet unless something fails. PYTHON chooses the interpreter; without it the system's own is taken if it will do, else
# python3 of PATH. Distributions build theirs with optimisations that one built by hand seldom has: a scenario of the
# simulation takes 0.40 s of a processor with Debian's, 0.52 s with one built without them.
set -eu

venv=$1

will_do() {
    "$1" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

python=${PYTHON:-python3}
if [ -z "${PYTHON:-}" ] && will_do /usr/bin/python3; then
    python=/usr/bin/python3
fi

stop() {
    printf 'syncd: %s\n' "$@" >&2
    exit 1
}

command -v "$python" >/dev/null 2>&1 ||
    stop "no '$python' on PATH. Install Python 3.11 or newer (Debian: apt install python3 python3-venv)," \
        "or name one: make PYTHON=/path/to/python3"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "$("$python" --version 2>&1) is too old; syncd needs 3.11 or newer." \
        "Name a newer one: make PYTHON=python3.11"

if command -v uv >/dev/null 2>&1; then
    printf 'syncd: installing the locked libraries into %s (uv) ...\n' "$venv" >&2
    uv venv --quiet --allow-existing --no-python-downloads --python "$python" "$venv"
    uv pip install --quiet --python "$venv/bin/python" --require-hashes -r requirements-dev.lock
    uv pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
else
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        stop "'$python' cannot make virtual environments: its modules venv and ensurepip are missing." \
            "Install them (Debian: apt install python3-venv) or install uv, then run make again."
    printf 'syncd: installing the locked libraries into %s (pip; about a minute) ...\n' "$venv" >&2
    "$python" -m venv "$venv"
    pip() {
        "$venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input "$@"
    }
    pip install --require-hashes -r requirements-dev.lock
    pip install --no-deps --no-build-isolation --editable .
fi
