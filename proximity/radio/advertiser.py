"""The interface of every advertiser."""

from typing import Protocol

from proximity.radio.capabilities import Capabilities

# What phones advertise at; a scan of a few seconds hears it often enough.
INTERVAL_MS = 250


class Advertiser(Protocol):
    """A sender of one advertisement at a time, non-connectable."""

    @property
    def capabilities(self) -> Capabilities:
        """What this advertiser can do."""
        ...

    async def set_frame(self, data: bytes, interval_ms: int) -> None:
        """Send this from now on, under a fresh address; the first call starts.

        Address and payload change together, always: nothing goes on air that joins
        the frame before to this one.

        Parameters
        ----------
        data : bytes
            Advertising data, at most 31 bytes, in a carrier of the capabilities.
        interval_ms : int
            20..10,240; a system without interval control takes its own.

        Raises
        ------
        AdvertisingUnsupportedError
            If the adapter or system cannot send this.
        RadioOffError
            If the adapter is off or gone.
        PermissionDeniedError
            If the system does not let this process advertise.
        RadioError
            If the radio cannot send it for another reason.
        """
        ...

    async def stop(self) -> None:
        """Fall silent; without effect if nothing is sent, or the adapter is gone.

        Raises
        ------
        RadioError
            If what was sent may still be on air; another call tries again.
        """
        ...
