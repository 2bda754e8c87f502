"""How much of the transmitted power did not arrive."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def attenuation_db(
    tx_power_dbm: NDArray[Any], rssi_dbm: NDArray[Any], rssi_correction_db: int = 0
) -> NDArray[np.int64]:
    """Subtract received from transmitted power; nothing gains power on the way.

    Parameters
    ----------
    tx_power_dbm : int[n]
        Calibrated transmit power of each sighting's sender.
    rssi_dbm : int[n]
        Measured; a sighting without RSSI has no attenuation and is left out before.
    rssi_correction_db : int
        What is added to the RSSI that this model of receiver reports.

    Returns
    -------
    int64[n]
        `max(tx_power - (rssi + correction), 0)`. Source:
        docs/reference/matching.md#attenuation.
    """
    received_dbm = rssi_dbm.astype(np.int64) + rssi_correction_db
    lost_db: NDArray[np.int64] = tx_power_dbm.astype(np.int64) - received_dbm
    return np.maximum(lost_db, 0)
