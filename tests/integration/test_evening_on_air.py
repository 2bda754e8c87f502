"""The demonstration's own air, as an eavesdropper with every phone's ears hears it."""

import numpy as np

from proximity.client.engine import EngineSettings
from proximity.protocol.linkability import audit_linkability
from proximity.protocol.reception import gather_receptions
from proximity.research import virtual_phones
from proximity.research.evening import synthetic_evening
from proximity.research.phones import Simulation
from proximity.scoring.config import built_in
from proximity.units import INTERVAL_S

DAY = 20_522


class NoNetwork:
    """Living needs no network."""

    def get(self, url, max_bytes):
        raise AssertionError("a phone asked the network while it only listened")


def test_addresses_change_with_ids_through_the_whole_evening(tmp_path):
    heard = []
    generator = np.random.default_rng(0)
    world = synthetic_evening(DAY, generator)
    settings = EngineSettings("", (), built_in("en-v2"))
    simulation = Simulation(settings, NoNetwork(), generator)
    virtual_phones.live_on_air(
        world,
        tmp_path,
        simulation,
        lambda broadcast, t_ms: heard.append((t_ms, None, broadcast)),
    )
    found = audit_linkability(gather_receptions(heard))["gaen"]

    # Eight phones in twelve intervals each; who walks alone is not always heard.
    assert 80 <= found.ids <= 8 * 12
    assert found.pairs == found.addresses == found.ids
    assert found.breaking_pairs == found.receptions_without_address == 0
    assert found.longest_followed_s <= INTERVAL_S
