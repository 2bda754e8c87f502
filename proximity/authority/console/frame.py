"""Templates of all features, and what every one of them can use."""

import hashlib
import mimetypes
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from proximity.authority.accounts.model import Action, Area, Level, Unit
from proximity.authority.console.catalogue import FEATURES, load_catalogue
from proximity.authority.console.registry import PREFIX, Group, Kind, Page, Registry
from proximity.authority.console.visit import Visit
from proximity.authority.local_form import (
    clock_time,
    days,
    decimal,
    grouped,
    local_day,
    moment,
)
from proximity.units import iso_day


class StaticFile(NamedTuple):
    """A file that browsers keep: its address changes with its content."""

    content: bytes
    media_type: str
    version: str


@cache
def static_files(features: Path = FEATURES) -> Mapping[str, StaticFile]:
    """Return every file of a feature's folder `static`, by its address."""
    found = {}
    for folder in sorted(features.glob("*/static")):
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = f"{folder.parent.name}/{file.relative_to(folder).as_posix()}"
            content = file.read_bytes()
            kind = mimetypes.guess_type(file.name)[0] or "text/plain"
            version = hashlib.sha256(content).hexdigest()[:12]
            found[name] = StaticFile(content, kind, version)
    return found


@cache
def environment(features: Path = FEATURES) -> Environment:
    """Return the templates; everything is escaped, and what is missing is an error."""
    loaders = [FileSystemLoader(each) for each in sorted(features.glob("*/templates"))]
    made = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"static": _static, "prefix": PREFIX, "Unit": Unit}
    return made


def render(
    visit: Visit,
    registry: Registry,
    *,
    template: str,
    page: Page | None,
    context: Mapping[str, Any],
) -> str:
    """Return a page as text.

    Parameters
    ----------
    visit : Visit
    registry : Registry
        Of which the navigation shows what the visitor may.
    template : str
    page : Page | None
        None for the page of a refusal.
    context : mapping
        Of the page's own; it comes first.
    """
    offset_s = 60 * visit.authority.settings.utc_offset_min
    shared = {
        "t": visit.t,
        "csrf": Markup('<input type="hidden" name="csrf" value="{}">').format(
            visit.form_token
        ),
        "visit": visit,
        "officer": visit.officer,
        "language": visit.language,
        "page_name": page.name if page else "refused",
        # What an act shows is shown once: another language would ask for it anew.
        "is_act": page is not None and page.kind is Kind.ACT,
        "navigation": navigation(visit, registry),
        "knows": load_catalogue().__contains__,
        "moment": lambda t_s: moment(t_s, offset_s, visit.language),
        "day": lambda number: local_day(iso_day(number), visit.language),
        "date": lambda iso: local_day(iso, visit.language) if iso else "",
        "iso": iso_day,
        "span": lambda first, last: days(first, last, visit.language),
        "time_of_day": lambda t_s: clock_time(t_s, offset_s),
        "may": lambda text, unit=None: visit.may(action_of(text), unit),
        "number": lambda value: grouped(value, visit.language),
        "decimal": lambda value: decimal(value, visit.language),
    }
    return environment().get_template(template).render({**shared, **context})


def navigation(visit: Visit, registry: Registry) -> list[tuple[Group, list[Page]]]:
    """Return the groups of pages that the visitor may open."""
    session = visit.session
    if session is None or session.is_enrolling:
        return []
    groups = []
    for group in Group:
        pages = [
            page
            for page in registry.listed(group)
            if page.needs is None or visit.may(page.needs)
        ]
        if pages:
            groups.append((group, pages))
    return groups


def action_of(text: str) -> Action:
    """Return the action that a template names, for example "cases.write"."""
    area, _, level = text.partition(".")
    return Action(Area(area), Level[level.upper()])


def _static(name: str) -> str:
    return f"{PREFIX}/static/{name}?v={static_files()[name].version}"
