"""Makes a new authority: settings, passphrase, database, keys."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, delete, select

from proximity.authority.accounts.model import ROOT, Role
from proximity.authority.accounts.officers import (
    NewOfficer,
    add_officer,
    check_email,
    give_role,
)
from proximity.authority.accounts.organisations import add_root
from proximity.authority.accounts.passwords import check_password, hash_password
from proximity.authority.assembly import Authority, open_authority
from proximity.authority.database import held_alone, serialise, upgrade
from proximity.authority.keyring import (
    PASSPHRASE_FILE,
    PASSPHRASE_VARIABLE,
    make_passphrase,
    secrets_table,
)
from proximity.authority.publish.durable_files import make_folder, sole_writer
from proximity.authority.publish.signing_keys import ensure_signers, published_keys
from proximity.authority.settings import (
    SETTINGS_FILE,
    is_initialised,
    new_settings,
    save_settings,
)
from proximity.authority.verification.api_keys import make_api_key
from proximity.authority.verification.model import ApiKeyKind, api_keys
from proximity.errors import LockedError, PolicyError


class Administrator(NamedTuple):
    """The first person who may sign in."""

    email: str
    password: str

    def __repr__(self) -> str:
        """Tell nothing."""
        return "<Administrator>"


class Founded(NamedTuple):
    """What the operator hands on; the keys of the API are shown this once.

    Attributes
    ----------
    device_key, admin_key, stats_key : str
    public_key : str
        PEM, by which exports verify.
    health_authority_id, region, key_id, key_version : str
    """

    device_key: str
    admin_key: str
    stats_key: str
    public_key: str
    health_authority_id: str
    region: str
    key_id: str
    key_version: str

    def __repr__(self) -> str:
        """Tell the region."""
        return f"<Founded {self.region}>"


def found_authority(
    directory: Path,
    environment: Mapping[str, str],
    *,
    administrator: Administrator | None = None,
    test: bool = False,
    demo: bool = False,
) -> Founded:
    """Make the directory and database of a new authority.

    If anything fails, the settings file is gone again and the directory counts as not
    made.

    Parameters
    ----------
    directory : Path
    environment : mapping
        Settings that are not to be the default, see `load_settings`.
    administrator : Administrator | None
    test : bool
        Whether `PROXIMITY_NOW` may move the clock.
    demo : bool
        Whether all people in it will be invented.

    Returns
    -------
    Founded

    Raises
    ------
    PolicyError
        If there is one already, or the administrator's password is too short.
    FormatError, StoreError
        If a setting is wrong, or directory or database cannot be used.
    """
    settings = new_settings(environment, test=test, demo=demo)
    if administrator is not None:
        check_email(administrator.email)
        check_password(administrator.password)
    make_folder(directory, private=True)
    with sole_writer(directory):
        if is_initialised(directory):
            raise PolicyError(
                "There is an authority in this directory already.",
                "Choose another --data, or go on with this one.",
            )
        # An `init` that broke off may have left keys that this one opens.
        is_there = (directory / PASSPHRASE_FILE).exists()
        if not is_there and not environment.get(PASSPHRASE_VARIABLE):
            make_passphrase(directory, os.urandom)
        save_settings(directory, settings)
        try:
            authority = open_authority(directory, environment)
            try:
                upgrade(authority.engine)
                with held_alone(authority.engine, "init") as free:
                    return _furnish(authority, administrator, alone=free)
            finally:
                authority.engine.dispose()
        except BaseException:
            (directory / SETTINGS_FILE).unlink()
            raise


def take_database(connection: Connection) -> None:
    """Make sure that a database holds no authority yet, until the transaction ends.

    What an `init` that broke off has left is deleted: nobody was told of it.

    Raises
    ------
    PolicyError
        If it holds one.
    """
    serialise(connection, "authority")
    # The keys of the API are the last that an authority gets.
    if connection.execute(select(api_keys.c.kind)).first() is not None:
        raise PolicyError(
            "There is an authority in this database already.",
            "Make an empty database, or use the directory that belongs to this one.",
        )
    connection.execute(delete(secrets_table))


def _furnish(
    authority: Authority, administrator: Administrator | None, *, alone: bool
) -> Founded:
    if not alone:
        raise LockedError(
            "Another process is making an authority in this database.",
            "Wait until it is done, then look whether you need another.",
        )
    directory = authority.directory
    with authority.engine.begin() as connection:
        take_database(connection)
    authority.keyring.rotate()
    authority.vault.ensure_master()
    settings = authority.settings
    ensure_signers(
        directory,
        settings.region,
        now_s=authority.now_s,
        passphrase=authority.passphrase,
    )
    newest = published_keys(directory)[-1]
    with authority.engine.begin() as connection:
        device, admin, stats = (
            make_api_key(connection, kind, authority.entropy) for kind in ApiKeyKind
        )
        add_root(connection, settings.health_authority_id)
        if administrator is not None:
            _add_administrator(connection, authority, administrator)
    return Founded(
        device_key=device,
        admin_key=admin,
        stats_key=stats,
        public_key=newest.pem,
        health_authority_id=settings.health_authority_id,
        region=settings.region,
        key_id=newest.verification_key.key_id or "",
        key_version=newest.verification_key.key_version or "",
    )


def _add_administrator(
    connection: Connection, authority: Authority, administrator: Administrator
) -> None:
    """Let the first person in; the first sign-in asks for a second factor."""
    officer = authority.entropy(8).hex()
    new = NewOfficer(
        id=officer,
        email=administrator.email,
        name=administrator.email[:120],
        unit=ROOT,
        password_hash=hash_password(administrator.password),
    )
    add_officer(connection, new, authority.now_s)
    give_role(connection, officer, Role.ADMINISTRATOR, ROOT)
