"""`proximity share`: show what would leave for tracing, ask, and only then send it."""

import secrets
import time
from contextlib import closing
from dataclasses import asdict, replace
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
)
from proximity.cli.home import HomeOption, open_home, store_file
from proximity.client.network import HttpNetwork, split_http_url
from proximity.client.notification import languages, load_texts
from proximity.client.report import hand_over
from proximity.client.run_settings import read_settings
from proximity.client.sharing import (
    Asked,
    SharedDay,
    SharingPlan,
    list_shared_days,
    plan_case,
    plan_contact,
)
from proximity.client.sharing_door import (
    Outcome,
    ShareBox,
    hand_in,
    open_token,
    with_package,
)
from proximity.client.submission import AuthorityAddress, SealedBox
from proximity.errors import NothingStoredError
from proximity.protocol.sharing import CasePackage, sign_package
from proximity.units import iso_day


# One parameter for each option: Typer reads them from the signature.
def share(  # noqa: PLR0913
    *,
    token: Annotated[
        str, typer.Option(help="The token that your health authority gave you.")
    ],
    to: Annotated[str, typer.Option(metavar="URL", help="Address of the authority.")],
    days: Annotated[
        str | None,
        typer.Option(
            metavar="FROM..TO",
            help="Share these UTC days alone, as YYYY-MM-DD..YYYY-MM-DD.",
        ),
    ] = None,
    warn_contacts: Annotated[
        bool,
        typer.Option("--warn-contacts", help="A contact: also warn your own contacts."),
    ] = False,
    device_key: DeviceKeyOption = "",
    health_authority: HealthAuthorityOption = "org.proximity",
    language: Annotated[
        str | None, typer.Option(help="Language: vi or en; else that of the home.")
    ] = None,
    home: HomeOption = None,
    yes: YesOption = False,
    as_json: JsonFlag = False,
) -> None:
    """Share what tracing of one case needs: shown day by day, sent after your yes."""
    now_s = time.time()
    chosen = None if days is None else parse_days(days)
    if language is not None and language not in languages():
        raise typer.BadParameter(f"give one of {', '.join(languages())}: --language")
    split_http_url(to)
    if not store_file(home).exists():
        raise NothingStoredError(
            "This device has no store yet, so it has nothing to share.",
            "Name its folder with --home.",
        )
    folder = store_file(home).parent
    texts = load_texts(language or read_settings(folder).language)["share"]
    authority = AuthorityAddress(to, device_key, health_authority)
    poster = HttpNetwork()
    connection, sealing = open_home(home)
    with closing(connection):
        box = ShareBox(folder, sealing)
        pending = box.begin(token, secrets.token_bytes)
        if pending.package:
            # The person said yes before; the authority's answer did not arrive.
            outcome = hand_in(poster, authority, box, pending)
            _tell(None, outcome, texts, as_json=as_json)
            return
        asked = _narrowed(open_token(poster, authority, pending), chosen)
        if asked.kind == "case":
            plan = plan_case(
                connection,
                sealing,
                asked,
                asked.days,
                now_s=now_s,
                revision_token=SealedBox(folder, sealing).revision_token(),
            )
        else:
            plan = plan_contact(
                connection, sealing, asked, warn=warn_contacts, now_s=now_s
            )
        _show(plan, asked, texts)
        if not yes and as_json:
            emit_json("proximity/share/v1", _fields(plan, None))
            return
        if not yes:
            ask_first(texts["question"], "Nothing was shared.")
        pending = with_package(pending, sign_package(plan.package, pending.signing_key))
        hand_over(
            connection,
            sealing,
            plan.report,
            box.path,
            data=box.seal(pending),
            entropy=secrets.token_bytes,
        )
        outcome = hand_in(poster, authority, box, pending)
    _tell(plan, outcome, texts, as_json=as_json)


def _narrowed(asked: Asked, chosen: range | None) -> Asked:
    if chosen is None:
        return asked
    days = range(max(asked.days.start, chosen.start), min(asked.days.stop, chosen.stop))
    if not days:
        raise typer.BadParameter(
            "the authority asks for "
            f"{iso_day(asked.days[0])}..{iso_day(asked.days[-1])}",
            param_hint="--days",
        )
    return replace(asked, days=days)


def _show(plan: SharingPlan, asked: Asked, texts: dict[str, Any]) -> None:
    """List what would leave; on standard error, also where the result is JSON."""
    note(texts[asked.kind].format(case=asked.address.case))
    for day in list_shared_days(plan):
        note(f"  {_line(day, plan, texts)}")
    note(texts["stays"])


def _line(day: SharedDay, plan: SharingPlan, texts: dict[str, Any]) -> str:
    is_case = isinstance(plan.package, CasePackage)
    values = asdict(day) | {"date": iso_day(day.day)}
    line: str = texts["case_day" if is_case else "contact_day"].format(**values)
    if day.warned:
        line += texts["warned"].format(**values)
    return line


def _tell(
    plan: SharingPlan | None,
    outcome: Outcome,
    texts: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    if as_json:
        emit_json("proximity/share/v1", _fields(plan, outcome))
        return
    say(texts["taken"])
    if outcome.verdict is not None:
        say(texts["close" if outcome.close else "not_close"])


def _fields(plan: SharingPlan | None, outcome: Outcome | None) -> dict[str, Any]:
    days = () if plan is None else list_shared_days(plan)
    return {
        "shared": outcome is not None,
        "resumed": plan is None,
        "days": [asdict(day) | {"day": iso_day(day.day)} for day in days],
        "outcome": None if outcome is None else asdict(outcome),
    }
