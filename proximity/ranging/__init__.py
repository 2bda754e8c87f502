"""Signal in, attenuation out; later also distance."""
