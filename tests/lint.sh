#!/bin/sh
# Looks at the Python that runs in containers: ruff (rules and format) and mypy, of these versions, with `uvx` or in a virtual environment
# below target/ that is made here.
set -eu
cd "$(dirname "$0")/.."

RUFF=0.17.6
MYPY=2.4.1

if command -v uvx >/dev/null; then
    ruff="uvx ruff@$RUFF"
    mypy="uvx mypy@$MYPY"
else
    tools=$PWD/target/lint-$RUFF-$MYPY
    if [ ! -x "$tools/bin/mypy" ]; then
        if ! python3 -c 'import ensurepip, venv' 2>/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            echo "installing python3-venv: ruff and mypy are installed with it" >&2
            apt-get update -q >/dev/null
            DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3 python3-venv >/dev/null
        fi
        if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
            echo "error: neither uvx nor python3 with venv is here, so the Python in images/runtime is not looked at" >&2
            echo "hint: install uv, or sudo apt-get install python3-venv" >&2
            exit 1
        fi
        rm -rf "$tools"
        python3 -m venv "$tools"
        "$tools/bin/pip" install -q --disable-pip-version-check "ruff==$RUFF" "mypy==$MYPY"
    fi
    ruff=$tools/bin/ruff
    mypy=$tools/bin/mypy
fi

cd images/runtime
$ruff check -q .
$ruff format -q --check .
$ruff check -q --config pyproject.toml --ignore RUF059,E402,E501 ../../tests/runtime
$ruff format -q --check --config pyproject.toml ../../tests/runtime
$mypy
$ruff check -q --config pyproject.toml ../profile
$ruff format -q --check --config pyproject.toml ../profile
$ruff check -q --config pyproject.toml --ignore B,C4,E402,E501 ../../tests/profiler
$ruff format -q --check --config pyproject.toml ../../tests/profiler
$mypy ../profile/parity_profile/reader.py ../profile/parity_profile/watched.py
