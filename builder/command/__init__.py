"""The command `onpage`: parse, call the library, print.

Results on stdout (`--json` for programs), progress and errors on stderr. Exit 0 done, 1 could not be done (one sentence
says why), 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from builder import __version__
from builder.command.convert import convert
from builder.command.evaluate_demo import evaluate_demo
from builder.command.inspect import inspect
from builder.command.serve import serve
from builder.command.synth import synth
from builder.errors import OnpageError

INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="onpage")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Build, serve and measure Gemma running entirely inside a web page.

    \b
    Example:
      onpage serve                                   the page, with the demo model
      onpage convert my-gemma -o my-gemma-web.task   your own checkpoint for the browser
      onpage serve --model my-gemma-web.task         the page, with your model
    """
    context.obj = debug


for command in (serve, convert, synth, inspect, evaluate_demo):
    cli.add_command(command)


def main() -> None:
    """The console script."""
    signal.signal(signal.SIGTERM, _terminate)
    debug = "--debug" in sys.argv
    try:
        code = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OnpageError as error:
        if debug:
            raise
        click.echo(f"onpage: {error}", err=True)
        sys.exit(1)
    except (click.Abort, KeyboardInterrupt):
        click.echo("onpage: interrupted; nothing was left behind.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # `onpage inspect … | head`
        sys.stderr.close()
        sys.exit(1)
    except MemoryError:
        click.echo("onpage: out of memory.", err=True)
        sys.exit(1)
    except Exception as error:
        if debug:
            raise
        click.echo(
            f"onpage: unexpected {type(error).__name__}: {error}. Please report it with `onpage --debug …`.", err=True
        )
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


def _terminate(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends the work as Ctrl-C does: half-written files are removed."""
    raise KeyboardInterrupt
