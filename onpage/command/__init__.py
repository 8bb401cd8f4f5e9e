"""The command `onpage`: parse, call the library, print.

Results on stdout (`--json` for programs), progress and errors on stderr. Exit 0 done, 1 could not be done (one sentence
says why), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from io import TextIOWrapper
from pathlib import Path

import click

from builder import __version__
from builder.errors import OnpageError
from onpage.command.console import printable, say
from onpage.command.group import Commands
from onpage.command.interrupts import handle_ending_signals
from onpage.extras import extra_of, needs

INTERRUPTED = 130

PLACES = {
    "serve": "serve:serve",
    "gemma": "gemma:gemma",
    "export": "export:export",
    "models": "models:models",
    "fetch": "fetch:fetch",
    "import": "store:import_",
    "remove": "store:remove",
    "verify": "store:verify",
    "convert": "convert:convert",
    "slice": "slice:slice_",
    "tune": "tune:tune",
    "bundle": "bundle:bundle",
    "synth": "synth:synth",
    "inspect": "inspect:inspect",
    "estimate": "estimate:estimate",
    "audit": "audit:audit",
    "evaluate": "evaluate:evaluate",
    "evaluate-demo": "evaluate_demo:evaluate_demo",
    "evaluate-posts": "evaluate_posts:evaluate_posts",
    "bench": "bench:bench",
}


@click.group(
    cls=Commands, places=PLACES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="onpage")
@click.option("--debug", is_flag=True, help="Show the traceback of an error. Goes before the command.")
def cli(debug: bool) -> None:
    """Build, serve and measure Gemma running entirely inside a web page.

    \b
    Example:
      onpage serve                                   serve the page with the demo model
      onpage fetch gemma3-1b-int4                    download a published model into the store
      onpage convert my-gemma -o my-gemma-web.task   convert your own checkpoint
      onpage serve --model my-gemma-web.task         serve the page with your model
    """


def main() -> None:
    """Runs the command, and exits with its status."""
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # the code pages of Windows lack most characters
            stream.reconfigure(errors="replace")
    handle_ending_signals()
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        _show(error)
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt) as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C has nothing left to stop
        say(_reason(error) or "interrupted; nothing half-written was left behind.")
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `onpage inspect … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        say(_sentence(error))
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _open_what_is_closed() -> None:
    """Python has None for a stream that was closed before it began (`onpage … >&-`)."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  for as long as the process


def _reason(error: BaseException | None) -> str:
    """What an interrupt says, or what it was raised from: click wraps it once more. Empty where none of them says anything."""
    while error is not None and not str(error):
        error = error.__cause__
    return "" if error is None else str(error)


def _show(error: click.ClickException) -> None:
    """As click does, but what it quotes of what was typed is not obeyed by the terminal."""
    lines = io.StringIO()
    error.show(lines)
    for line in lines.getvalue().splitlines():
        print(printable(line), file=sys.stderr)


def _sentence(error: Exception) -> str:
    if isinstance(error, OnpageError):
        return str(error)
    if isinstance(error, ModuleNotFoundError) and (extra := extra_of(error)):  # imported where no command expects it
        return str(needs(error, extra))
    if isinstance(error, OSError):
        return f"{error.filename or 'The output'} cannot be used: {error.strerror or error}."
    if isinstance(error, MemoryError):
        return "Out of memory."
    return f"Unexpected {type(error).__name__}: {error}. Please report it with the output of `onpage --debug …`."
