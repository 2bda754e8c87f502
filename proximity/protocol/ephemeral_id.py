"""Ephemeral IDs with their validity, and what a case discloses of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EphemeralId:
    """Rolling bytes that a device sends for some minutes.

    Attributes
    ----------
    value : bytes
        16 bytes for gaen, 12 for bluezone.
    valid_from_ms, valid_to_ms : int
        Unix milliseconds; the end is exclusive.
    """

    value: bytes
    valid_from_ms: int
    valid_to_ms: int

    def __repr__(self) -> str:
        """Tell the length and the start, never the ID."""
        return f"<EphemeralId {len(self.value)} bytes from_ms={self.valid_from_ms}>"


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What is published for one day of a case, and what it gives away.

    Attributes
    ----------
    key : bytes
        The secret that leaves the device.
    from_s : int
        Unix time from which its ephemeral IDs can be computed.
    to_s : int | None
        Unix time up to which they can; None = for ever, since later keys follow
        from this one.
    """

    key: bytes
    from_s: int
    to_s: int | None

    def __repr__(self) -> str:
        """Tell the length and the times, never the key."""
        return f"<Disclosure {len(self.key)} bytes {self.from_s}..{self.to_s}>"
