"""The `proximity` command: gathers the commands, turns errors into exit codes."""

import os
import sys
from importlib import import_module
from io import TextIOWrapper

import typer

from proximity.cli.console import report_error
from proximity.errors import FileAccessError, ProximityError

# Each is a module here, with a function of its name or a group of commands, `app`.
COMMANDS = (
    "run",
    "doctor",
    "record",
    "audit",
    "demo",
    "evaluate",
    "export",
    "forget",
    "ids",
    "match",
    "report",
    "research",
    "share",
    "score",
    "authority",
)


def load_app(name: str | None = None) -> typer.Typer:
    """Return the command line; with one command alone, the others are not imported.

    Parameters
    ----------
    name : str | None
        One of `COMMANDS`; anything else loads all of them.
    """
    app = typer.Typer(
        name="proximity",
        help="An open contact-detection engine in the style of Bluezone.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(root)
    for each in (name,) if name in COMMANDS else COMMANDS:
        module = import_module(f"proximity.cli.{each}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=each)
        else:
            app.command(each)(vars(module)[str(each)])
    return app


def root() -> None:
    """Detect contacts over Bluetooth LE, on the device itself."""


def main() -> None:
    """Run the command line; exit 0 done, 1 a named error, 2 wrong usage."""
    # JSON is UTF-8, and names are Vietnamese, whatever the locale of the terminal.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    try:
        load_app(next(iter(sys.argv[1:]), None))()
    except ProximityError as error:
        report_error(error, as_json="--json" in sys.argv)
        sys.exit(1)
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not flush into it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        report_error(_refused(error), as_json="--json" in sys.argv)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _refused(error: OSError) -> FileAccessError:
    place = f" ({error.filename})" if error.filename else ""
    return FileAccessError(
        f"The system refuses: {error.strerror or 'no access'}{place}.",
        "Check permissions, and room on the disk and in the temporary folder.",
    )
