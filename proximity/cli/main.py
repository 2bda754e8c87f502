"""The `proximity` command: gathers the commands, turns errors into exit codes."""

import sys
from io import TextIOWrapper

import typer

from proximity.cli import (
    audit,
    authority,
    demo,
    doctor,
    export,
    forget,
    ids,
    match,
    record,
    report,
    run,
    score,
)
from proximity.cli.console import report_error
from proximity.errors import ProximityError

app = typer.Typer(
    name="proximity",
    help="An open contact-detection engine in the style of Bluezone.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def root() -> None:
    """Detect contacts over Bluetooth LE, on the device itself."""


app.command("audit")(audit.audit)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.add_typer(export.app, name="export")
app.command("forget")(forget.forget)
app.command("ids")(ids.ids)
app.command("match")(match.match)
app.command("record")(record.record)
app.command("report")(report.report)
app.command("run")(run.run)
app.command("score")(score.score)
app.add_typer(authority.app, name="authority")


def main() -> None:
    """Run the command line; exit 0 done, 1 a named error, 2 wrong usage."""
    # JSON is UTF-8, and names are Vietnamese, whatever the locale of the terminal.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8")
    try:
        app()
    except ProximityError as error:
        report_error(error, as_json="--json" in sys.argv)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
