"""`proximity report`: hand out the keys of chosen days, after asking."""

import secrets
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from proximity.cli.console import JsonFlag, emit_json, say
from proximity.cli.handing_out import (
    DeviceKeyOption,
    HealthAuthorityOption,
    YesOption,
    ask_first,
    note,
    parse_days,
    wrong_days,
)
from proximity.cli.home import HomeOption, open_home, store_file
from proximity.cli.report_upload import (
    Upload,
    begin_upload,
    check_address,
    finish_upload,
)
from proximity.client.report import (
    MAX_DAYS_BACK,
    Report,
    ReportedDay,
    hand_out,
    list_days,
    plan_report,
)
from proximity.client.submission import AuthorityAddress
from proximity.errors import NothingStoredError
from proximity.protocol.key_file import MAX_ONSET_DISTANCE_DAYS
from proximity.store.own_keys import list_keys
from proximity.units import (
    DAY_S,
    INTERVALS_PER_DAY,
    day_from_iso,
    day_of,
    interval_of,
    iso_day,
)


# One parameter for each option: Typer reads them from the signature.
def report(  # noqa: PLR0913
    *,
    days: Annotated[
        str,
        typer.Option(
            metavar="FROM..TO",
            help="First and last UTC day, as YYYY-MM-DD..YYYY-MM-DD.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", dir_okay=False, help="Write the keys here."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Upload the keys to this authority instead."),
    ] = None,
    code: Annotated[
        str | None, typer.Option(help="The code that the authority gave you.")
    ] = None,
    device_key: DeviceKeyOption = "",
    health_authority: HealthAuthorityOption = "org.proximity",
    onset: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="UTC day on which symptoms began."),
    ] = None,
    home: HomeOption = None,
    yes: YesOption = False,
    as_json: JsonFlag = False,
) -> None:
    """Hand out this device's keys of some days, for a health authority to publish."""
    now_s = time.time()
    today = day_of(now_s)
    chosen = _chosen_days(days, today)
    onset_day = None if onset is None else _parse_onset(onset, chosen, today)
    destination = _destination(
        output, to, code, AuthorityAddress("", device_key, health_authority)
    )
    if not store_file(home).exists():
        raise NothingStoredError(
            "This device has no store yet, so it has no keys.",
            "Name its folder with --home.",
        )
    connection, sealing = open_home(home)
    folder = store_file(home).parent
    with closing(connection):
        if isinstance(destination, Upload):
            inserted = finish_upload(destination, folder, sealing)
            if inserted is not None:
                _tell_upload(None, inserted, as_json=as_json)
                return
        own_keys = list_keys(connection, sealing, chosen.start * INTERVALS_PER_DAY)
        plan = plan_report(own_keys, chosen, now_interval=interval_of(now_s))
        _show(plan, onset)
        if not yes:
            ask_first("Hand out these keys?", "Nothing was handed out.")
        if isinstance(destination, Upload):
            inserted = begin_upload(
                destination, folder, plan, connection=connection, sealing=sealing
            )
            _tell_upload(plan, inserted, as_json=as_json)
            return
        hand_out(
            connection,
            sealing,
            plan,
            destination,
            onset_day=onset_day,
            entropy=secrets.token_bytes,
        )
    if as_json:
        emit_json("proximity/report/v1", _fields(plan, destination))
    else:
        say(f"Wrote {destination}. Hand it to your health authority, then delete it.")


def _destination(
    output: Path | None, url: str | None, code: str | None, named: AuthorityAddress
) -> Upload | Path:
    """Return where the keys go: a file, or an authority."""
    if output is not None and url is None:
        _check_output(output)
        return output
    if url is not None and output is None:
        check_address(url)
        return Upload(replace(named, url=url), code)
    raise typer.BadParameter("give a file with -o, or an authority with --to")


def _tell_upload(plan: Report | None, inserted: int, *, as_json: bool) -> None:
    if not as_json:
        say(f"The authority has the keys; {inserted} of them are new to it.")
        return
    days = [] if plan is None else [_day_fields(day) for day in list_days(plan)]
    fields = {"inserted": inserted, "resumed": plan is None, "days": days}
    emit_json("proximity/report-upload/v1", fields)


def _chosen_days(text: str, today: int) -> range:
    days = parse_days(text)
    if days[-1] > today:
        raise wrong_days("the last day is in the future")
    if days[0] < today - MAX_DAYS_BACK:
        raise wrong_days(f"keys are kept for {MAX_DAYS_BACK} days")
    return days


def _parse_onset(text: str, chosen: range, today: int) -> int:
    try:
        onset_day = day_from_iso(text)
    except ValueError as error:
        raise _wrong_onset("give a day as YYYY-MM-DD") from error
    if onset_day > today:
        raise _wrong_onset("the day is in the future")
    farthest = max(abs(day - onset_day) for day in (chosen[0], chosen[-1]))
    if farthest > MAX_ONSET_DISTANCE_DAYS:
        raise _wrong_onset(
            f"a reported day is more than {MAX_ONSET_DISTANCE_DAYS} days from it"
        )
    return onset_day


def _check_output(output: Path) -> None:
    # The finished file takes the place of what is there: a pipe or a device would
    # be gone, not written to.
    if output.exists() and not output.is_file():
        raise typer.BadParameter("that is not a file", param_hint="--output")


def _wrong_onset(why: str) -> typer.BadParameter:
    return typer.BadParameter(why, param_hint="--onset")


def _show(plan: Report, onset: str | None) -> None:
    """List what would leave; on standard error, also where the result is JSON."""
    note("What would leave this device (times UTC):")
    for day in list_days(plan):
        keys = "1 key" if day.keys == 1 else f"{day.keys} keys"
        again = ", handed out before" if day.again else ""
        note(
            f"  {iso_day(day.day)}  {keys}, IDs of {_clock(day, day.start_s)} to "
            f"{_clock(day, day.end_s)}{again}"
        )
    if onset is not None:
        note(f"  and that symptoms began on {onset}")
    note("Once they are published, anyone can recognise the IDs of these hours.")


def _fields(plan: Report, output: Path) -> dict[str, Any]:
    return {
        "file": str(output),
        "keys": len(plan.keys),
        "days": [_day_fields(day) for day in list_days(plan)],
    }


def _day_fields(day: ReportedDay) -> dict[str, Any]:
    return {
        "day": iso_day(day.day),
        "keys": day.keys,
        "start": day.start_s,
        "end": day.end_s,
        "again": day.again,
    }


def _clock(day: ReportedDay, t_s: int) -> str:
    # Counted from the day's begin, so that its end reads 24:00.
    elapsed_s = t_s - day.day * DAY_S
    return f"{elapsed_s // 3_600:02}:{elapsed_s % 3_600 // 60:02}"
