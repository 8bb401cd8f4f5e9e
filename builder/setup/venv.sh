#!/bin/sh
# Creates .venv with the Python that is given. Debian splits venv off its Python: where it is missing, root installs it.
set -eu
python=$1

command -v "$python" >/dev/null || { echo "onpage: $python was not found: install Python 3.11 or newer." >&2; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "onpage: $("$python" --version) is too old: install Python 3.11 or newer, or say PYTHON=python3.12." >&2
    exit 1
}
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "Installing python3-venv …"
        apt-get -qq update && apt-get -qq install -y python3-venv >/dev/null
    else
        echo "onpage: $python cannot make virtual environments: run apt-get install python3-venv." >&2
        exit 1
    fi
fi
echo "Creating .venv …"
"$python" -m venv .venv
