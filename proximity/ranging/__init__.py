"""Signal in, attenuation out; distance over time from many noisy measurements."""
