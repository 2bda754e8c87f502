"""What a backend can do, which differs between systems."""

from dataclasses import dataclass

from proximity.protocol.carrier import Carrier


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a scanner or an advertiser can do; docs/reference/radio.md compares them.

    Attributes
    ----------
    all_rssi : bool
        True if every report comes with its RSSI; False if the system leaves out
        reports, so that the series is censored.
    interval_control : bool
        True if the interval that is asked for goes on air.
    address_rotation : bool
        True if each frame goes on air under a fresh address.
    carriers : frozenset of Carrier
        What can be sent, or heard.
    privileged : bool
        True if the process needs a privilege that users do not have.
    """

    all_rssi: bool
    interval_control: bool
    address_rotation: bool
    carriers: frozenset[Carrier]
    privileged: bool
