"""The name of a radio's backend, as commands take it."""

import typer

from proximity.radio.choose import TRANSPORTS, backends, is_transport


def require_backend(name: str) -> None:
    """Refuse the name of a backend that this system cannot have.

    Raises
    ------
    typer.BadParameter
        If it is neither a backend nor a transport with a place.
    """
    if name in backends() or is_transport(name):
        return
    kinds = ", ".join(f"{kind}:…" for kind in TRANSPORTS)
    raise typer.BadParameter(
        f"give {', '.join(backends())}, or a transport such as usb:0 ({kinds})",
        param_hint="--backend",
    )
