"""A controller on USB, a serial line or a socket, driven without the system's stack."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bumble.transport import open_transport

from proximity.errors import RadioError
from proximity.radio.hci_host import QuietHost
from proximity.radio.hci_radio import HciRadio, HciSettings

BACKEND = "bumble"


@asynccontextmanager
async def open_radio(transport: str, settings: HciSettings) -> AsyncIterator[HciRadio]:
    """Open the controller behind a transport, and close it afterwards.

    Parameters
    ----------
    transport : str
        As bumble names it: "usb:0", "serial:/dev/ttyACM0,1000000",
        "tcp-client:127.0.0.1:6402".
    settings : HciSettings

    Yields
    ------
    HciRadio
        Powered on: a `Scanner` and an `Advertiser` at once.

    Raises
    ------
    RadioOffError
        If the controller does not answer.
    RadioError
        If the transport cannot be opened, or the controller refuses to start.
    """
    # Transports raise whatever the libraries beneath them do, which share no base.
    try:
        opened = await open_transport(transport)
    except Exception as error:
        raise RadioError(
            "The Bluetooth controller cannot be opened.",
            f"Check its name and that this user may open it ({type(error).__name__}).",
        ) from error
    async with opened:
        host = QuietHost(opened.source, opened.sink)
        await host.power_on()
        radio = HciRadio(host, settings)
        try:
            yield radio
        finally:
            # A controller goes on sending what it was told to, also to nobody's use.
            await radio.stop()
