"""The options of `proximity report` that upload to an authority."""

import secrets
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from proximity.client.network import HttpNetwork, split_http_url
from proximity.client.report import Report, hand_over, uploaded_keys
from proximity.client.submission import (
    AuthorityAddress,
    SealedBox,
    claim_code,
    prepare,
    submit,
)
from proximity.errors import VerificationCodeError
from proximity.store.sealing import SealingKey


@dataclass(frozen=True, slots=True)
class Upload:
    """Where to upload to, and the code that allows it.

    Attributes
    ----------
    address : AuthorityAddress
    code : str | None
        Not needed to finish an upload that was begun.
    """

    address: AuthorityAddress
    code: str | None

    def __repr__(self) -> str:
        """Tell the authority, never the code."""
        return f"<Upload to {self.address.health_authority_id}>"


def check_address(url: str) -> None:
    """Refuse an address that is not one of a web server.

    Raises
    ------
    NetworkError
        If it is another kind of address.
    """
    split_http_url(url)


def finish_upload(upload: Upload, home: Path, sealing: SealingKey) -> int | None:
    """Finish an upload that was begun; None if there is none.

    Returns
    -------
    int | None
        How many keys are new to the authority.

    Raises
    ------
    VerificationCodeError, PolicyError, NetworkError
        As `submit`.
    """
    box, poster = SealedBox(home, sealing), HttpNetwork()
    pending = box.open()
    if pending is None:
        return None
    if upload.code is not None and not pending.certificate:
        # The first code may be spent already: the new one takes its place.
        token = claim_code(poster, upload.address, upload.code)
        pending = replace(pending, token=token)
        box.keep(pending)
    return submit(poster, upload.address, box, pending)


def begin_upload(
    upload: Upload,
    home: Path,
    plan: Report,
    *,
    connection: sqlite3.Connection,
    sealing: SealingKey,
) -> int:
    """Upload the keys of a report; return how many are new to the authority.

    The code is tried first: one that does not count changes nothing on the device.

    Raises
    ------
    VerificationCodeError
        If there is no code, or the authority does not take it.
    PolicyError, NetworkError
        As `submit`.
    StoreError
        If the store cannot be written.
    """
    if upload.code is None:
        raise VerificationCodeError(
            "A code of the health authority is needed.", "Give it with --code."
        )
    box, poster = SealedBox(home, sealing), HttpNetwork()
    token = claim_code(poster, upload.address, upload.code)
    pending = prepare(uploaded_keys(plan, None), token, secrets.token_bytes)
    hand_over(
        connection,
        sealing,
        plan,
        box.path,
        data=box.seal(pending),
        entropy=secrets.token_bytes,
    )
    return submit(poster, upload.address, box, pending)
