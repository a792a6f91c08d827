#!/bin/sh
# Is this Python good enough to make a virtual environment with? Say what to install if not.
python="$1"
if ! command -v "$python" >/dev/null 2>&1; then
  echo "No '$python' here. Tidewalk needs Python 3.11 or newer; on Debian: apt-get install python3 python3-venv" >&2
  echo "If it has another name: make demo PYTHON=python3.12" >&2
  exit 1
fi
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "$("$python" --version) is too old: Tidewalk needs 3.11 or newer. If one is installed: make demo PYTHON=python3.11" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
  echo "This Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2
  exit 1
fi
