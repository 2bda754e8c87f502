"""Codes of an authenticator app (RFC 6238), each accepted once."""

import hmac
import io

import pyotp
import segno
from sqlalchemy import Connection, select, update

from proximity.authority.accounts.model import officers
from proximity.authority.assembly import Authority

STEP_S = 30
_ISSUER = "proximity"


def new_secret(authority: Authority) -> str:
    """Return 160 random bits in base 32."""
    # 32 letters of 5 bits; 256 is a multiple of 32, so each is as likely.
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return "".join(letters[byte % 32] for byte in authority.entropy(32))


def secret_uri(secret: str, email: str, authority: Authority) -> str:
    """Return what an authenticator app scans."""
    issuer = f"{_ISSUER} {authority.settings.region}"
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def secret_qr(uri: str) -> str:
    """Return a QR code as SVG to stand in a page, without style of its own."""
    out = io.BytesIO()
    segno.make(uri, error="m", micro=False).save(
        out,
        kind="svg",
        scale=5,
        border=4,
        xmldecl=False,
        svgns=True,
        omitsize=True,
        svgclass="qr",
        lineclass=None,
        light="#fff",
    )
    return out.getvalue().decode()


def fitting_step(secret: str, code: str, now_s: float) -> int | None:
    """Return the step of time whose code this is; one step off is tolerated."""
    typed = "".join(code.split())
    if not (typed.isascii() and typed.isdigit() and len(typed) == 6):
        return None
    generator = pyotp.TOTP(secret)
    now_step = int(now_s) // STEP_S
    for step in (now_step, now_step - 1, now_step + 1):
        if hmac.compare_digest(generator.at(step * STEP_S), typed):
            return step
    return None


def set_secret(
    connection: Connection,
    authority: Authority,
    officer: str,
    *,
    secret: str,
    step: int,
) -> None:
    """Keep a secret, sealed, with the step that proved it."""
    connection.execute(
        update(officers)
        .where(officers.c.id == officer)
        .values(
            totp_sealed=authority.keyring.seal(secret.encode(), _label(officer)),
            totp_step=step,
        )
    )


def accept_code(
    connection: Connection, authority: Authority, officer: str, code: str
) -> bool:
    """Tell whether a code is right, and use it up.

    Of two requests with one code, at one time, one is accepted.
    """
    row = connection.execute(
        select(officers.c.totp_sealed).where(officers.c.id == officer)
    ).first()
    if row is None or row.totp_sealed is None:
        return False
    secret = authority.keyring.unseal(row.totp_sealed, _label(officer)).decode()
    step = fitting_step(secret, code, authority.clock())
    if step is None:
        return False
    used = connection.execute(
        update(officers)
        .where(officers.c.id == officer, officers.c.totp_step < step)
        .values(totp_step=step)
    )
    return bool(used.rowcount)


def _label(officer: str) -> str:
    return f"totp:{officer}"
