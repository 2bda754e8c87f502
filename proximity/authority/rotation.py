"""Replaces every key of a service at once, on an operator's word."""

import os
from pathlib import Path

from proximity.authority.assembly import open_authority
from proximity.authority.database import check_schema, named_errors
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
