from proximity.radio.advertiser import INTERVAL_MS


def test_the_interval_is_that_of_phones():
    assert INTERVAL_MS == 250
