"""The one settings object of the authority: a file, and the environment."""

import ipaddress
import json
import os
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from proximity.authority.publish.durable_files import PRIVATE_MODE, write_whole
from proximity.authority.publish.model import (
    DEFAULT_MAX_KEYS,
    DEFAULT_MINIMUM,
    DEFAULT_REGION,
    PublishSettings,
    is_region,
)
from proximity.errors import FormatError, NothingStoredError
from proximity.protocol.json_fields import load_object

SETTINGS_FILE = "settings.json"
ENVIRONMENT_PREFIX = "PROXIMITY_AUTHORITY_"
LANGUAGES = ("vi", "en")
# No record of a person is kept longer than this from the day of the last decision.
MAX_KEEP_DAYS = 180
# Longer than anybody is kept: whoever was read has the time to ask by whom.
MIN_AUDIT_DAYS, _MAX_AUDIT_DAYS = 366, 3_653
_MAX_FILE_BYTES = 65_536
_ORIGIN = re.compile(r"https://[a-z0-9.-]+(:[0-9]{1,5})?")
# Fixed when the directory is made: no environment turns one into the other.
_FIXED = {"test", "demo"}
_TRUE, _FALSE = {"1", "true", "yes"}, {"0", "false", "no"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an operator can choose.

    Attributes
    ----------
    health_authority_id : str
        The name by which devices upload, also the issuer of certificates.
    region : str
        Region code of keys that are uploaded here.
    database_url : str
        "" for SQLite in the directory, else an address `postgresql://…`.
    record_keys : str
        "" for the file `record_keys.sqlite` of the directory, else the absolute path
        of such a file, or an address `postgresql://…` of a database of its own.
    store_url : str
        "" for the folder `exports` of the directory, else `s3://bucket/prefix`.
    minimum, max_keys : int
        As `PublishSettings`.
    traveler_regions : str
        Region codes, with commas between: an export for each holds the keys of
        travellers.
    publish_every_s : int
        Time between two runs of the worker.
    allow_user_report : bool
        Whether people may ask for a code without an officer.
    messenger_url : str
        "" for the outbox file, else the address of an HTTP gateway for messages.
    code_link : str
        What a message has before a long code.
    language : str
        Of messages to people: "vi" or "en".
    host : str
        Address to listen on.
    trusted_proxies : str
        Addresses or networks, with commas, whose word on a client's address counts.
    request_timeout_s : int
        In which the head of a request, and then its body, has to be there.
    client_tries, realm_tries : int
        Wrong codes an hour from one client, and from all together; a client may also
        ask for so many codes of its own an hour.
    codes_per_day, user_reports_per_day : int
        Codes that officers issue, and that people ask for, in one UTC day.
    keep_cases_days, keep_contacts_days : int
        After so many days the record of a person is destroyed.
    keep_audit_days : int
        After so many days lines of the audit go.
    console_url : str
        Where officers reach the console, for example "https://console.example.org";
        "" lets only this machine in.
    utc_offset_min : int
        Minutes that the times of the console are ahead of UTC.
    test : bool
        Made by `init --test`: then `PROXIMITY_NOW` moves the clock.
    demo : bool
        Made by `proximity authority demo`: every page says that its data is synthetic.
    """

    health_authority_id: str = "org.proximity"
    region: str = DEFAULT_REGION
    database_url: str = ""
    record_keys: str = ""
    store_url: str = ""
    minimum: int = DEFAULT_MINIMUM
    max_keys: int = DEFAULT_MAX_KEYS
    traveler_regions: str = ""
    publish_every_s: int = 7_200
    allow_user_report: bool = False
    messenger_url: str = ""
    code_link: str = "https://vn.en.express/v?c="
    language: str = "vi"
    host: str = "127.0.0.1"
    trusted_proxies: str = "127.0.0.1"
    request_timeout_s: int = 10
    client_tries: int = 20
    realm_tries: int = 2_000
    codes_per_day: int = 20_000
    user_reports_per_day: int = 1_000
    keep_cases_days: int = 30
    keep_contacts_days: int = 21
    keep_audit_days: int = 1_096
    console_url: str = ""
    utc_offset_min: int = 420
    test: bool = False
    demo: bool = False

    def __post_init__(self) -> None:
        """Refuse what the service could not work with."""
        try:
            PublishSettings(self.region, self.minimum, self.max_keys)
        except ValueError as error:
            raise _malformed(str(error)) from error
        if self.language not in LANGUAGES:
            raise _malformed(f"language is one of {', '.join(LANGUAGES)}")
        others = self.regions_of_travellers
        if not all(map(is_region, others)) or len({*others, self.region}) <= len(
            others
        ):
            raise _malformed("traveler_regions are codes of other regions, each once")
        if not 60 <= self.publish_every_s <= 86_400:
            raise _malformed("publish_every_s is 60 to 86,400")
        limits = (
            self.request_timeout_s,
            self.client_tries,
            self.realm_tries,
            self.codes_per_day,
            self.user_reports_per_day,
        )
        if min(limits) < 1:
            raise _malformed("limits are at least 1")
        _check_addresses(self)
        _check_console(self)
        _check_keeping(self)
        if not self.health_authority_id.isascii() or not self.health_authority_id:
            raise _malformed("health_authority_id is ASCII text")

    @property
    def regions_of_travellers(self) -> tuple[str, ...]:
        """`traveler_regions`, one by one."""
        return tuple(self.traveler_regions.split(",")) if self.traveler_regions else ()

    def __repr__(self) -> str:
        """Tell the region; addresses may hold passwords."""
        return f"<Settings {self.health_authority_id} {self.region}>"


def load_settings(
    directory: Path, environment: Mapping[str, str] = os.environ
) -> Settings:
    """Read the settings of a directory; a variable of the environment wins.

    Parameters
    ----------
    directory : Path
        Made by `init`.
    environment : mapping
        `PROXIMITY_AUTHORITY_REGION` and so on; whether it is a test or a demonstration
        is fixed when it is made.

    Returns
    -------
    Settings

    Raises
    ------
    NothingStoredError
        If the directory was not initialised.
    FormatError
        If a value is not what the setting holds.
    """
    try:
        data = (directory / SETTINGS_FILE).read_bytes()
    except FileNotFoundError as error:
        raise NothingStoredError(
            "This directory is not one of an authority's service.",
            "`proximity authority init --data DIR` makes one.",
        ) from error
    values = load_object(data, "The settings file", max_bytes=_MAX_FILE_BYTES)
    return _build(values, environment)


def new_settings(
    environment: Mapping[str, str], *, test: bool, demo: bool = False
) -> Settings:
    """Return the settings of a new directory: defaults, and the environment.

    Raises
    ------
    FormatError
        As `load_settings`.
    """
    return replace(_build({}, environment), test=test, demo=demo)


def save_settings(directory: Path, settings: Settings) -> None:
    """Write the settings file, readable for its owner alone."""
    text = json.dumps(asdict(settings), indent=2) + "\n"
    write_whole(directory / SETTINGS_FILE, text.encode(), mode=PRIVATE_MODE)


def is_initialised(directory: Path) -> bool:
    """Tell whether a directory holds a service rather than files alone."""
    return (directory / SETTINGS_FILE).exists()


def _build(values: dict[str, Any], environment: Mapping[str, str]) -> Settings:
    kinds = {each.name: type(each.default) for each in fields(Settings)}
    unknown = set(values) - set(kinds)
    if unknown:
        raise _malformed(f"there is no setting {min(unknown)}")
    chosen = dict(values)
    for name, kind in kinds.items():
        text = environment.get(ENVIRONMENT_PREFIX + name.upper())
        if text is not None and name not in _FIXED:
            chosen[name] = _parsed(name, text, kind)
        if name in chosen and type(chosen[name]) is not kind:
            raise _malformed(f"{name} is not of type {kind.__name__}")
    return Settings(**chosen)


def _parsed(name: str, text: str, kind: type) -> Any:
    if kind is bool and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    try:
        return int(text) if kind is int else kind(text) if kind is str else None
    except ValueError as error:
        raise _malformed(f"{name} is not a number") from error


def _check_addresses(settings: Settings) -> None:
    scheme = settings.database_url.partition(":")[0]
    if scheme not in ("", "postgresql"):
        raise _malformed("database_url begins with postgresql://")
    if not all(map(_is_network, settings.trusted_proxies.split(","))):
        raise _malformed("trusted_proxies are addresses or networks, with commas")
    if settings.messenger_url and not _is_http(settings.messenger_url):
        raise _malformed("messenger_url begins with https:// or http://")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return False
    return True


def _is_http(url: str) -> bool:
    try:
        parts = urllib.parse.urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return named and parts.scheme in ("http", "https")


def _malformed(what: str) -> FormatError:
    return FormatError(
        f"A setting cannot be used: {what}.",
        f"Correct {SETTINGS_FILE} or the environment; docs/reference/settings.md "
        "lists what there is.",
    )


def _check_keeping(settings: Settings) -> None:
    keeping = (settings.keep_cases_days, settings.keep_contacts_days)
    if min(keeping) < 1 or max(keeping) > MAX_KEEP_DAYS:
        raise _malformed(f"people are kept 1 to {MAX_KEEP_DAYS} days")
    if not MIN_AUDIT_DAYS <= settings.keep_audit_days <= _MAX_AUDIT_DAYS:
        raise _malformed(
            f"the audit is kept {MIN_AUDIT_DAYS} to {_MAX_AUDIT_DAYS} days"
        )
    place = settings.record_keys
    if place and not place.startswith(("/", "postgresql://")):
        raise _malformed("record_keys is an absolute path or postgresql://")


def _check_console(settings: Settings) -> None:
    if settings.console_url and not _ORIGIN.fullmatch(settings.console_url):
        raise _malformed("console_url is https:// and a host name, without a path")
    if not -720 <= settings.utc_offset_min <= 840:
        raise _malformed("utc_offset_min is -720 to 840")
