"""Replaces keys of a service on an operator's word: its own, or those of persons."""

import os
from collections.abc import Callable
from pathlib import Path

from proximity.authority.assembly import open_authority
from proximity.authority.database import check_schema, named_errors
from proximity.authority.people.resealing import Resealed, rotate_master
from proximity.authority.publish.signing_keys import rotate_signing_keys
from proximity.protocol.public_keys import PinnedKey


@named_errors()
def rotate_all(directory: Path) -> list[PinnedKey]:
    """Make new keys for exports, what the service uses.

    What was made with the old ones stays valid for as long as it would have been.

    Parameters
    ----------
    directory : Path
        Of a service.

    Returns
    -------
    list of PinnedKey
        The keys of exports that clients should pin, oldest first; the last is new.

    Raises
    ------
    PolicyError, LockedError, StoreError
        As `rotate_signing_keys`.
    """
    authority = open_authority(directory, os.environ)
    check_schema(authority.engine)
    keys = rotate_signing_keys(
        directory, now_s=authority.now_s, passphrase=authority.passphrase
    )
    authority.keyring.rotate(force=True)
    authority.engine.dispose()
    return keys


def rotate_people(directory: Path, told: Callable[[int, int], None]) -> Resealed:
    """Make a new master key of persons and seal every record anew.

    Parameters
    ----------
    directory : Path
        Of a service, which may run.
    told : callable (int, int)
        Is told how many records of how many were looked at.

    Raises
    ------
    StoreError
        As `rotate_master`, or if the directory cannot be used.
    """
    authority = open_authority(directory, os.environ)
    check_schema(authority.engine)
    try:
        return rotate_master(authority, told=told)
    finally:
        authority.vault.key_store.close()
        authority.engine.dispose()
