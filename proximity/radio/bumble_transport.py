"""A controller on USB, a serial line or a socket, driven without the system's stack."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import NamedTuple

from bumble.transport import open_transport
from bumble.transport.common import Transport

from proximity.errors import RadioError, RadioOffError
from proximity.radio.capabilities import Capabilities
from proximity.radio.hci_host import QuietHost
from proximity.radio.hci_radio import CAPABILITIES, HciRadio, HciSettings
from proximity.radio.scanner import Heard, ScanReport

BACKEND = "bumble"
# Closing what is gone can wait for an answer that never comes.
_CLOSE_S = 2.0

OpenTransport = Callable[[str], Awaitable[Transport]]


class _Opened(NamedTuple):
    """A controller that was opened, and has not been found gone yet."""

    transport: Transport
    radio: HciRadio


class TransportRadio:
    """The controller behind a transport, opened anew after it went and came back.

    Whatever is asked of it first after it went fails with `RadioOffError`, so that its
    user learns that it has forgotten its frame; what is asked next opens it.

    Parameters
    ----------
    transport : str
        As bumble names it: "usb:0", "serial:/dev/ttyACM0,1000000",
        "tcp-client:127.0.0.1:6402".
    settings : HciSettings
    open_transport : callable of str -> Transport
        Called each time that it is opened.
    """

    def __init__(
        self,
        transport: str,
        settings: HciSettings,
        open_transport: OpenTransport = open_transport,
    ) -> None:
        self._transport = transport
        self._settings = settings
        self._open_transport = open_transport
        # One for all who wait for it; firmware may take longer than they do.
        self._opening: asyncio.Task[_Opened] | None = None
        self._was_open = False

    @property
    def capabilities(self) -> Capabilities:
        """What any controller does that takes legacy commands."""
        return CAPABILITIES

    async def listen(self, seconds: float) -> AsyncIterator[Heard | ScanReport]:
        """Listen once, for so long; see `Scanner.listen`."""
        radio = await self.open()
        try:
            async with aclosing(radio.listen(seconds)) as listening:
                async for each in listening:
                    yield each
        except RadioOffError:
            await self._forget(radio)
            raise

    async def set_frame(self, data: bytes, interval_ms: int) -> None:
        """Send this from now on, under a fresh address; see `Advertiser.set_frame`."""
        radio = await self.open()
        try:
            await radio.set_frame(data, interval_ms)
        except RadioOffError:
            await self._forget(radio)
            raise

    async def stop(self) -> None:
        """Fall silent; see `Advertiser.stop`. What is not open sends nothing."""
        opened = self._opened()
        if opened is not None:
            await opened.radio.stop()

    async def open(self) -> HciRadio:
        """Return the controller, opened if need be.

        Raises
        ------
        RadioOffError
            If it does not answer, or went away after it was opened.
        RadioError
            If it cannot be opened, or refuses to start.
        """
        if self._opening is None:
            self._opening = asyncio.ensure_future(self._open())
        opening = self._opening
        try:
            # Who gives up waiting leaves it to open for who asks next.
            opened = await asyncio.shield(opening)
        except RadioError:
            if self._opening is opening:
                self._opening = None
            raise
        self._was_open = True
        return opened.radio

    async def close(self) -> None:
        """Fall silent, and give the controller back."""
        opening, self._opening = self._opening, None
        if opening is None:
            return
        if not opening.done():
            opening.cancel()
            await asyncio.wait({opening})
        opened = _result(opening)
        if opened is not None:
            # A controller goes on sending what it was told to, also to nobody's use.
            with suppress(RadioError):
                await opened.radio.stop()
            await _close(opened.transport)

    def _opened(self) -> _Opened | None:
        return None if self._opening is None else _result(self._opening)

    async def _forget(self, radio: HciRadio) -> None:
        """Close a controller that is gone, unless somebody has done so already."""
        opened = self._opened()
        if opened is not None and opened.radio is radio:
            self._opening = None
            await _close(opened.transport)

    async def _open(self) -> _Opened:
        # Transports raise whatever the libraries beneath them do, which share no base.
        try:
            transport = await self._open_transport(self._transport)
        except Exception as error:
            raise self._not_there(error) from error
        try:
            host = QuietHost(transport.source, transport.sink)
            await host.power_on()
        except BaseException:
            await _close(transport)
            raise
        return _Opened(transport, HciRadio(host, self._settings))

    def _not_there(self, error: Exception) -> RadioError:
        if self._was_open:
            return RadioOffError(
                "The Bluetooth controller went away.",
                "Plug it in, or switch it on: it is opened again by itself.",
            )
        return RadioError(
            "The Bluetooth controller cannot be opened.",
            f"Check its name and that this user may open it ({type(error).__name__}).",
        )


def _result(opening: asyncio.Task[_Opened]) -> _Opened | None:
    """Return what was opened, if it was."""
    if not opening.done() or opening.cancelled() or opening.exception() is not None:
        return None
    return opening.result()


async def _close(transport: Transport) -> None:
    # The libraries beneath fail in their own ways on what is no longer there.
    with suppress(Exception):
        async with asyncio.timeout(_CLOSE_S):
            await transport.close()


@asynccontextmanager
async def open_radio(
    transport: str, settings: HciSettings
) -> AsyncIterator[TransportRadio]:
    """Open the controller behind a transport, and close it afterwards.

    Parameters
    ----------
    transport : str
        See `TransportRadio`.
    settings : HciSettings

    Yields
    ------
    TransportRadio
        Powered on: a `Scanner` and an `Advertiser` at once.

    Raises
    ------
    RadioOffError
        If the controller does not answer.
    RadioError
        If the transport cannot be opened, or the controller refuses to start.
    """
    radio = TransportRadio(transport, settings)
    try:
        await radio.open()
        yield radio
    finally:
        await radio.close()
