#!/bin/sh
# Says what is missing where there is no usable Node.
set -eu
command -v node >/dev/null && command -v npm >/dev/null || {
    echo "onpage: node and npm were not found: install Node 20 or newer." >&2
    exit 1
}
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' || {
    echo "onpage: Node $(node --version) is too old: install Node 20 or newer." >&2
    exit 1
}
