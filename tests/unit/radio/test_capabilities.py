from proximity.protocol.carrier import Carrier
from proximity.radio.capabilities import Capabilities


def test_capabilities_compare_by_what_they_say():
    every = frozenset(Carrier)

    assert Capabilities(True, True, True, every, privileged=False) == Capabilities(
        all_rssi=True,
        interval_control=True,
        address_rotation=True,
        carriers=every,
        privileged=False,
    )
