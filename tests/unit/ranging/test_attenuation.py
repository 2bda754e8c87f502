import numpy as np

from proximity.ranging.attenuation import attenuation_db


def test_attenuation_is_transmitted_minus_received_power():
    result = attenuation_db(np.array([-10, 8]), np.array([-60, -70]))

    assert result.tolist() == [50, 78]


def test_attenuation_is_never_below_zero():
    assert attenuation_db(np.array([-20]), np.array([-5])).tolist() == [0]


def test_the_correction_of_the_receiver_is_added_to_its_rssi():
    assert attenuation_db(np.array([-10]), np.array([-60]), 5).tolist() == [45]


def test_narrow_columns_do_not_overflow():
    # 20 - (-127) does not fit in eight bits.
    result = attenuation_db(np.array([20], np.int8), np.array([-127], np.int8))

    assert result.tolist() == [147]
