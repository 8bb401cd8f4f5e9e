"""`python -m onpage` is the command `onpage`."""

from __future__ import annotations

import sys


def main() -> None:
    """The console script. Loading the command takes a moment, in which Ctrl-C may come too."""
    try:
        from onpage.command import main as command
    except KeyboardInterrupt:
        print("onpage: interrupted.", file=sys.stderr)
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
